"""COQL text into a query (CRM dossier 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.crm.coql import (
    AGGREGATES,
    ORDERINGS,
    Aggregate,
    Both,
    Compare,
    Condition,
    Query,
    syntax_error,
)
from sandbox.replies import CrmError
from sandbox.shapes import is_whole

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.|'')*')|(?P<number>-?\d+(?:\.\d+)?(?![\w:-]))"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:]+(?:[+-]\d\d:?\d\d|Z)?)?)"
    r"|(?P<op><=|>=|!=|<>|[=<>(),*])|(?P<word>[A-Za-z_$][\w.$]*))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or operator of the query."""

    kind: str
    text: str


def _tokens(text: str) -> list[Token]:
    found, position, text = [], 0, text.strip().rstrip(";").rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise syntax_error(text[position : position + 20].strip())
        found.append(Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return found


class _Parser:
    def __init__(self, text: str, brackets: bool) -> None:
        self._tokens = _tokens(text)
        self._brackets = brackets
        self._joins = [0]
        self.longest_list = 0
        self._at = 0
        self.criteria = 0

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end", "")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _is(self, word: str) -> bool:
        token = self._peek()
        return token.kind in ("word", "op") and token.text.lower() == word

    def _take(self, word: str) -> bool:
        if self._is(word):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise syntax_error(self._peek().text or word)

    def _name(self) -> str:
        token = self._next()
        if token.kind != "word":
            raise syntax_error(token.text)
        return token.text

    def query(self) -> Query:
        self._expect("select")
        columns: list[str] = []
        sums: list[Aggregate] = []
        while True:
            found = self._selected()
            if isinstance(found, Aggregate):
                sums.append(found)
            else:
                columns.append(found)
            if not self._take(","):
                break
        self._expect("from")
        module = self._name()
        where = self._any() if self._take("where") else None
        group = self._group()
        order = self._order()
        limit, offset = self._bounds()
        if self._peek().kind != "end":
            raise syntax_error(self._peek().text)
        return Query(tuple(columns), module, where, order, limit, offset, tuple(sums), group)

    def _selected(self) -> str | Aggregate:
        name = self._name()
        function = name.lower() if self._is("(") else ""
        if function:
            if function not in AGGREGATES:
                raise syntax_error(name)
            self._expect("(")
            name = self._name()
            self._expect(")")
        alias = self._name() if self._take("as") else ""
        return Aggregate(function, name, alias or f"{function.upper()}({name})") if function else name

    def _group(self) -> tuple[str, ...]:
        if not self._take("group"):
            return ()
        self._expect("by")
        names = [self._name()]
        while self._take(","):
            names.append(self._name())
        return tuple(names)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if not self._take("order"):
            return ()
        self._expect("by")
        keys = []
        while True:
            name = self._name()
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            keys.append((name, descending))
            if not self._take(","):
                return tuple(keys)

    def _bounds(self) -> tuple[int, int]:
        limit, offset = 200, 0
        if self._take("limit"):
            limit = self._integer()
            if self._take(","):
                offset, limit = limit, self._integer()
        if self._take("offset"):
            offset = self._integer()
        return limit, offset

    def _integer(self) -> int:
        token = self._next()
        if token.kind != "number" or not is_whole(token.text) or token.text.startswith("-"):
            raise syntax_error(token.text)
        return int(token.text)

    def _any(self) -> Condition:
        left = self._all()
        while self._take("or"):
            left = Both("or", left, self._all())
            self._joined()
        return left

    def _all(self) -> Condition:
        left = self._single()
        while self._take("and"):
            left = Both("and", left, self._single())
            self._joined()
        return left

    def _joined(self) -> None:
        self._joins[-1] += 1
        if self._brackets and self._joins[-1] > 1:
            raise syntax_error(self._peek().text or "where")

    def _single(self) -> Condition:
        if self._take("("):
            self._joins.append(0)
            inner = self._any()
            self._joins.pop()
            self._expect(")")
            return inner
        self.criteria += 1
        column = self._name()
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            return Compare(column, "is not null" if negated else "is null", None)
        negated = self._take("not")
        if self._take("in"):
            return Compare(column, "not in" if negated else "in", self._list())
        if self._take("like"):
            return Compare(column, "not like" if negated else "like", self._value())
        if self._take("between"):
            low = self._value()
            self._expect("and")
            return Compare(column, "not between" if negated else "between", (low, self._value()))
        operator = self._next().text
        if operator == "<>":
            operator = "!="
        if operator not in ("=", "!=", *ORDERINGS):
            raise syntax_error(operator)
        return Compare(column, operator, self._value())

    def _list(self) -> tuple[Any, ...]:
        self._expect("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        self.longest_list = max(self.longest_list, len(values))
        return tuple(values)

    def _value(self) -> Any:
        token = self._next()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "moment":
            return token.text
        if token.kind == "word" and token.text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token.text.lower()]
        raise syntax_error(token.text)


def parse(text: str, brackets: bool = True, most_values: int = 50) -> Query:
    """Parse a select query; raises CrmError SYNTAX_ERROR or LIMIT_EXCEEDED."""
    parser = _Parser(text, brackets)
    query = parser.query()
    if query.limit > 2000:
        raise CrmError("LIMIT_EXCEEDED", "the limit given is more than allowed", {"limit": 2000})
    if query.limit + query.offset > 100_000:
        raise CrmError(
            "LIMIT_EXCEEDED", "limit and offset reach more than 100000 records", {"limit": 100_000}
        )
    for what, count, most in (
        ("values", parser.longest_list, most_values),
        ("criteria", parser.criteria, 25),
        ("columns", len(query.columns), 500),
        ("aggregates", len(query.sums), 5),
        ("columns to group by", len(query.group), 4),
        ("columns to order by", len(query.order), 10),
    ):
        if count > most:
            raise CrmError("LIMIT_EXCEEDED", f"more {what} than allowed", {"limit": most})
    return query
