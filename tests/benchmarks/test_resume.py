"""A run of `make bench` that broke off is gone on with: what its file has is not measured again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import kept, run
from benchmarks.__main__ import main
from benchmarks.flows import Measured

FLOWS = ("quiet tick", "full listing")
WHOLE = [(flow, n) for flow in FLOWS for n in (1, 50)]


class Bench:
    """Flows that are counted instead of played: one call to CRM each; the `fails`-th breaks off."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.played: list[tuple[str, int, int]] = []
        self.fails = 0

    async def measure(self, flow: str, n: int, scale: int) -> Measured:
        """In place of the real one."""
        self.played.append((flow, n, scale))
        if len(self.played) == self.fails:
            raise KeyboardInterrupt
        return Measured(flow, n, {"crm GET": 1}, {}, {}, {})

    def start(self, *words: str) -> int:
        """Run the command."""
        return main(["--only", "flows", "--n", "1,50", "--json", "--out", str(self.out), *words])

    def rows(self, name: str) -> list[tuple[str, int]]:
        """What the file has of a section."""
        return [(row["flow"], row["n"]) for row in json.loads(self.out.read_text(encoding="utf-8"))[name]]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    """Two flows under the names of real ones, since each has a budget."""
    made = Bench(tmp_path / "bench.json")
    monkeypatch.setattr(run, "SCENES", dict.fromkeys(FLOWS))
    monkeypatch.setattr(run, "measure", made.measure)
    return made


@pytest.mark.parametrize("fails", range(2, 9))
def test_what_the_file_has_is_not_measured_again(bench: Bench, fails: int) -> None:
    """Wherever it broke off, both halves together are one whole run, in its order."""
    bench.fails = fails
    with pytest.raises(KeyboardInterrupt):
        bench.start()
    assert len(bench.rows("flows")) == min(fails - 1, 4)
    bench.fails = 0
    assert bench.start("--resume") == 0
    assert len(bench.played) == 9, "the one that broke off is played again, no other"
    assert bench.rows("flows") == bench.rows("flows_limited") == bench.rows("table_ops") == WHOLE


def test_a_whole_run_has_nothing_left_to_resume(bench: Bench) -> None:
    """Nothing is measured, the file stays as it was but for the seconds."""
    assert bench.start() == bench.start("--resume") == 0
    assert len(bench.played) == 8


def test_without_the_word_all_is_measured_anew(bench: Bench) -> None:
    """Old figures never stay by accident."""
    assert bench.start() == bench.start() == 0
    assert len(bench.played) == 16


def test_a_run_of_other_code_is_not_gone_on_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its figures would not be of one system; the file is left as it is."""
    assert bench.start() == 0
    before = bench.out.read_bytes()
    monkeypatch.setattr(kept, "code", lambda: "another")
    assert bench.start("--resume") == 1
    assert "the code has changed since" in capsys.readouterr().err
    assert bench.out.read_bytes() == before


@pytest.mark.parametrize("text", [None, "no json", "[]"])
def test_what_is_no_run_cannot_be_resumed(
    bench: Bench, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says what to do."""
    if text is not None:
        bench.out.write_text(text, encoding="utf-8")
    assert bench.start("--resume") == 1
    assert "start without --resume" in capsys.readouterr().err


def test_the_mark_of_the_code_follows_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte and each name of what is measured counts."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    folder = tmp_path / "sandbox"
    folder.mkdir()
    marks = []
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.py", "1"), ("b.txt", "1")):
        (folder / name).write_text(text, encoding="utf-8")
        marks.append(kept.code())
    assert len(set(marks)) == 3
    assert marks[2] == marks[3], "what is no code does not count"
