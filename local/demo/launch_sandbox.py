"""Start the sandbox so that it ends with its parent: standard input closes when that dies, however it dies.

The word `keep` on standard input lets it live on.
"""

from __future__ import annotations

import os
import sys
import threading

from sandbox.__main__ import main


def end_with_parent() -> None:
    """Wait for the parent to go, then end."""
    # Unbuffered: a lock on sys.stdin would get in the way of an orderly end.
    if os.read(sys.stdin.fileno(), 4) != b"keep":
        os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
