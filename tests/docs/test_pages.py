"""Every page: its links, paths, commands and named tests are real, and it gives nothing away."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from cli.main import app
from tests.docs.pages import PACKAGE, PAGES, ROOT, marked, text_of

FOREIGN = re.compile(
    r"pypi|pythonhosted|npmjs|crates\.io|artifactory|nexus|(?<![\w.])/(home|root|Users|tmp|work|opt|var)/"
    r"|\b\d{1,3}(\.\d{1,3}){3}\b|[\w.-]+\.(internal|corp|lan)\b",
    re.IGNORECASE,
)
FOLDERS = (
    "adapters|cli|core|docs|engine|events|functions|layers|local|presets|requirements|sandbox|tests|\\.ci"
)
COMMANDS = {str(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands} | {
    str(group.name) for group in app.registered_groups
}


def anchors(page: str) -> set[str]:
    """The anchors that the headings of a page make."""
    titles = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_project_resolves(page: str) -> None:
    """A link names a file that is there, and a heading that the file has."""
    here = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (here / path).resolve() if path else ROOT / page
        assert file.is_file(), f"{page}: {target}"
        assert not anchor or anchor in anchors(str(file.relative_to(ROOT))), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    """Given from the root, or from the package's own folder."""
    for text in marked(text_of(page)):
        for path in re.findall(rf"(?<![\w/.])((?:{FOLDERS})/[\w./-]*\w)", text):
            assert (ROOT / path).exists() or (PACKAGE / path).exists(), f"{page}: {path}"


def defined_tests() -> dict[str, set[str]]:
    """Test file -> the names of its tests."""
    return {
        str(file.relative_to(ROOT)): set(re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8")))
        for file in (ROOT / "tests").rglob("test_*.py")
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    """A promise whose test was renamed or removed is no longer shown by it."""
    known = defined_tests()
    everywhere = set().union(*known.values())
    for name in re.findall(r"`(test_\w+)`", text_of(page)):
        assert name in everywhere, f"{page}: {name}"
    for file, name in re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", text_of(page)):
        assert name in known.get(file, set()), f"{page}: {file}::{name}"


def command_words(page: str) -> Iterator[tuple[str, str]]:
    """(program, first word after it) of every `make ...` and `tandem ...` in code."""
    for text in marked(text_of(page)):
        yield from re.findall(r"(?:^|[;&|] *|\(| )(make|tandem) +([a-z][\w-]*)", text.partition(" #")[0])


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists(page: str) -> None:
    """`make` targets are in the Makefile, `tandem` commands in the command itself."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for program, word in command_words(page):
        assert word in (targets if program == "make" else COMMANDS), f"{page}: {program} {word}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_gives_nothing_away(page: str) -> None:
    """No host of a package registry, no path of a machine, no address of a network."""
    assert [found[0] for found in FOREIGN.finditer(text_of(page))] == []


@pytest.mark.parametrize(
    "planted", ["https://" + "py" + "pi.org/simple", "see /home/me/x", "10.0.0.7", "git.corp"]
)
def test_what_gives_away_is_seen(planted: str) -> None:
    """The check above finds what it looks for."""
    assert FOREIGN.search(planted)


def test_the_readme_says_that_no_live_zoho_was_met() -> None:
    """In one line, with what stands in for it."""
    readme = text_of("README.md")
    assert "has not yet run against a live Zoho organisation" in readme
    assert "docs/unproven.md" in readme
    assert "docs/sandbox.md" in readme


def test_the_readme_is_one_page_and_names_what_is_needed() -> None:
    """Two commands, a picture, the versions of Python that the house supports."""
    readme = text_of("README.md")
    assert len(readme.splitlines()) <= 100
    assert re.search(r"^make demo\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert "```mermaid" in readme
    assert "Python 3.11 to 3.14" in readme


def test_ci_calls_the_command_of_the_readme() -> None:
    """Verbatim."""
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_reached_from_the_readme(page: str) -> None:
    """A page that nobody finds is not read."""
    assert page == "README.md" or f"({page})" in text_of("README.md")


def test_every_module_of_tests_docs_parses() -> None:
    """Also on the oldest Python that is supported."""
    for file in (ROOT / "tests" / "docs").glob("*.py"):
        ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 11))
