"""Where secrets come from: a file, the environment, the stored secret, or a prompt; never the command line."""

from __future__ import annotations

import json
import os
import re
import secrets
import string
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from cli.shell import reading
from tandem.adapters.zoho.auth import Credentials
from tandem.core.errors import BadInputError

NAMES = ("client_id", "client_secret", "refresh_token", "grant_code")
_ALPHANUMERIC = string.ascii_letters + string.digits


def gather(file: Path | None, client_id: str | None, stored: Mapping[str, Any]) -> dict[str, str]:
    """The OAuth secrets of one connection; `grant_code` stands in for a refresh token that is yet to be had."""
    found = {name: str(stored[name]) for name in NAMES if stored.get(name)}
    found |= {name: text for name in NAMES if (text := os.environ.get(f"TANDEM_{name.upper()}"))}
    if file is not None:
        found |= parse(_text(file), str(file))
    if client_id:
        found["client_id"] = client_id
    for name, words in (("client_id", "Client id"), ("client_secret", "Client secret")):
        if not found.get(name):
            found[name] = _prompt(name, words, hidden=name != "client_id")
    if not (found.get("refresh_token") or found.get("grant_code")):
        found["refresh_token"] = _prompt("refresh_token", "Refresh token", hidden=True)
    return found


def credentials(found: Mapping[str, str]) -> Credentials:
    """The three that every refresh needs."""
    return Credentials(found["client_id"], found["client_secret"], found["refresh_token"])


def parse(text: str, source: str) -> dict[str, str]:
    """A JSON object, or NAME=VALUE lines; names with or without TANDEM_ in front."""
    pairs = _json(text) if text.lstrip().startswith("{") else _lines(text)
    found = {}
    for name, value in pairs.items():
        short = str(name).lower().removeprefix("tandem_")
        if short not in NAMES:
            raise BadInputError(f"{source}: {name} is no secret of a connection; known: {', '.join(NAMES)}")
        found[short] = str(value).strip()
    return found


def _json(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None  # the decoder's error carries the text
    if not isinstance(content, dict):
        raise BadInputError(
            'the secrets file is no JSON object; write {"client_id": ..., "client_secret": ...}'
        )
    return content


def _lines(text: str) -> Mapping[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if any("=" not in line for line in lines):
        raise BadInputError("the secrets file: write NAME=VALUE lines, such as TANDEM_CLIENT_ID=1000.XXXX")
    return {
        name.strip(): value.strip().strip("'\"") for name, _, value in (line.partition("=") for line in lines)
    }


def _text(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    with reading(f"the secrets file {file}"):
        return file.read_text(encoding="utf-8")


def _prompt(name: str, words: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise BadInputError(
            f"{name} is missing: set TANDEM_{name.upper()}, or give --secrets-file FILE (- for standard input)"
        )
    return str(typer.prompt(words, hide_input=hidden, err=True)).strip()


def webhook_entry(stored: Mapping[str, Any]) -> dict[str, str]:
    """The webhook secrets of one connection, drawn where they are absent.

    A path of 32 URL-safe characters, a token within CRM's 50, a signing secret within Books' 12 to 50 letters and
    digits (dossiers crm §5, books §7).
    """
    drawn: dict[str, Callable[[], str]] = {
        "path_secret": lambda: secrets.token_urlsafe(24),
        "crm_token": lambda: secrets.token_urlsafe(30),
        "books_secret": lambda: "".join(secrets.choice(_ALPHANUMERIC) for _ in range(40)),
    }
    return {name: str(stored.get(name) or draw()) for name, draw in drawn.items()}


def channel_id() -> str:
    """A channel id of our own choosing: 18 digits, so that no other program of the org has it (dossier crm §5)."""
    return str(10**17 + secrets.randbelow(9 * 10**17))


def masked(url: str) -> str:
    """A webhook's address without its secret."""
    return re.sub(r"[^/]+$", "********", url)
