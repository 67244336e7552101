"""Start the emulator so that handlers run under another Python, named as its argument.

The emulator starts handlers with `sys.executable`; naming the runtime's environment there keeps the
emulator's own packages out of them. It ends with its parent: standard input closes when that dies, however
it dies. The word `keep` on standard input lets it live on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading


def end_with_parent() -> None:
    """Wait for the parent to go, then end the whole process group (handlers included)."""
    # Unbuffered: a lock on sys.stdin would get in the way of an orderly end.
    if os.read(sys.stdin.fileno(), 4) != b"keep":
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)  # made for this process alone
        os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Run the emulator in the foreground."""
    from ministack import app  # noqa: PLC0415 - lives in the emulator's environment only

    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.executable = sys.argv.pop(1)
    try:
        app.main()
    finally:
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


if __name__ == "__main__":
    main()
