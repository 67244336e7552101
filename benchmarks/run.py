"""Measures what was asked for, one thing after the other; what a file has already is not measured again."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from benchmarks import core, layers, sandbox
from benchmarks.flows import SCENES, Measured, measure
from benchmarks.kept import ROOT, Kept

WORK: Final = ROOT / "build" / "bench"
SECTIONS: Final = ("flows", "layers", "core", "sandbox")
LIFTED, REAL = 60, 1
"""How many times the limits of a minute count: so often that nothing waits, or as on a live organisation."""
SCALES: Final = {"flows": LIFTED, "flows_limited": REAL}


def tell(sentence: str) -> None:
    """Progress goes beside what is printed."""
    print(sentence, file=sys.stderr)


def flows(
    sizes: Sequence[int], told: Callable[[str], None] = tell, kept: Kept | None = None
) -> dict[str, Any]:
    """Every flow at every n, with limits lifted and with those of a live organisation."""
    kept = kept or Kept(Path(os.devnull))
    for name, scale in SCALES.items():
        for flow in SCENES:
            for n in sizes:
                if not kept.has(name, flow=flow, n=n):
                    told(f"{flow}, n={n}{', under limits' if scale == REAL else ''}")
                    _add(kept, name, asyncio.run(measure(flow, n, scale)))
    order = list(SCENES)
    for name in (*SCALES, "endpoints", "table_ops"):
        kept.rows(name).sort(key=lambda row: (row.get("measured", ""), order.index(row["flow"]), row["n"]))
    return kept.found


def _add(kept: Kept, name: str, measured: Measured) -> None:
    """Figures of one flow belong together: they are written at once."""
    kept.rows(name).append(measured.flow_row())
    told = {"measured": name, "flow": measured.flow, "n": measured.n, "calls": dict(measured.endpoints)}
    kept.rows("endpoints").append(told)
    if name == "flows":
        kept.rows("table_ops").append(measured.table_row())
    kept.write()


def _core(pairs: int, kept: Kept) -> None:
    for changed in core.SHARES:
        if not kept.has("core", changed_percent=changed, pairs=pairs):
            tell(f"{pairs} pairs, {changed} % changed")
            kept.rows("core").append(core.run(pairs, changed))
            kept.write()


def _layers(kept: Kept) -> None:
    if "imports" in kept.found:
        return
    WORK.mkdir(parents=True, exist_ok=True)
    tell("building the layers")
    kept.found |= {"layers": layers.sizes(WORK), "imports": layers.imports(WORK, tell)}
    kept.write()


def _sandbox(size: int, rounds: int, kept: Kept) -> None:
    if kept.found.get("sandbox", {}).get("size") == size:
        return
    tell(f"the sandbox with {size} companies")
    kept.found["sandbox"] = sandbox.measure(size, rounds)
    kept.write()


def measure_asked(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for; a run that breaks off leaves what it had in the file. Raises StaleError."""
    start, wanted = perf_counter(), asked.only or SECTIONS
    kept = Kept.resumed(asked.out) if asked.resume else Kept(asked.out)
    if "flows" in wanted:
        flows(asked.n, tell, kept)
    if "layers" in wanted:
        _layers(kept)
    if "core" in wanted:
        _core(asked.pairs, kept)
    if "sandbox" in wanted:
        _sandbox(asked.size, asked.rounds, kept)
    kept.found["measured"] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "seconds": round(perf_counter() - start + kept.found.get("measured", {}).get("seconds", 0), 1),
    }
    return kept.found
