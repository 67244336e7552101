"""Runs the steps one after the other, with time and calls for each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.demo.requests import RequestLog, calls
from local.demo.show import Screen
from local.demo.stage import CheckError, Stage

Act = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is shown: a name, a sentence, and what is done."""

    name: str
    title: str
    act: Act


@dataclass(slots=True)
class Result:
    """How a step went."""

    name: str
    ok: bool
    seconds: float
    calls: dict[str, int] = field(default_factory=dict)
    writes: int = 0
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Runner:
    """Runs steps on a stage; a step that fails is reported and the next ones go on."""

    screen: Screen
    errors: Path
    """Where tracebacks go."""
    results: list[Result] = field(default_factory=list)

    def prepare(self, name: str, title: str, act: Callable[[], object]) -> None:
        """Run something before there is a stage; whatever it raises ends the demo."""
        self.screen.heading(title)
        started, ok = time.monotonic(), False
        try:
            act()
            ok = True
        finally:
            result = Result(name, ok, time.monotonic() - started)
            self.results.append(result)
            self.screen.done(ok=ok, seconds=result.seconds, notes="")

    def run(self, stage: Stage, steps: Sequence[Step]) -> None:
        """Run the steps."""
        for step in steps:
            self.results.append(self._step(stage, step))

    @property
    def ok(self) -> bool:
        """Every step went well."""
        return bool(self.results) and all(result.ok for result in self.results)

    def _step(self, stage: Stage, step: Step) -> Result:
        self.screen.heading(step.title)
        stage.failures.clear()
        stage.ticks = 0
        first, started = stage.log.last, time.monotonic()
        try:
            step.act(stage)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is this step's failure, the next ones go on
            sentence = str(error) if isinstance(error, CheckError) else f"{type(error).__name__}: {error}"
            stage.failures.append(sentence)
            self.screen.line("bad", sentence)
            with self.errors.open("a", encoding="utf-8") as file:
                file.write(f"== {step.name}\n{traceback.format_exc()}\n")
        made = _between(stage.log, first)
        result = Result(
            step.name,
            not stage.failures,
            time.monotonic() - started,
            made[0],
            made[1],
            tuple(stage.failures),
        )
        notes = f"calls: CRM {made[0]['crm']}, Books {made[0]['books']}; writes {made[1]}"
        if stage.ticks:
            notes += f"; tick called by hand {stage.ticks}x instead of waiting for its minute"
        self.screen.done(ok=result.ok, seconds=result.seconds, notes=notes)
        return result


def _between(log: RequestLog, first: int) -> tuple[dict[str, int], int]:
    made = log.since(first)
    return calls(made), sum(request.is_write for request in made)
