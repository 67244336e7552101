"""`python -m local.demo`: KEEP=1 leaves everything running, SEED=n changes the data."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from local.demo.demo import Demo


def main() -> int:
    """Run the demo; 0 when every step went well."""
    seed = os.environ.get("SEED") or "1"
    if not seed.isdigit():
        print(f"SEED is a number, not {seed!r}", file=sys.stderr)
        return 2
    # A shell that starts us in the background has us ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return Demo(
        Path(__file__).resolve().parents[2], int(seed), keep=os.environ.get("KEEP", "") not in ("", "0")
    ).run()


if __name__ == "__main__":
    sys.exit(main())
