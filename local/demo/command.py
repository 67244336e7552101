"""The operator's command, as a person would type it, in this process (its start-up alone takes a second)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from cli.main import app

FINE, ATTENTION = 0, 1


class CommandError(Exception):
    """The command did not do what was asked; the message is its own."""


@dataclass(frozen=True, slots=True)
class Command:
    """`tandem` with the environment that leads to the local AWS."""

    env: dict[str, str]

    def __call__(self, *words: str, given: str = "") -> dict[str, Any]:
        """Run it with --json; raises CommandError unless it ends fine or with something to attend to."""
        with _environment(self.env):
            done = CliRunner().invoke(app, [*words, "--json"], input=given)
        if done.exit_code not in (FINE, ATTENTION) or not done.stdout.strip():
            raise CommandError(f"tandem {' '.join(words)}: {done.stderr.strip() or done.exception!r}")
        answer: dict[str, Any] = json.loads(done.stdout)
        if "error" in answer:
            raise CommandError(f"tandem {' '.join(words)}: {answer['error']['message']}")
        return answer


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Nothing of the user's own AWS or Tandem settings gets in."""
    former = dict(os.environ)
    for name in [name for name in former if name.startswith(("AWS_", "TANDEM_"))]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)
