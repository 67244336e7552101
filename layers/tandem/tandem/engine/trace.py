"""Where an error was raised, for a log that must not hold values: a traceback's text may quote them."""

from __future__ import annotations

import traceback

_FRAMES = 4


def where(error: BaseException) -> str:
    """The innermost places, newest first, as `file:line function`."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in reversed(frames))
