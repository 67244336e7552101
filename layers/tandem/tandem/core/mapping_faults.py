"""What is wrong with a mapping, in words: where it stands, what it says, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from tandem.core.errors import BadInputError
from tandem.core.yamltree import Fault, Path, Tree


@dataclass(eq=False)
class Found(ValueError):
    """A fault found by a rule of ours, at a path below the model that found it."""

    message: str
    fix: str
    at: Path = ()
    kind: str = "unknown_value"
    """One of `FILE_KINDS`."""

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class AllFound(ValueError):
    """Several faults found at once."""

    faults: Sequence[Found] = field(default_factory=tuple)

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)


class MappingError(BadInputError):
    """A mapping that cannot be used; `faults` holds every one, `str()` has one line each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


MOST_FAULTS: Final = 100
"""So many are told at once: nobody reads more, and a broken file of 1 MB has tens of thousands."""
MOST_NAMES: Final = 30
"""So many names are offered where none is near: a module has hundreds."""
_WORDS: Final = {
    **dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), "must be a table of keys"),
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    "too_short": "must not be empty",
    "extra_forbidden": "unknown argument",
    "missing": "this argument is missing",
}
_LIMITS: Final = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
_FIXES: Final[dict[str, str]] = {
    **dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), "write key: value lines below it"),
    **dict.fromkeys(("tuple_type", "list_type"), "write a list, such as [one, another]"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "write true or false"),
    "int_type": "write a whole number",
    "string_type": "write a text, in quotes if it looks like something else",
    "too_short": "add at least one entry",
}


def explain(
    error: ValidationError, tree: Tree, source: str, known: dict[str, tuple[str, ...]]
) -> list[Fault]:
    """Every fault that pydantic collected; `known` names the keys of each level, for the nearest one."""
    every = _every(error, tree, source, known)
    faults = list(dict.fromkeys(islice(every, MOST_FAULTS)))
    if next(every, None) is not None:
        told = f"there are more than {MOST_FAULTS} faults"
        faults.append(
            Fault(source, faults[-1].line, "", told, "mend these first, then check again", "more_faults")
        )
    faults = _joined(faults)
    emptied = [fault for fault in faults if fault.message == _WORDS["too_short"]]
    followed = [one for one in emptied if any(f.field.startswith(one.field + ".") for f in faults)]
    return sorted((fault for fault in faults if fault not in followed), key=lambda fault: fault.line)


def _joined(faults: Sequence[Fault]) -> list[Fault]:
    """What is wrong with each arm of a union, as one fault of the value."""
    found: dict[tuple[int, str], Fault] = {}
    for fault in faults:
        place = (fault.line, fault.field)
        before = found.get(place) if fault.kind == "wrong_type" else None
        if before is not None and before.kind == "wrong_type":
            also = fault.message.removeprefix("must be ")
            found[place] = replace(before, message=f"{before.message}, or {also}")
        else:
            found[(*place, fault.message) if place in found else place] = fault  # type: ignore[index]
    return list(found.values())


def _every(
    error: ValidationError, tree: Tree, source: str, known: dict[str, tuple[str, ...]]
) -> Iterator[Fault]:
    for item in error.errors(include_url=False):
        base = _in_file(item["loc"], tree)
        for found in _found(item, known):
            path = base + found.at
            where = ".".join(str(part) for part in path)
            yield Fault(source, tree.line(path), where, found.message, found.fix, found.kind)


def _in_file(location: Path, tree: Tree) -> Path:
    """The path as it stands in the file: `fields` is a list to pydantic and keys by name to its author."""
    path: Path = ()
    here = tree.data
    for part in location:
        if isinstance(part, int) and isinstance(here, dict):
            names = list(here)
            part = names[part] if part < len(names) else part  # noqa: PLW2901
        elif isinstance(part, str) and not (isinstance(here, dict) and part in here):
            return (*path, part) if _is_own(part) else path
        path = (*path, part)
        here = _below(here, part)
    return path


def _below(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here[part]
    return here[part] if isinstance(here, list) and isinstance(part, int) else None


def _is_own(part: str) -> bool:
    """A key of the file, not one of the names that pydantic gives to the arms of a union."""
    return part.isidentifier() and part not in ("str", "dict", "int", "bool")


def _found(item: Any, known: dict[str, tuple[str, ...]]) -> Iterator[Found]:
    error = item.get("ctx", {}).get("error")
    if isinstance(error, AllFound):
        yield from error.faults
    elif isinstance(error, Found):
        yield error
    else:
        yield _schema_fault(item, known)


def _schema_fault(item: Any, known: dict[str, tuple[str, ...]]) -> Found:
    kind, name = item["type"], str(item["loc"][-1]) if item["loc"] else ""
    if not item["loc"] and item["input"] is None:
        fix = "begin with the default of docs/mapping.md, or with a preset"
        return Found("the file is empty", fix, kind="wrong_type")
    if kind == "extra_forbidden":
        level = known[_level(item["loc"])]
        near = difflib.get_close_matches(name, level, n=1)
        fix = f"write {near[0]}" if near else f"remove it; known here: {', '.join(level)}"
        return Found(f"unknown key {name}", fix, kind="unknown_key")
    if kind in ("missing", "too_short"):
        message = f"{name} is missing" if kind == "missing" else wording(item)
        return Found(message, _FIXES.get(kind, f"add {name}"), kind="missing_key")
    if kind == "literal_error":
        return Found(f"“{item['input']}” is not allowed", f"write one of {item['ctx']['expected']}")
    if kind in ("string_pattern_mismatch", "value_error"):
        return Found(wording(item), "write the ISO 3166 code of the home country")
    return Found(wording(item), fix_of(item, "give a value of that kind"), kind="wrong_type")


def fix_of(item: Any, otherwise: str) -> str:
    """How to mend what pydantic found."""
    return _FIXES.get(str(item["type"]), otherwise)


def wording(item: Any) -> str:
    """What pydantic found, in our words where it has none for people."""
    told = item.get("ctx", {})
    if error := told.get("error"):
        return str(error)
    for limit, words in _LIMITS.items():
        if limit in told:
            return f"must be {words} {told[limit]}"
    if item["type"] == "string_pattern_mismatch":
        code = (
            "two capital letters, such as IN"
            if "{2}" in told["pattern"]
            else "three capital letters, such as INR"
        )
        return f"must be {code}"
    if item["type"] == "literal_error":
        return f"“{item['input']}” is not allowed; write one of {told['expected']}"
    return _WORDS.get(str(item["type"]), str(item["msg"]))


def _level(location: Path) -> str:
    """Which of the models a location is in."""
    if "fields" in location:
        return "field"
    return "entity" if "entities" in location else "mapping"


def nearest(name: str, names: Sequence[str]) -> str:
    """“write X” for the nearest known name, or the list of them."""
    near = difflib.get_close_matches(name, names, n=1)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"write {near[0]}" if near else f"use one of {', '.join(names[:MOST_NAMES])}{more}"
