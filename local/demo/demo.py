"""The demo from start to end: boot, steps, report, and what is left behind."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from local.demo import report
from local.demo.answer_key import answers
from local.demo.cloud import Cloud
from local.demo.command import Command
from local.demo.plan import make_plan
from local.demo.requests import RequestLog
from local.demo.runner import Runner, Step
from local.demo.sandbox import Sandbox
from local.demo.setup import PARAMETERS, connect
from local.demo.show import Screen
from local.demo.stage import Stage
from local.demo.steps import again, first, live, measure, trouble
from local.emulator import free_port
from local.stack import LocalStack

AWS_PORT = 4566
BUSY, INTERRUPTED = 2, 130
STEPS = (
    Step(
        "observe",
        "observe: the first sync of 60 customers and 90 people, decided and not written",
        first.observe,
    ),
    Step("write", "write: a person switches, and it happens", first.write),
    Step("create", "a customer with a person made in CRM, and one made in Books", live.create),
    Step(
        "address", "a billing address changed in CRM: Books, the next invoice, and a sent one", live.address
    ),
    Step("conflicts", "changes in Books, on both sides at once, and who wins", live.conflicts),
    Step("delete", "a customer deleted in CRM, then restored", live.delete),
    Step("webhooks", "webhooks lost, doubled, old and forged", trouble.webhooks),
    Step("refused", "a record that Books refuses", trouble.refused),
    Step("outage", "Books down for longer than the retries", trouble.outage),
    Step("latency", "one edit after the other, each way", measure.singles),
    Step("burst", "fifty edits in CRM at once", measure.burst),
    Step("recovered", "the dead letter comes back by itself", trouble.recovered),
    Step("again", "everything once more, from empty cursors too", again.everything),
)


@dataclass(slots=True)
class Demo:
    """One run."""

    root: Path
    seed: int
    keep: bool = False
    screen: Screen = field(default_factory=Screen)

    def run(self) -> int:
        """0 when every step went well; nothing is left running, unless asked to keep it."""
        build = self.root / "build"
        build.mkdir(exist_ok=True)
        with (build / "demo.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.screen.say("another demo runs in this checkout; wait for its end, or stop it")
                return BUSY
            self._clear(build)
            return self._run(build)

    def _run(self, build: Path) -> int:
        runner, stage = Runner(self.screen, build / "demo-errors.log"), None
        try:
            with ExitStack() as world:
                stage = self._boot(world, runner, build)
                if runner.ok:
                    runner.run(stage, STEPS)
                report.show(self.screen, runner, stage)
                if self.keep:
                    self._keep(stage, build)
        except KeyboardInterrupt:
            self.screen.close()
            self.screen.say("interrupted; everything that was started is ended")
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - a demo that cannot start says why in a sentence
            self.screen.close()
            self.screen.say(f"the demo could not go on: {error}")
            return 1
        finally:
            self.screen.close()
            text = json.dumps(report.summary(runner, stage), indent=2)
            (build / "demo.json").write_text(text + "\n", encoding="utf-8")
        return 0 if runner.ok else 1

    def _clear(self, build: Path) -> None:
        """Remove what an older run left; one that was kept and still runs is named."""
        for name in ("demo.json", "demo-errors.log"):
            (build / name).unlink(missing_ok=True)
        urls = build / "demo-urls.json"
        if urls.exists():
            kept = json.loads(urls.read_text(encoding="utf-8"))
            if any(_is_alive(group) for group in kept["process_groups"].values()):
                self.screen.say(f"An earlier demo is kept running; stop it with: {kept['stop']}")
            else:
                urls.unlink()

    def _boot(self, world: ExitStack, runner: Runner, build: Path) -> Stage:
        said = lambda sentence: self.screen.line("info", sentence)  # noqa: E731 - one word for one thing
        stack = LocalStack(self.root, port=free_port(AWS_PORT), progress=said)
        runner.prepare(
            "start",
            "start: a local AWS with IAM enforced, and a local Zoho",
            lambda: world.enter_context(stack),
        )
        zoho = Sandbox(self.root, log=build / "requests.jsonl", seed=self.seed)
        world.enter_context(zoho)
        runner.prepare("build", "build: the template, by SAM", stack.build)
        runner.prepare("deploy", "deploy: the unchanged template", lambda: stack.deploy(PARAMETERS))
        plan = make_plan(self.seed)
        stage = Stage(
            plan,
            answers(plan),
            zoho,
            Cloud(stack),
            Command(stack.session_env()),
            RequestLog(build / "requests.jsonl"),
            self.screen.line,
        )
        runner.run(
            stage, [Step("connect", "connect: data on both sides, the operator's command, limits", connect)]
        )
        return stage

    def _keep(self, stage: Stage, build: Path) -> None:
        groups = {"aws": stage.cloud.stack.keep(), "sandbox": stage.zoho.keep()}
        urls = report.urls(stage, groups)
        (build / "demo-urls.json").write_text(json.dumps(urls, indent=2) + "\n", encoding="utf-8")
        report.how_to_play(self.screen, stage, groups)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True
