"""YAML read with its line numbers, small and safe: no tags, no aliases, no doubled keys, no guessing of types.

Only `true`, `false`, `null` and whole numbers are anything but text: `Yes`, `12:30` and `NO` stay what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 20
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file: where, what, and how to mend it."""

    source: str
    line: int
    field: str
    message: str
    fix: str
    kind: str = "bad_yaml"
    """One of `FILE_KINDS`."""

    def __str__(self) -> str:
        at = f" {self.field}:" if self.field else ""
        return f"{self.source}:{self.line}:{at} {self.message}. Fix: {self.fix}"


class YamlFault(Exception):
    """The text is no YAML that we read; carries one fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Tree:
    """The data of a file, and the line of every path in it."""

    data: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest parent that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def decoded(raw: bytes, source: str) -> str:
    """The text of a file; raises YamlFault where it is too long, or no UTF-8."""
    if len(raw) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        raise YamlFault(Fault(source, 1, "", message, "split or shorten it", "file_too_large"))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise YamlFault(Fault(source, line, "", "the text is not UTF-8", "save the file as UTF-8")) from None


def read_tree(given: str | bytes, source: str) -> Tree:
    """Parse one YAML document; raises YamlFault."""
    text = decoded(given.encode(errors="surrogatepass") if isinstance(given, str) else given, source)
    try:
        node = _Builder(source, yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.YAMLError as error:
        raise YamlFault(_syntax(error, text, source)) from None
    return node


def _syntax(error: yaml.YAMLError, text: str, source: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = mark.line + 1 if mark else text.count("\n", 0, position or 0) + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "this is no YAML"
    return Fault(
        source, line, "", f"bad YAML: {problem}", "indent with spaces, quote texts with special characters"
    )


class _Builder:
    """Builds data from parser events, so that depth and aliases are checked before they can hurt."""

    def __init__(self, source: str, events: Iterator[Any]) -> None:
        self.source = source
        self.events = events
        self.lines: dict[Path, int] = {}

    def document(self) -> Tree:
        data: Any = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if () in self.lines:
                    raise self.fault(
                        event, (), "a second document begins here", "keep one document, without ---"
                    )
                data = self.value(next(self.events), ())
        return Tree(data, self.lines)

    def fault(self, event: Any, path: Path, message: str, fix: str) -> YamlFault:
        where = ".".join(str(part) for part in path)
        return YamlFault(Fault(self.source, _line(event), where, message, fix))

    def value(self, event: Any, path: Path) -> Any:
        self.lines.setdefault(path, _line(event))
        if len(path) > MAX_DEPTH:
            raise self.fault(event, path[:3], f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.fault(event, path, "anchors and aliases are not read", "write the value out")
        if getattr(event, "tag", None) not in (None, "!"):
            raise self.fault(event, path, f"the tag {event.tag} is not read", "remove it")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return _scalar(self.text(event, path), plain=event.style is None)

    def text(self, event: Any, path: Path) -> str:
        """The text of a scalar; JSON's escapes for a character beyond 16 bits come as two halves."""
        try:
            return str(event.value).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.fault(
                event, path, "the text holds half a character", "write the character itself"
            ) from None

    def mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.fault(event, path, "a key must be a text", "write key: value")
            key = self.text(event, path)
            if key in found:
                raise self.fault(event, (*path, key), "this key stands here twice", "keep one of them")
            self.lines[(*path, key)] = _line(event)
            found[key] = self.value(next(self.events), (*path, key))
        return found

    def sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(text: str, *, plain: bool) -> Any:
    if plain and text in _WORDS:
        return _WORDS[text]
    return int(text) if plain and _WHOLE.fullmatch(text) else text
