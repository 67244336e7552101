"""What a connection is made of, from the options of `tandem connect`; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError
from rapidfuzz import process

from cli.shell import reading
from tandem.core.connection import Connection, Settings
from tandem.core.errors import BadInputError
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.mapping import load_mapping, preset
from tandem.core.records import Mode
from tandem.core.yamltree import MAX_BYTES

_TLD = {
    "us": "com",
    "eu": "eu",
    "in": "in",
    "au": "com.au",
    "jp": "jp",
    "sa": "sa",
    "cn": "com.cn",
    "uk": "uk",
}
DATA_CENTRES: Mapping[str, tuple[str, str]] = {
    **{dc: (f"https://accounts.zoho.{tld}", f"https://www.zohoapis.{tld}") for dc, tld in _TLD.items()},
    "ca": ("https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
}
"""Accounts server and API root by data centre (dossier crm §1)."""

_HOME = {"india": "in", "us": "us"}
"""The data centre that goes without saying for a preset."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was given on the command line; None: not given."""

    id: str
    preset: str | None = None
    mapping: Path | None = None
    dc: str | None = None
    accounts_url: str | None = None
    crm_url: str | None = None
    books_url: str | None = None
    organization_id: str | None = None
    crm_org: str | None = None
    settings: Sequence[str] = ()


def mapping_file(path: Path) -> bytes:
    """What a mapping file holds, no more of it than is ever read; raises BadInputError where it cannot be."""
    with reading(f"the mapping {path}"), path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def mapping_text(options: Options, stored: str | None) -> tuple[str, FieldMap]:
    """The mapping to use and its text; the stored one when none is given."""
    if options.preset and options.mapping:
        raise BadInputError("give --preset or --mapping, not both")
    if options.preset:
        found = preset(options.preset)
        folder = resources.files("tandem") / "presets"
        return (folder / f"{options.preset}.yaml").read_text(encoding="utf-8"), found
    if options.mapping is not None:
        raw = mapping_file(options.mapping)
        mapping = load_mapping(raw, source=str(options.mapping))
        return raw.decode(), mapping
    if stored is None:
        raise BadInputError(
            "which fields correspond? Give --preset india, uk, us or generic, or --mapping FILE"
        )
    return stored, load_mapping(stored, source="active mapping")


def connection(options: Options, known: Connection | None, others: Sequence[Connection]) -> Connection:
    """The connection as asked for, on top of the one that is known; `crm_org` may still be blank."""
    given: dict[str, Any] = known.model_dump() if known else {"id": options.id, "mode": Mode.OBSERVE}
    given |= _places(options, known)
    for name in ("organization_id", "crm_org"):
        value = getattr(options, name)
        if known and value and value not in ("", getattr(known, name)) and getattr(known, name):
            raise BadInputError(
                f"connection “{known.id}” belongs to {name} {getattr(known, name)}: its links would be wrong for "
                f"another organisation; make another connection with --connection NAME"
            )
        given[name] = value or given.get(name, "")
    if not given["organization_id"]:
        raise BadInputError(
            "organization_id is missing: add --organization-id (Books: Settings > Organization Profile, or the menu "
            "at your name)"
        )
    base = known.settings if known else Settings.model_validate({})
    given["settings"] = settings(base, options.settings)
    given.setdefault("group", options.id)
    try:
        made = Connection.model_validate(given)
    except ValidationError as error:
        raise BadInputError(_first(error)) from None
    return made if known else made.model_copy(update={"group": group_of(made, others)})


def group_of(connection: Connection, others: Sequence[Connection]) -> str:
    """Connections that share an org on either side share a writer."""
    for other in others:
        same_crm = connection.crm_org and (other.dc, other.crm_org) == (connection.dc, connection.crm_org)
        same_books = (other.dc, other.organization_id) == (connection.dc, connection.organization_id)
        if other.id != connection.id and (same_crm or same_books):
            return other.group
    return connection.id


def _places(options: Options, known: Connection | None) -> dict[str, str]:
    urls = {"accounts_url": options.accounts_url, "crm_url": options.crm_url, "books_url": options.books_url}
    dc = options.dc or (known.dc if known else _HOME.get(options.preset or ""))
    if dc is None and not all(urls.values()):
        raise BadInputError(
            f"in which data centre are the organisations? Add --dc {' or '.join(sorted(DATA_CENTRES))}"
        )
    if dc is not None and dc not in DATA_CENTRES:
        raise BadInputError(f"there is no data centre “{dc}”; known: {', '.join(sorted(DATA_CENTRES))}")
    dc = dc or "in"
    accounts, api = DATA_CENTRES[dc]
    defaults = {"accounts_url": accounts, "crm_url": api, "books_url": api}
    if known and options.dc in (None, known.dc):
        defaults = {name: getattr(known, name) for name in urls}
    places = {name: (url or defaults[name]).rstrip("/") for name, url in urls.items()}
    for name, url in places.items():
        if not url.startswith(("http://", "https://")):
            raise BadInputError(f"{name} is no address: {url!r}; write e.g. {defaults[name]}")
    return {"dc": dc, **places}


def settings(base: Settings, given: Sequence[str]) -> Settings:
    """`base` with key=value pairs on top; lists are written 5,30,120."""
    values: dict[str, Any] = base.model_dump()
    for pair in (pair for text in given for pair in text.split()):
        name, equals, text = pair.partition("=")
        if not equals or name not in Settings.model_fields:
            raise BadInputError(_unknown_setting(name if equals else pair, equals))
        is_list = get_origin(Settings.model_fields[name].annotation) is tuple
        values[name] = [part for part in text.split(",") if part] if is_list else text
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadInputError(_first(error, "settings.")) from None


def _unknown_setting(name: str, equals: str) -> str:
    if not equals:
        return f"--settings {name}: write key=value, such as poll_seconds=60"
    near = process.extract(name, list(Settings.model_fields), limit=1, score_cutoff=60)
    known = f"did you mean {near[0][0]}?" if near else f"known: {', '.join(Settings.model_fields)}"
    return f"there is no setting “{name}”; {known}"


def _first(error: ValidationError, prefix: str = "") -> str:
    item = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in item["loc"])
    if where == "id":
        return f"“{item['input']}” is no name of a connection: small letters, digits and hyphens, 32 at most"
    return f"{prefix}{where}: {item['msg']}"
