"""What a search finds: criteria, or a word, an e-mail, a telephone (CRM dossier 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from sandbox.crm import coql
from sandbox.crm.metadata import CrmModule
from sandbox.crm.records import CrmRecord
from sandbox.replies import CrmError

Test = Callable[[CrmRecord], bool]
Texts = Callable[[tuple[str, ...]], Mapping[str, str]]
"""The folded texts of these fields, by the id of the record."""
MOST_CRITERIA = 15
MOST_VALUES = 100
"""Of one `in`."""
_LOOKED_AT = {"email": ("email",), "phone": ("phone",), "word": ("text", "email", "phone")}
_CRITERION = re.compile(r"\(\s*([\w.$]+):(\w+):((?:[^()\\]|\\.)*)\)")
_WORD = re.compile(r"\s*(and|or)\s*", re.IGNORECASE)
_SYMBOLS = {
    "greater_than": ">",
    "greater_equal": ">=",
    "less_than": "<",
    "less_equal": "<=",
    "not_equal": "!=",
}


def test_of(
    module: CrmModule, system: Collection[str], read: coql.Get, texts: Texts, params: dict[str, str]
) -> Test:
    """Return what judges a record; of several ways to ask the first counts: criteria, email, phone, word."""
    if params.get("criteria"):
        return _Criteria(params["criteria"], module, system, read).test()
    for word, types in _LOOKED_AT.items():
        if params.get(word):
            held = texts(tuple(f.api_name for f in module.fields.values() if f.data_type in types))
            wanted = params[word].casefold()
            return lambda record: wanted in held[record.id]
    raise CrmError(
        "EXPECTED_PARAM_MISSING",
        "one of the expected parameter is missing",
        {"param_names": ["criteria", *_LOOKED_AT]},
    )


def folded(record: CrmRecord, names: Iterable[str]) -> str:
    """Return the texts of some fields as they are searched: one in a line, without case."""
    return "\n".join(v for n in names if isinstance(v := record.values.get(n), str)).casefold()


def _invalid(reason: str) -> CrmError:
    return CrmError("INVALID_QUERY", "Invalid query formed", {"reason": reason})


class _Criteria:
    """Reads `((A:equals:1)and((B:in:2,3)or(C:less_than:4)))`; without brackets from left to right."""

    def __init__(self, text: str, module: CrmModule, system: Collection[str], read: coql.Get) -> None:
        self._text, self._at, self._count = text.strip(), 0, 0
        self._known, self._read = {*module.fields, *system}, read
        self._chosen = {f.api_name for f in module.fields.values() if f.data_type == "picklist"}

    def test(self) -> Test:
        made = self._row()
        if self._at < len(self._text):
            raise _invalid("criteria")
        return made

    def _row(self) -> Test:
        left = self._one()
        while word := _WORD.match(self._text, self._at):
            self._at = word.end()
            left = _joined(word.group(1).lower(), left, self._one())
        return left

    def _one(self) -> Test:
        if found := _CRITERION.match(self._text, self._at):
            self._at = found.end()
            return self._criterion(found.group(1), found.group(2), found.group(3))
        if not self._text.startswith("(", self._at):
            raise _invalid("criteria")
        self._at += 1
        inner = self._row()
        if not self._text.startswith(")", self._at):
            raise _invalid("criteria")
        self._at += 1
        return inner

    def _criterion(self, name: str, operator: str, raw: str) -> Test:
        self._count += 1
        if self._count > MOST_CRITERIA:
            raise CrmError("CRITERIA_LIMIT_EXCEEDED", "criteria limit exceeded", {"limit": MOST_CRITERIA})
        if name not in self._known:
            raise _invalid(name)
        read, wanted = self._read, re.sub(r"\\(.)", r"\1", raw)
        if operator in _SYMBOLS:
            return coql.compile_where(coql.Compare(name, _SYMBOLS[operator], wanted), read)
        if operator == "starts_with":
            value_of, start = read(name), wanted.casefold()
            return lambda record: str(value_of(record) or "").startswith(start)
        if operator in ("in", "between"):
            values = tuple(re.sub(r"\\(.)", r"\1", v) for v in re.split(r"(?<!\\),", raw))
            if len(values) > MOST_VALUES:
                raise CrmError("LIMIT_EXCEEDED", "more values than allowed", {"limit": MOST_VALUES})
            if operator == "between" and len(values) != 2:
                raise _invalid(operator)
            return coql.compile_where(coql.Compare(name, operator, values), read)
        if operator != "equals":
            raise _invalid(operator)
        if name in self._chosen:
            return coql.compile_where(coql.Compare(name, "=", wanted), read)
        return _equals(name, wanted, read)


def _joined(word: str, left: Test, right: Test) -> Test:
    if word == "and":
        return lambda record: left(record) and right(record)
    return lambda record: left(record) or right(record)


def _equals(name: str, wanted: str, read: coql.Get) -> Test:
    """Equal texts need only contain what is wanted, and some marks look alike."""
    alike, exact = _look_alike(wanted.casefold()), coql.compile_where(coql.Compare(name, "=", wanted), read)
    value_of = read(name)

    def test(record: CrmRecord) -> bool:
        value = value_of(record)
        return alike in _look_alike(value) if isinstance(value, str) else exact(record)

    return test


def _look_alike(folded: str) -> str:
    return folded.replace("-", " ").replace("_", " ").replace("@", " ").replace(".", " ")
