"""The demo on a terminal: live while something runs, plain lines when the output is no terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

_MARKS = {"ok": ("✓", "green"), "bad": ("✗", "bold red"), "info": ("·", "dim")}

PLAIN_WIDTH = 120


def _console() -> Console:
    # The file is given, so that a command run in this process cannot take our lines for its own.
    made = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


@dataclass(slots=True)
class Screen:
    """Prints headings, facts and times."""

    console: Console = field(default_factory=_console)
    _status: Status | None = None

    def heading(self, title: str) -> None:
        """A step begins."""
        self.console.print(Text(f"\n▸ {title}", style="bold"))
        if self.console.is_terminal:
            self._status = self.console.status("working", spinner="dots")
            self._status.start()

    def line(self, kind: str, sentence: str) -> None:
        """One fact of the present step."""
        mark, style = _MARKS[kind]
        self.console.print(Text.assemble("  ", (mark, style), f" {sentence}"))
        if self._status is not None:
            self._status.update(sentence[:60])

    def done(self, *, ok: bool, seconds: float, notes: str) -> None:
        """A step ended."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        word, style = ("done", "dim green") if ok else ("FAILED", "bold red")
        self.console.print(Text.assemble("  ", (f"{word} in {seconds:.1f} s", style), (f"  {notes}", "dim")))

    def say(self, sentence: str = "") -> None:
        """Plain text."""
        self.console.print(Text(sentence))

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A table; every column but the first is aligned to the right."""
        made = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
        for number, column in enumerate(columns):
            made.add_column(column, justify="left" if number == 0 else "right")
        for row in rows:
            made.add_row(*(Text(cell) for cell in row))
        self.console.print()
        self.console.print(made)

    def close(self) -> None:
        """Leave the terminal as it was, also after Ctrl-C."""
        if self._status is not None:
            self._status.stop()
            self._status = None
