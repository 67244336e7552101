"""Writes what `docs/mapping.md` and its JSON Schema say of the models: `python -m cli.reference`.

A generated part of the page stands between `<!-- NAME: generated -->` and `<!-- end -->`; the rest is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tandem.core.checks.kinds import FILE_KINDS, LIVE_KINDS
from tandem.core.converters import CONVERTERS
from tandem.core.mapping import EntityMapping
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.mapping_field import FieldMapping
from tandem.core.mapping_schema import documented, file_schema, meaning_of

DOCS: Final = Path(__file__).parents[1] / "docs"
_PART: Final = re.compile(r"<!-- (\w+): generated -->\n.*?<!-- end -->", re.DOTALL)


def keys(model: type[BaseModel]) -> str:
    """Every key of a model with its meaning and default."""
    known = documented(model)
    found = []
    for name, spec in model.model_fields.items():
        meaning, default = known[name]
        found.append((f"`{name}`", meaning.removesuffix("."), (default or shown(spec)).removesuffix(".")))
    return table(("key", "meaning", "default"), found)


def shown(spec: FieldInfo) -> str:
    """A default as the file would say it; empty where a value must be given."""
    if spec.is_required():
        return ""
    value = spec.get_default(call_default_factory=True)
    if value is None or value in ({}, ()) or isinstance(value, BaseModel):
        return "none"
    return f"`{json.dumps(value) if isinstance(value, bool) else value}`"


def converters() -> str:
    """Every converter with what it carries and its arguments."""
    found = []
    for name, kind in CONVERTERS.items():
        known = documented(kind)
        arguments = []
        for argument, spec in kind.model_fields.items():
            meaning, default = known.get(argument, ("", ""))
            told = (default or shown(spec)).removesuffix(".")
            words = [f"`{argument}`{f' ({told})' if told else ''}", meaning]
            arguments.append(": ".join(word.removesuffix(".") for word in words if word))
        found.append((f"`{name}`", meaning_of(kind), "yes" if kind.lossy else "no", "; ".join(arguments)))
    return table(("converter", "carries", "lossy", "arguments (default)"), found)


def findings() -> str:
    """Every kind of finding of the check."""
    found = [(f"`{kind}`", what) for kind, what in {**FILE_KINDS, **LIVE_KINDS}.items()]
    return table(("finding", "what is wrong"), found)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [tuple(head)]
    lines += [("---",) * len(lines[0]), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return (
        "\n".join(f"| {' | '.join(line)} |" for line in lines)
        .replace("| --- ", "|---")
        .replace("--- |", "---|")
    )


def default() -> str:
    """The preset that a mapping of one's own begins with."""
    text = (resources.files("tandem") / "presets" / "generic.yaml").read_text(encoding="utf-8")
    return f"```yaml\n{text}```"


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "file": lambda: keys(FieldMap),
    "entity": lambda: keys(EntityMapping),
    "field": lambda: keys(FieldMapping),
    "converters": converters,
    "findings": findings,
    "default": default,
}


def page(text: str) -> str:
    """The page with every generated part made anew; KeyError for a part that nobody makes."""
    return _PART.sub(lambda part: f"<!-- {part[1]}: generated -->\n{PARTS[part[1]]()}\n<!-- end -->", text)


def schema() -> str:
    """The JSON Schema of the mapping file."""
    return json.dumps(file_schema(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write both files."""
    mapping = DOCS / "mapping.md"
    mapping.write_text(page(mapping.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "mapping.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    write()
