"""What a run has measured so far: kept in its file, so that one that broke off can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
MEASURED_CODE: Final = ("layers/tandem", "functions", "sandbox", "benchmarks", "tests/system")


class StaleError(Exception):
    """The file is of other code, or is none: going on with it would mix figures."""


@dataclass(slots=True)
class Kept:
    """The file of one run."""

    out: Path
    found: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def resumed(cls, out: Path) -> Kept:
        """Go on with the run that left this file; raises StaleError where that cannot be."""
        try:
            found = json.loads(out.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StaleError(f"{out} holds no run to resume: start without --resume") from error
        if not isinstance(found, dict) or found.get("code") != code():
            raise StaleError(f"the code has changed since {out} was written: start without --resume")
        return cls(out, found)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of one section so far, to be added to."""
        rows: list[dict[str, Any]] = self.found.setdefault(name, [])
        return rows

    def has(self, name: str, **keys: Any) -> bool:
        """Whether a section has a row with these values."""
        return any(all(row[key] == value for key, value in keys.items()) for row in self.found.get(name, ()))

    def write(self) -> str:
        """Put what was found so far into the file; the text of it."""
        self.found["code"] = code()
        text = json.dumps(self.found, indent=2, ensure_ascii=False)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(text + "\n", encoding="utf-8")
        return text


def code() -> str:
    """A mark of the code that is measured: another one means other figures."""
    mark = sha256()
    for path in _sources(MEASURED_CODE):
        mark.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return mark.hexdigest()[:16]


def _sources(folders: Iterable[str]) -> list[Path]:
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml")
    )
