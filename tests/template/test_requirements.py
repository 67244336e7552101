"""The locked requirement files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from requirements.lock import MARK, ROOT, SOURCES, digest, is_stale

COMPILED = [str(Path(source).with_suffix(".txt")) for source in SOURCES]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source that refers to another, freshly compiled."""
    (tmp_path / "base.in").write_text("httpx\n")
    source = tmp_path / "app.in"
    source.write_text("-r base.in\nrich\n")
    body = "httpx==1\nrich==2\n"
    source.with_suffix(".txt").write_text(f"{MARK}{digest(source, body)}\n{body}")
    return source


@pytest.mark.parametrize("source", SOURCES)
def test_no_compiled_file_is_stale(source: str) -> None:
    """What is installed is what is asked for."""
    assert not is_stale(ROOT / source)


def test_a_fresh_file_is_not_stale(source: Path) -> None:
    """The check is silent when nothing was touched."""
    assert not is_stale(source)


@pytest.mark.parametrize("name", ["app.in", "base.in", "app.txt"])
def test_an_edit_that_was_not_compiled_is_seen(source: Path, name: str) -> None:
    """Of the source, of what it refers to, and of the compiled file itself."""
    touched = source.parent / name
    touched.write_text(touched.read_text() + "# edited\n")
    assert is_stale(source)


@pytest.mark.parametrize("compiled", COMPILED)
def test_every_package_is_pinned_with_hashes_and_no_address(compiled: str) -> None:
    """A file that names where packages come from would tie everyone to that place."""
    text = (ROOT / compiled).read_text()
    assert not re.search(r"https?://|^-i|--index|--extra-index|--find-links|--trusted", text, re.MULTILINE)
    for requirement in re.split(r"\n(?=[a-zA-Z])", text.split("\n", 1)[1]):
        assert re.match(r"[a-zA-Z0-9._-]+(\[[a-z,]+\])?==", requirement), requirement[:60]
        assert "--hash=sha256:" in requirement, requirement[:60]


def test_the_functions_and_the_command_run_the_same_versions() -> None:
    """Else a test would prove what Lambda does not run."""

    def pins(path: str) -> set[str]:
        return set(re.findall(r"^([a-zA-Z0-9._-]+==[^\s;]+)", (ROOT / path).read_text(), re.MULTILINE))

    assert pins("layers/deps/requirements.txt") | pins("requirements/runtime.txt") <= pins(
        "requirements/local.txt"
    )
    assert pins("requirements/local.txt") <= pins("requirements/dev.txt")
