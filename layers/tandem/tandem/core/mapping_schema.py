"""The JSON Schema of the mapping file, out of the models that check it: for editors."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from tandem.core.converters import CONVERTERS
from tandem.core.mapping import ENTITIES, EntityMapping, Mapping
from tandem.core.mapping_field import FieldMapping


def documented(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Key -> its meaning, and its default in words where a value does not say it: the models' own docstrings."""
    found: dict[str, tuple[str, str]] = {}
    for kind in reversed(
        [one for one in model.__mro__ if issubclass(one, BaseModel) and one is not BaseModel]
    ):
        (described,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        body = described.body if isinstance(described, ast.ClassDef) else []
        for key, text in pairwise(body):
            match key, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    meaning, _, default = _plain(words).partition(" Default: ")
                    found[name] = meaning, default
    return {name: words for name, words in found.items() if name in model.model_fields}


def meaning_of(model: type[BaseModel]) -> str:
    """What a model is, in its own words."""
    return _plain(model.__doc__ or "")


def _plain(words: str) -> str:
    """On one line, without the sources that only the code's reader looks up."""
    return re.sub(r" \(dossiers? [^)]*\)", "", " ".join(words.split()))


def file_schema() -> dict[str, Any]:
    """JSON Schema (2020-12). In the file, entities and fields are keys by name; `args` are the converter's."""
    schema = Mapping.model_json_schema()
    definitions = schema["$defs"]
    entity, field = definitions["EntityMapping"], definitions["FieldMapping"]
    for described in (entity, field):
        del described["properties"]["name"]
        described["required"].remove("name")
    entity["properties"]["fields"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/FieldMapping"},
    }
    schema["properties"]["entities"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {name: {"$ref": "#/$defs/EntityMapping"} for name in ENTITIES},
    }
    for model, described in ((Mapping, schema), (EntityMapping, entity), (FieldMapping, field)):
        _describe(described["properties"], documented(model))
    field["properties"]["converter"]["enum"] = list(CONVERTERS)
    field["allOf"] = [_arguments(name) for name in CONVERTERS]
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | schema
        | {"title": "A mapping of Tandem"}
    )


def _describe(properties: dict[str, Any], known: dict[str, tuple[str, str]]) -> None:
    for key, spec in properties.items():
        if key in known:
            spec["description"] = " Default: ".join(filter(None, known[key]))


def _arguments(name: str) -> dict[str, Any]:
    """Where the converter is `name`, its arguments; a list stands for a table in the values of a choice."""
    kind = CONVERTERS[name]
    arguments = kind.model_json_schema() | {"description": meaning_of(kind)}
    _describe(arguments.get("properties", {}), documented(kind))
    if "values" in arguments.get("properties", {}):
        table = arguments["properties"]["values"]
        arguments["properties"]["values"] = {"anyOf": [table, {"type": "array", "items": {"type": "string"}}]}
    required = [] if name == "text" else ["converter"]
    return {
        "if": {"properties": {"converter": {"const": name}}, "required": required},
        "then": {"properties": {"args": {key: value for key, value in arguments.items() if key != "title"}}},
    }
