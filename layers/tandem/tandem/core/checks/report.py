"""What is wrong with a mapping as lines for people and machines: kind, file, line, field, facts of both sides, fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tandem.core.checks.finding import Finding
from tandem.core.checks.run import check_mapping
from tandem.core.facts import Facts
from tandem.core.mapping import load_mapping
from tandem.core.mapping_faults import MappingError
from tandem.core.yamltree import Fault, read_tree


@dataclass(frozen=True, slots=True)
class Line:
    """One fault or warning with its place in the file."""

    kind: str
    state: Literal["fault", "warning"]
    file: str
    line: int
    field: str
    message: str
    fix: str
    facts: Mapping[str, Any]
    """By side, where it is known."""

    def as_row(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def place(self) -> str:
        """`file:line: field`."""
        return f"{self.file}:{self.line}: {self.field}".removesuffix(": ")


def of_file(faults: Iterable[Fault]) -> list[Line]:
    """The lines of a file that cannot be used as it stands."""
    return [
        Line(one.kind, "fault", one.source, one.line, one.field, one.message, one.fix, {}) for one in faults
    ]


def of_live(findings: Iterable[Finding], text: str | bytes, source: str) -> list[Line]:
    """The lines of what both organisations tell against a mapping; `text` is its file."""
    tree = read_tree(text, source)
    return [
        Line(
            one.kind, "fault" if one.is_fault else "warning", source, tree.line(one.path),
            ".".join(str(part) for part in one.path), one.message, one.fix, one.facts(),
        )
        for one in findings
    ]  # fmt: skip


def examine(text: str | bytes, source: str, facts: Facts | None = None) -> list[Line]:
    """Everything wrong with the text of a mapping, against `facts` where they are known; never raises."""
    try:
        mapping = load_mapping(text, source=source)
    except MappingError as error:
        return of_file(error.faults)
    return of_live(check_mapping(mapping, facts), text, source) if facts else []
