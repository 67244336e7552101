"""Serve the sandbox on a port: `python -m sandbox`."""

from __future__ import annotations

import argparse
import gc
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from sandbox.app import create_app, world_of
from sandbox.clock import ManualClock, parse_time
from sandbox.config import LARGEST, ORGS, SandboxConfig
from sandbox.limits import BOOKS_DAILY

_EPILOG = """
one port serves everything:
  /oauth/v2/token         accounts server: any client, any refresh token that begins with 1000.
  /crm/v8/...             Zoho CRM: Accounts, Contacts, Vendors, Products, COQL, watch, settings
  /books/v3/...           Zoho Books: contacts, persons, addresses, items, invoices, settings
  /control/...            yours: health, import, export, reset, edits as a user, faults, clock, switches, requests

try:
  curl -s localhost:18080/control/health
  TOKEN=$(curl -s -X POST 'localhost:18080/oauth/v2/token?grant_type=refresh_token&client_id=x&client_secret=y\\
&refresh_token=1000.a' | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')
  curl -s -H "Authorization: Zoho-oauthtoken $TOKEN" 'localhost:18080/crm/v8/Accounts?fields=Account_Name'
  curl -s -X POST localhost:18080/control/crm/Accounts -d '{"Account_Name": "Thistle & Rye Ltd"}'
  curl -s localhost:18080/control/switches      every fact about Zoho that no source settles
"""


def _moment(text: str) -> float | None:
    """None for the real clock, else the moment in epoch seconds."""
    try:
        return None if text == "real" else parse_time(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither real nor a moment with a zone") from None


def _from(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number of at least so much, and at most so much."""
    end = "on" if most is None else f"to {most}"

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} {end}")
        return int(text)

    return number


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m sandbox",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A local Zoho: OAuth, CRM v8 and Books v3 over plain HTTP, with faults, a clock and a log.",
    )
    made.add_argument(
        "--port", type=_from(0), default=18080, help="port to listen on (default 18080; 0 picks one)"
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    made.add_argument(
        "--log", type=Path, default=None, help="append one JSON line for every API call to this file"
    )
    made.add_argument("--seed", type=int, default=1, help="seed of ids, data and chance (default 1)")
    made.add_argument(
        "--size",
        type=_from(0, LARGEST),
        default=0,
        help=f"start with about this many invented companies, at most {LARGEST} (default 0)",
    )
    made.add_argument(
        "--limits",
        choices=("off", "real", "scaled"),
        default="off",
        help="off; real as Zoho's; scaled: the same numbers, a minute lasts a second (default off)",
    )
    made.add_argument(
        "--clock",
        type=_moment,
        default="real",
        help="real, or a moment such as 2026-11-23T09:00:00Z to stand at",
    )
    made.add_argument(
        "--country", choices=sorted(ORGS), default="IN", help="edition of both orgs (default IN)"
    )
    made.add_argument("--orgs", type=_from(1), default=1, help="pairs of a CRM and a Books org (default 1)")
    made.add_argument(
        "--plan",
        choices=tuple(BOOKS_DAILY),
        default="Professional",
        help="Books plan, for its limits (default Professional)",
    )
    made.add_argument(
        "--base-url", default=None, help="answer this as api_domain instead of the request's own host"
    )
    made.add_argument(
        "--strict", action="store_true", help="only clients and refresh tokens made known by control"
    )
    made.add_argument("--latency", type=float, default=0.0, help="seconds that every API call takes at least")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    args = parser().parse_args(arguments)
    try:
        listener = _listen(args.host, args.port)
    except (OSError, OverflowError) as error:
        parser().error(f"cannot listen on {args.host}:{args.port}: {error}")
    with listener:
        _serve(args, listener)
    return 0


def _serve(args: argparse.Namespace, listener: socket.socket) -> None:
    gc.disable()  # while so much is made that stays; and what stays is not to be gone through at each page
    app = create_app(
        SandboxConfig(
            seed=args.seed,
            size=args.size,
            limits=args.limits,
            log_path=args.log,
            clock=None if args.clock is None else ManualClock(args.clock),
            country=args.country,
            orgs=args.orgs,
            books_plan=args.plan,
            base_url=args.base_url,
            strict=args.strict,
            latency=args.latency,
        )
    )
    gc.freeze()
    gc.enable()
    world = world_of(app)
    listener.listen(2048)
    print(
        f"sandbox on http://{args.host}:{listener.getsockname()[1]}  CRM org {world.crm_org_id}  "
        f"Books organization_id {world.books_org_id}  (control: /control/health)",
        flush=True,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, date_header=False)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before the data are made: who has it already is told at once; calls come in later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and answers wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


if __name__ == "__main__":
    sys.exit(main())
