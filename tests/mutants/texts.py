"""Print, in a session's folder, the whole module for each mutant named by an argument: a list in JSON.

One process for all, since mutmut's own command takes a second or more for each. Only what runs in the
environment of mutmut may start this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from mutmut.mutation.diff_apply import apply_mutant, find_mutant


def texts(mutants: list[str]) -> Iterator[str]:
    """The module with each mutant in it. The source stays as it was; the caller sets its time back."""
    for name in mutants:
        source = Path(find_mutant(name).path)
        plain = source.read_text()
        try:
            apply_mutant(name)
            yield source.read_text()
        finally:
            source.write_text(plain)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list(texts(sys.argv[1:]))))
