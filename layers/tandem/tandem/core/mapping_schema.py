"""The JSON Schema of the mapping file, out of the models that check it: for editors."""

from __future__ import annotations

from typing import Any

from tandem.core.converters import CONVERTERS
from tandem.core.mapping import ENTITIES, Mapping


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
    field["properties"]["converter"]["enum"] = list(CONVERTERS)
    field["allOf"] = [_arguments(name) for name in CONVERTERS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping of Tandem",
    } | schema


def _arguments(name: str) -> dict[str, Any]:
    """Where the converter is `name`, its arguments; a list stands for a table in the values of a choice."""
    arguments = CONVERTERS[name].model_json_schema()
    if "values" in arguments.get("properties", {}):
        table = arguments["properties"]["values"]
        arguments["properties"]["values"] = {"anyOf": [table, {"type": "array", "items": {"type": "string"}}]}
    required = [] if name == "text" else ["converter"]
    return {
        "if": {"properties": {"converter": {"const": name}}, "required": required},
        "then": {"properties": {"args": {key: value for key, value in arguments.items() if key != "title"}}},
    }
