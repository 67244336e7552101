"""What every command shares: global options anywhere on the line, and errors as one sentence with an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from typer.core import TyperGroup

from cli.aws import Stack
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError, RetryError, StopError, StoreError, TandemError
from tandem.core.records import RecordKey
from tandem.engine.desk import Store

FINE, ATTENTION, WRONG_INPUT, OUT_OF_REACH = 0, 1, 2, 3

_WITH_VALUE = ("--stack", "--region", "--connection")


class Shell(TyperGroup):
    """A group whose global options may stand before or after the command, and that never shows a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move the global options to the front."""
        return super().parse_args(ctx, _front(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what Tandem raises on purpose becomes a sentence and an exit code."""
        session: Session | None = None
        try:
            return super().invoke(ctx)
        except (TandemError, BotoCoreError, ClientError) as error:
            session = ctx.obj if isinstance(ctx.obj, Session) else None
            code, sentence = explain(error)
            _complain(sentence, kind=type(error).__name__, as_json=bool(session and session.json))
            raise typer.Exit(code) from None


def _front(args: Sequence[str]) -> list[str]:
    front: list[str] = []
    rest: list[str] = []
    todo = iter(args)
    for word in todo:
        if word == "--":
            rest += [word, *todo]
        elif word == "--json" or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            front.append(word)
        elif word in _WITH_VALUE:
            front += [word, *_one(todo)]
        else:
            rest.append(word)
    return front + rest


def _one(words: Iterator[str]) -> list[str]:
    following = next(words, None)
    return [] if following is None else [following]


def explain(error: Exception) -> tuple[int, str]:
    """Exit code and sentence of an error; the sentence says what to do."""
    if isinstance(error, NoCredentialsError):
        return OUT_OF_REACH, "no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return WRONG_INPUT, "no AWS region: add --region, or set AWS_REGION"
    if isinstance(error, ClientError | BotoCoreError):
        return OUT_OF_REACH, f"AWS: {error}"
    if isinstance(error, StoreError):
        return OUT_OF_REACH, f"AWS: {error}"
    if isinstance(error, RetryError):
        return OUT_OF_REACH, f"Zoho: {error}; nothing was changed, try again"
    if isinstance(error, BadInputError | StopError):
        return WRONG_INPUT, str(error)
    return ATTENTION, str(error)


def _complain(sentence: str, *, kind: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": False, "error": {"kind": kind, "message": sentence}}, ensure_ascii=False))
    print(f"tandem: {sentence}", file=sys.stderr)


@dataclass
class Session:
    """One invocation: the stack, the connection that was named, and how to answer."""

    stack_name: str
    region: str | None = None
    connection_id: str | None = None
    json: bool = False
    _moment: datetime | None = field(default=None, repr=False)

    @cached_property
    def stack(self) -> Stack:
        """The deployed stack; its outputs are read on first use."""
        return Stack(self.stack_name, self.region)

    @property
    def store(self) -> Store:
        """Every row of both tables."""
        return self.stack.store

    def record(self, verb: str, key: RecordKey | None = None, **more: Any) -> None:
        """Tell the history what a person did, and who it was."""
        connection = self.connection().id
        self.store.history.acted(connection, verb, self.stack.caller, self.now(), key=key, **more)

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def connection(self) -> Connection:
        """The connection that was named, or the only one there is."""
        if self.connection_id:
            return self.store.connections.read(self.connection_id)
        ids = self.store.connections.ids()
        if len(ids) == 1:
            return self.store.connections.read(ids[0])
        if not ids:
            raise BadInputError(
                f"stack “{self.stack_name}” has no connection yet; make one with `tandem connect`"
            )
        raise BadInputError(f"there are several connections: add --connection {' or '.join(ids)}")

    def attend(self) -> NoReturn:
        """End with the exit code that says: something needs attention."""
        raise typer.Exit(ATTENTION)


def session_of(ctx: typer.Context) -> Session:
    """The session that the global options made."""
    session = ctx.find_root().obj
    assert isinstance(session, Session)  # noqa: S101 - the callback of the group always makes it
    return session


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Name the file or text that could not be read."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInputError(f"{what} cannot be read: {reason}") from error
