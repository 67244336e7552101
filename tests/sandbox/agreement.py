"""Compares the sandbox's bodies with Zoho's OpenAPI files and with recorded answers: keys and types."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

SHARED = Path(os.environ.get("TANDEM_SHARED", Path(__file__).parents[3] / "shared"))
FIXTURES = SHARED / "zoho" / "fixtures"
OPENAPI = SHARED / "zoho" / "openapi"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = {"integer": "number"}
_HTTP = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented operation of a file."""

    file: str
    method: str
    path: str
    spec: Any = field(hash=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Return file, method and path."""
        return f"{self.file} {self.method.upper()} {self.path}"


@dataclass(slots=True)
class Tally:
    """What was compared, and where it differs: a name of an answer to the places in it."""

    compared: list[str] = field(default_factory=list)
    differing: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def add(self, name: str, differences: list[str]) -> None:
        """Note one comparison."""
        self.compared.append(name)
        if differences:
            self.differing[name] = differences


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=32)
def _document(file: str) -> Any:
    path = next(OPENAPI.glob(f"*/{file}"), None)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_LOADER)  # noqa: S506 - safe


@lru_cache(maxsize=1)
def operations() -> list[Operation]:
    """Return every operation of every file; the paths are those that a client calls."""
    found = []
    for file in sorted(OPENAPI.glob("*/*")):
        root = "/books/v3" if file.parent.name == "books" else ""
        for path, item in _document(file.name)["paths"].items():
            found += [Operation(file.name, m, root + path, item[m]) for m in _HTTP if m in item]
    return found


@lru_cache(maxsize=512)
def schema_of(operation: Operation, status: int) -> Any:
    """Return the strict schema of an answer, or None where the file has none for the status."""
    document = _document(operation.file)
    answers = {str(s): a for s, a in operation.spec.get("responses", {}).items()}
    if str(status) not in answers:
        return None
    answer, document = _resolved(answers[str(status)], document)
    media = answer.get("content", {}).get("application/json", {})
    return strict(media["schema"], document) if "schema" in media else None


def _resolved(node: Any, document: Any) -> tuple[Any, Any]:
    """Follow references, also into another file; one to a file that is not there is free."""
    while isinstance(node, dict) and "$ref" in node:
        file, _, path = node["$ref"].rpartition("#")
        document = node = _document(file.rsplit("/", 1)[-1]) if file else document
        if document is None:
            return {}, {}
        for part in path.removeprefix("/").split("/"):
            node = node[part.replace("~1", "/")]
    return node, document


def strict(schema: Any, document: Any, seen: tuple[str, ...] = ()) -> Any:
    """Return a schema that wants every documented key and takes null anywhere; what is not told is free.

    Only keys and types are kept: no lengths, patterns, formats or enumerations.
    """
    if isinstance(schema, dict) and "$ref" in schema:
        if schema["$ref"] in seen:
            return {}
        seen = (*seen, schema["$ref"])
    schema, document = _resolved(schema, document)
    if not isinstance(schema, dict):
        return {}
    for word, kept in (("oneOf", "anyOf"), ("anyOf", "anyOf"), ("allOf", "allOf")):
        if schema.get(word):
            return {kept: [strict(part, document, seen) for part in schema[word]]}
    told = schema.get("type") or ("object" if "properties" in schema else None)
    made: dict[str, Any] = {} if told is None else {"type": [_NUMBERS.get(told, told), "null"]}
    if told == "array":
        made["items"] = strict(schema.get("items", {}), document, seen)
    if schema.get("properties"):
        made["properties"] = {k: strict(v, document, seen) for k, v in schema["properties"].items()}
        made["required"] = sorted(made["properties"])
    return made


def against_schema(schema: Any, body: Any) -> list[str]:
    """Return where a body lacks a documented key or has another type; list places are not numbered.

    Where several forms are documented, the nearest one counts.
    """
    found: set[str] = set()
    for error in Draft4Validator(schema).iter_errors(body):
        found |= _told(error)
    return sorted(found)


def _told(error: ValidationError) -> set[str]:
    path = "$" + "".join("[]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    wants: Any = error.validator_value
    held: Any = error.instance
    if error.validator == "required":
        return {f"{path}.{key}: missing" for key in wants if key not in held}
    if error.validator == "type":
        wanted = next(t for t in wants if t != "null")
        return {f"{path}: {wanted} documented, {kind(error.instance)} answered"}
    forms: dict[Any, set[str]] = {}
    for part in error.context or ():
        forms.setdefault(part.schema_path[0], set()).update(_told(part))
    return min(forms.values(), key=lambda told: _distance(told, path.count(".")))


def _distance(told: set[str], depth: int) -> tuple[int, int, int, list[str]]:
    """Return how far a form is: wrong types first, then keys missing at once, then further down."""
    clashes = sum(1 for line in told if not line.endswith(": missing"))
    here = sum(1 for line in told if line.count(".") == depth + 1)
    return clashes, here, len(told), sorted(told)


def kind(value: Any) -> str:
    """Return the JSON type, with numbers as one."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", dict: "object", list: "array", type(None): "null"}[type(value)]


def against_recording(theirs: Any, ours: Any, path: str = "$") -> list[str]:
    """Return where a recorded key is missing or of another type; null agrees with anything."""
    if "null" in (kind(theirs), kind(ours)):
        return []
    if kind(theirs) != kind(ours):
        return [f"{path}: {kind(theirs)} recorded, {kind(ours)} answered"]
    if isinstance(theirs, dict):
        found = []
        for key, value in theirs.items():
            if key in ours:
                found += against_recording(value, ours[key], f"{path}.{key}")
            else:
                found.append(f"{path}.{key}: missing")
        return found
    if isinstance(theirs, list) and theirs and ours:
        return against_recording(theirs[0], ours[0], f"{path}[]")
    return []


def matching(method: str, template: str) -> list[Operation]:
    """Return the documented operations of one of the sandbox's endpoints."""
    wanted = re.sub(r"\{[^}]*\}", "{}", template)
    return [
        o for o in operations() if o.method == method.lower() and re.sub(r"\{[^}]*\}", "{}", o.path) == wanted
    ]
