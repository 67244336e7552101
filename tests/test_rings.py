"""The rings: core imports nothing of ours, engine only core, adapters core and the ports; nobody looks outwards."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers" / "tandem"
OURS = ("tandem", "sandbox", "cli", "local", "benchmarks", "tests", "functions")
CORE_LIBRARIES = ("pydantic", "yaml", "stdnum", "anyascii", "phonenumbers", "rapidfuzz")
OUTSIDE = ("sandbox", "cli", "local", "benchmarks", "tests", "functions")


@dataclass(frozen=True)
class Ring:
    """A folder, and what of ours its modules may import: `allowed` and what lies below it.

    `libraries` None means: any third-party library.
    """

    folder: str
    allowed: tuple[str, ...]
    libraries: tuple[str, ...] | None = None


RINGS = (
    Ring("layers/tandem/tandem/core", ("tandem.core",), CORE_LIBRARIES),
    Ring("layers/tandem/tandem/engine", ("tandem.core", "tandem.engine"), ()),
    Ring("layers/tandem/tandem/adapters", ("tandem.core", "tandem.engine.ports", "tandem.adapters")),
    Ring("functions", ("tandem.bootstrap", "tandem.core.errors"), ("aws_lambda_powertools",)),
    Ring("sandbox", ("sandbox",)),
)


def imports(source: str, module: str) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) that a module imports, wherever in it; relative ones made absolute."""
    package = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "import_module",
            "importlib.import_module",
        ):
            yield node.lineno, str(getattr(node.args[0], "value", "?"))


def is_below(name: str, roots: Sequence[str]) -> bool:
    """`tandem.core.x` is below `tandem.core`, `tandem.corex` is not."""
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def violations(root: Path, ring: Ring) -> list[str]:
    """What modules of a ring import and may not, each as `file:line imports name`."""
    found = []
    for path in sorted((root / ring.folder).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        module = ".".join(parts[2:] if parts[:2] == ("layers", "tandem") else parts)
        for line, name in imports(path.read_text(encoding="utf-8"), module):
            head = name.split(".")[0]
            if head in sys.stdlib_module_names:
                continue
            allowed = ring.allowed if head in OURS else ring.libraries
            if allowed is not None and not is_below(name, allowed):
                found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


@pytest.mark.parametrize("ring", RINGS, ids=[ring.folder for ring in RINGS])
def test_a_ring_imports_only_what_lies_within(ring: Ring) -> None:
    """Core is pure, engine knows ports, adapters are the only I/O, handlers only wire."""
    assert list((ROOT / ring.folder).rglob("*.py")), "the ring has moved: this test would see nothing"
    assert violations(ROOT, ring) == []


def test_the_layer_imports_nothing_that_lambda_does_not_carry() -> None:
    """The composition root sees all rings, and nothing beside the layer."""
    for path in LAYER.rglob("*.py"):
        names = [name for _, name in imports(path.read_text(encoding="utf-8"), "tandem")]
        assert not [name for name in names if is_below(name, OUTSIDE)], path


def test_bootstrap_alone_sees_all_rings() -> None:
    """It imports engine and adapters; nobody imports it but the handlers (the command builds on it too)."""
    text = (LAYER / "tandem" / "bootstrap.py").read_text(encoding="utf-8")
    names = {name for _, name in imports(text, "tandem.bootstrap")}
    assert any(is_below(name, ["tandem.engine"]) for name in names)
    assert any(is_below(name, ["tandem.adapters"]) for name in names)


PLANTED = [
    ("layers/tandem/tandem/core/x.py", "from tandem.engine.rows import Rows", "tandem.engine.rows.Rows"),
    ("layers/tandem/tandem/core/x.py", "import tandem.adapters.memory.clock", "tandem.adapters.memory.clock"),
    ("layers/tandem/tandem/core/x.py", "from tandem import bootstrap", "tandem.bootstrap"),
    ("layers/tandem/tandem/core/x.py", "from ..engine import ports", "tandem.engine.ports"),
    ("layers/tandem/tandem/core/x.py", "import httpx", "httpx"),
    ("layers/tandem/tandem/core/x.py", "def f():\n    import boto3", "boto3"),
    (
        "layers/tandem/tandem/core/x.py",
        "from importlib import import_module\nimport_module('httpx')",
        "httpx",
    ),
    (
        "layers/tandem/tandem/engine/x.py",
        "from tandem.adapters.aws import table",
        "tandem.adapters.aws.table",
    ),
    ("layers/tandem/tandem/engine/x.py", "import pydantic", "pydantic"),
    ("layers/tandem/tandem/engine/sub/x.py", "import boto3", "boto3"),
    ("layers/tandem/tandem/adapters/x.py", "from tandem.engine.rows import Rows", "tandem.engine.rows.Rows"),
    ("layers/tandem/tandem/adapters/x.py", "import sandbox", "sandbox"),
    ("functions/f/app.py", "from tandem.engine.rows import Rows", "tandem.engine.rows.Rows"),
    ("functions/f/app.py", "from tandem.core import mapping", "tandem.core.mapping"),
    ("functions/f/app.py", "import boto3", "boto3"),
    ("sandbox/x.py", "from tandem.core import records", "tandem.core.records"),
    ("sandbox/x.py", "import cli", "cli"),
]


@pytest.mark.parametrize(("path", "source", "name"), PLANTED)
def test_a_planted_violation_is_named(tmp_path: Path, path: str, source: str, name: str) -> None:
    """The test that keeps the rings is shown to fail."""
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(source)
    [ring] = [ring for ring in RINGS if path.startswith(ring.folder)]
    [found] = violations(tmp_path, ring)
    assert found.startswith(f"{path}:")
    assert found.endswith(f" imports {name}")
