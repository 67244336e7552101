"""`tandem check`: is everything as the mapping and the connection say? Resumes a stopped connection that works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from cli import connect, plan, show
from cli.aws import hook_url
from cli.credentials import NAMES
from cli.facts import gather, place
from cli.mapping import approved_mapping
from cli.shell import ATTENTION, OUT_OF_REACH, Session, session_of
from cli.zoho import Zoho, covers, reach
from tandem.adapters.zoho.auth import Credentials
from tandem.adapters.zoho.endpoints import SCOPES
from tandem.adapters.zoho.endpoints import scopes as scopes_of
from tandem.adapters.zoho.models import Organization
from tandem.core.checks.run import check_mapping
from tandem.core.connection import Connection
from tandem.core.errors import RetryError, StopError, TandemError
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import RowClass, Side
from tandem.engine.gate import RoundGate
from tandem.engine.governor import accounts

EPILOG = """Examples:

  tandem check

  tandem check --json | jq '.findings[] | select(.state == "fault")'

Exit code 1 when there is a fault. Reads only; about ten calls to Zoho."""

_FAR_OFF = 60.0
_SOON = timedelta(days=1)
_RENEW = "run `tandem connect`: it renews the notifications"


State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    state: State
    sentence: str
    fix: str = ""


@dataclass
class Checkup:
    """What is being looked at, and what was found."""

    session: Session
    connection: Connection
    mapping: FieldMap
    zoho: Zoho | None = None
    found: list[Finding] = field(default_factory=list)
    unreached: bool = False
    """Zoho did not answer, or its quota is used up: some looks are missing."""
    proven: set[str] = field(default_factory=set)
    organization: Organization = field(default_factory=Organization)

    def add(self, area: str, state: State, sentence: str, fix: str = "") -> None:
        """One more finding."""
        self.found.append(Finding(area, state, sentence, fix))

    @property
    def has_fault(self) -> bool:
        """Something does not work."""
        return any(finding.state == "fault" for finding in self.found)


def check(ctx: typer.Context) -> None:
    """Hold the mapping, scopes, organisations, notifications and clocks against the live orgs.

    Each line is ok, a warning or a fault with its fix. A connection that was stopped (a revoked token, a wrong
    organisation) is resumed when everything works again.
    """
    session = session_of(ctx)
    connection = session.connection()
    checkup = Checkup(session, connection, session.store.connections.mapping(connection))
    asyncio.run(_check(checkup))
    works = not checkup.has_fault and not checkup.unreached
    resumed = connection.stopped is not None and works
    if resumed:
        connect.revive(session, connection)
        checkup.add(
            "connection", "ok", f"resumed; it was stopped: {connection.stopped and connection.stopped.reason}"
        )
    payload = {
        "ok": works,
        "connection": connection.id,
        "resumed": resumed,
        "findings": [asdict(finding) for finding in checkup.found],
    }
    show.answer(session, payload, lambda out: _print(out, checkup))
    if not works:
        raise typer.Exit(ATTENTION if checkup.has_fault else OUT_OF_REACH)


async def _check(checkup: Checkup) -> None:
    gate = RoundGate(checkup.session.store.governor, accounts(checkup.connection), RowClass.PERSON)
    try:
        secret = checkup.session.stack.secret("OAuth").get(checkup.connection.id) or {}
        given = Credentials(*(str(secret.get(name, "")) for name in NAMES[:3]))
        async with reach(checkup.connection, given, gate) as zoho:
            checkup.zoho = zoho
            checkup.add("token", "ok", "Zoho accepts the refresh token")
            in_crm = await _step(checkup, _crm_org, zoho)
            if in_crm:
                await _step(checkup, _crm, zoho)
                await _step(checkup, _channel, zoho)
            in_books = await _step(checkup, _books_org, zoho)
            if in_books:
                await _step(checkup, _books, zoho)
            if in_crm and in_books:
                await _step(checkup, _fields, zoho)
            _scopes(checkup, zoho)
            _clock(checkup, zoho)
            if not checkup.has_fault:
                zoho.minted.share_all(checkup.session.store.table, checkup.connection)
    except StopError as error:
        checkup.add("token", "fault", str(error), "run `tandem connect` with new secrets")
    except RetryError as error:
        checkup.unreached = True
        checkup.add("token", "warning", str(error), "try again later; no change is lost meanwhile")
    finally:
        gate.close()


async def _step(checkup: Checkup, step: Callable[[Checkup, Zoho], Awaitable[None]], zoho: Zoho) -> bool:
    """One look; what stops it is a finding, and the next looks go on. False: that organisation is not ours."""
    area, before = step.__name__.strip("_").replace("_", " "), len(checkup.found)
    try:
        await step(checkup, zoho)
    except RetryError as error:
        checkup.unreached = True
        checkup.add(area, "warning", str(error), "try again later; no change is lost meanwhile")
    except TandemError as error:
        checkup.add(area, "fault", str(error), _fix_of(error))
    return not any(found.state == "fault" for found in checkup.found[before:])


def _fix_of(error: TandemError) -> str:
    if "scope" in str(error):
        return "generate a new code with every scope that `tandem scopes` prints, then `tandem connect`"
    return "mend it, then run `tandem check` again"


async def _crm_org(checkup: Checkup, zoho: Zoho) -> None:
    org = await zoho.crm.org()
    checkup.proven.add("ZohoCRM.org.READ")
    ids = org.ids
    expected = checkup.connection.crm_org
    if expected and expected not in ids:
        fix = "reconnect with a token of the right CRM organisation"
        checkup.add(
            "crm org", "fault", f"the token belongs to CRM org {', '.join(ids)}, not to {expected}", fix
        )
        return
    user = await zoho.crm.current_user()
    checkup.proven.add("ZohoCRM.users.READ")
    name = user.full_name or user.email or user.id
    checkup.add("crm org", "ok", f"{org.company_name} ({expected or ids[0]}); Tandem acts as {name}")


async def _books_org(checkup: Checkup, zoho: Zoho) -> None:
    org = await connect.organization(zoho, checkup.connection)
    checkup.proven.add("ZohoBooks.settings.READ")
    checkup.organization = org
    plan = org.plan_name or "plan unknown"
    checkup.add("books org", "ok", f"{org.name} ({checkup.connection.organization_id}, {plan})")


async def _crm(checkup: Checkup, zoho: Zoho) -> None:
    rows = await zoho.crm.changed(
        checkup.mapping.entities["customer"].resource(Side.CRM),
        since=datetime.now(UTC),
        before=None,
        after=None,
    )
    del rows
    checkup.proven.add("ZohoCRM.coql.READ")
    checkup.proven |= {
        f"ZohoCRM.modules.{entity.crm_module}.READ" for entity in checkup.mapping.entities.values()
    }


async def _books(checkup: Checkup, zoho: Zoho) -> None:
    page = await zoho.books.changed(
        checkup.mapping.entities["customer"].resource(Side.BOOKS), since=None, before=None, after=None
    )
    checkup.proven.add("ZohoBooks.contacts.READ")
    _native_sync(checkup, page.bodies)


async def _fields(checkup: Checkup, zoho: Zoho) -> None:
    approved = approved_mapping(checkup.session, checkup.connection)
    facts = await gather(zoho, checkup.mapping, checkup.organization, approved)
    checkup.proven |= {"ZohoCRM.settings.fields.READ", "ZohoCRM.settings.layouts.READ"}
    found = check_mapping(checkup.mapping, facts)
    for one in found:
        checkup.add(f"mapping {place(one)}", "fault" if one.is_fault else "warning", one.message, one.fix)
    if not any(one.is_fault for one in found):
        count = sum(len(entity.fields) for entity in checkup.mapping.entities.values())
        checkup.add("mapping", "ok", f"{show.plural(count, 'field')} fit both organisations")


def _native_sync(checkup: Checkup, bodies: Sequence[Mapping[str, Any]]) -> None:
    word = checkup.connection.native_sync
    linked = [str(body.get("contact_name", "")) for body in bodies if body.get("is_linked_with_zohocrm")]
    if word == "off_confirmed":
        checkup.add("native sync", "ok", "a person confirmed that Zoho's own CRM sync is off")
    elif linked or word == "on":
        checkup.add(
            "native sync",
            "fault",
            f"Zoho's own CRM sync has linked {linked[0] if linked else 'customers'} in Books: two syncs would loop",
            "switch it off in Books (Settings > Integrations > Zoho CRM), then `tandem mode write --native-sync-off`",
        )
    else:
        checkup.add("native sync", "ok", f"not seen on {show.plural(len(bodies), 'customer')} of Books")


async def _channel(checkup: Checkup, zoho: Zoho) -> None:
    ours = [one for one in await zoho.crm.watches() if one.channel_id in checkup.connection.crm_channels]
    checkup.proven.add("ZohoCRM.notifications.READ")
    if not ours:
        sentence = (
            "CRM sends no notifications (expired or never subscribed): changes are found by polling only"
        )
        checkup.add("notifications", "fault", sentence, _RENEW)
        return
    checkup.proven.add("ZohoCRM.notifications.CREATE")
    ends = min((one.channel_expiry for one in ours if one.channel_expiry), default=None)
    secret = checkup.session.stack.secret("Webhook").get(checkup.connection.id, {}).get("path_secret", "")
    tail = hook_url("", "crm", checkup.connection.id, secret)
    if not ours[0].notify_url.endswith(tail):
        checkup.add("notifications", "fault", "CRM sends its notifications to another address", _RENEW)
    elif ends is not None and ends - zoho.server_now() < _SOON:
        checkup.add(
            "notifications",
            "warning",
            f"CRM's notifications end at {show.moment(ends.isoformat())} UTC",
            _RENEW,
        )
    else:
        until = f" until {show.moment(ends.isoformat())} UTC" if ends else ""
        checkup.add("notifications", "ok", f"CRM sends them{until}")


def _scopes(checkup: Checkup, zoho: Zoho) -> None:
    granted = zoho.minted.scopes
    needed = scopes_of(checkup.mapping.entities)
    missing = [scope for scope in needed if scope not in checkup.proven and not covers(granted, scope)]
    writes = [scope for scope in missing if scope.startswith(("ZohoCRM.modules.", "ZohoBooks."))]
    fix = "generate a new code with every scope that `tandem scopes` prints, then `tandem connect`"
    if not granted:
        checkup.add("scopes", "ok", "every read works; Zoho does not tell which writes are allowed")
    elif writes:
        checkup.add("scopes", "fault", f"the token lacks {', '.join(writes)}", fix)
    elif missing:
        checkup.add(
            "scopes", "warning", f"Zoho does not list {', '.join(missing)} among the token's scopes", fix
        )
    else:
        checkup.add("scopes", "ok", f"all {len(needed)} scopes are granted")


def _clock(checkup: Checkup, zoho: Zoho) -> None:
    seconds = zoho.clock_difference
    if seconds is None:
        checkup.add("clock", "warning", "Zoho's answers carry no date")
    elif abs(seconds) > _FAR_OFF:
        fix = "set this machine's clock; Lambda's own clock is kept by AWS"
        checkup.add(
            "clock", "warning", f"Zoho's clock and this machine's are {show.span(abs(seconds))} apart", fix
        )
    else:
        checkup.add("clock", "ok", f"Zoho's clock and this machine's are {abs(seconds):.0f} s apart")


def _print(out: Console, checkup: Checkup) -> None:
    rows = show.table("", "what", "finding", "what to do")
    for finding in checkup.found:
        rows.add_row(show.state(finding.state), finding.area, finding.sentence, finding.fix)
    out.print(rows)
    faults = sum(finding.state == "fault" for finding in checkup.found)
    if checkup.unreached:
        show.say(out, "Zoho could not be asked about everything.", style="yellow")
    show.say(out, f"{show.plural(faults, 'fault')}." if faults else "No fault.")


def scopes(
    ctx: typer.Context,
    preset: Annotated[str | None, typer.Option(help="Those of a mapping that comes with Tandem.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="Those of a mapping of your own (YAML).")] = None,
) -> None:
    """Print the OAuth scopes that Tandem needs, as the API console takes them; without a mapping all there are.

    A token cannot be widened later: vendors and items need more than customers.
    """
    session = session_of(ctx)
    options = plan.Options("main", preset, mapping)
    asked = scopes_of(plan.mapping_text(options, None)[1].entities) if preset or mapping else SCOPES
    show.answer(session, {"ok": True, "scopes": list(asked)}, lambda out: show.say(out, ",".join(asked)))
