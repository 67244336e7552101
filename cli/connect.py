"""`tandem connect`: pair one CRM org with one Books organisation, or renew what binds them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import credentials as secret
from cli import plan, show
from cli.aws import hook_url
from cli.shell import Session, session_of
from cli.zoho import Zoho, reach, redeem
from tandem.adapters.zoho.auth import Credentials
from tandem.adapters.zoho.channels import LONGEST, Channel
from tandem.adapters.zoho.models import Organization
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError, ForbiddenError, RefusedError, RetryError
from tandem.core.mapping import Mapping as FieldMap
from tandem.core.records import Mode
from tandem.engine.anew import compare_anew

_SPARE = timedelta(minutes=1)
EPILOG = """Examples:

  tandem connect --preset india --organization-id 60001234567

  tandem connect --mapping my.yaml --dc eu --organization-id 20001 --secrets-file zoho.env

  tandem connect --settings poll_seconds=60

  tandem connect --show-secrets

The second and later time only what you give changes. Make the client at api-console.zoho.com as a Self Client;
`tandem scopes` prints the scopes to paste there."""

Text = str | None


@dataclass
class Outcome:
    """What `connect` found and did."""

    connection: Connection
    created: bool
    mapping: FieldMap
    webhook: Mapping[str, str]
    hooks: str
    orgs: Mapping[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    expires: datetime | None = None
    warnings: list[str] = field(default_factory=list)

    def url(self, side: str) -> str:
        """The address of one side's webhook."""
        return hook_url(self.hooks, side, self.connection.id, self.webhook["path_secret"])


def connect(
    ctx: typer.Context,
    preset: Annotated[
        Text, typer.Option(help="Mapping that comes with Tandem: india, uk, us or generic.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping of your own (YAML).")] = None,
    dc: Annotated[Text, typer.Option(help="Zoho data centre: in, us, eu, uk, au, jp, ca, sa or cn.")] = None,
    organization_id: Annotated[Text, typer.Option(help="The Books organisation.")] = None,
    crm_org: Annotated[
        Text, typer.Option(help="The CRM organisation; default: the one of the token.")
    ] = None,
    client_id: Annotated[
        Text, typer.Option(help="OAuth client id; the secrets never go on this line.")
    ] = None,
    secrets_file: Annotated[
        Path | None,
        typer.Option(help="client_id, client_secret, refresh_token as JSON or NAME=VALUE; - reads stdin."),
    ] = None,
    accounts_url: Annotated[Text, typer.Option(help="Accounts server; default: by data centre.")] = None,
    crm_url: Annotated[Text, typer.Option(help="Root of the CRM API; default: by data centre.")] = None,
    books_url: Annotated[Text, typer.Option(help="Root of the Books API; default: by data centre.")] = None,
    hooks_url: Annotated[
        Text, typer.Option(help="Where Zoho reaches the webhooks; default: the stack's API.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option(help="key=value, several times; lists as 5,30,120.")
    ] = None,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print the webhook secrets too.")
    ] = False,
) -> None:
    """Pair a CRM org with a Books organisation, or renew the connection.

    Checks mapping and token by reading both organisations, stores the connection (it only observes at first),
    subscribes CRM's notifications, and says what to paste in Books. Running it again changes only what you give
    and renews the notifications. Secrets come from TANDEM_CLIENT_ID, TANDEM_CLIENT_SECRET and
    TANDEM_REFRESH_TOKEN (or TANDEM_GRANT_CODE), from --secrets-file, or from a prompt.
    """
    session = session_of(ctx)
    options = plan.Options(
        session.connection_id or "main",
        preset,
        mapping,
        dc,
        accounts_url,
        crm_url,
        books_url,
        organization_id,
        crm_org,
        settings or (),
    )
    outcome = asyncio.run(_connect(session, options, secrets_file, client_id, hooks_url))
    show.answer(session, _payload(outcome), lambda out: _print(out, outcome, show_secrets=show_secrets))
    if outcome.warnings:
        session.attend()


async def _connect(
    session: Session, options: plan.Options, file: Path | None, client_id: str | None, hooks: str | None
) -> Outcome:
    stack, connections = session.stack, session.store.connections
    everyone = {id: connections.read(id) for id in connections.ids()}
    known = everyone.get(options.id)
    stored = session.store.table.get(f"CONN#{options.id}", "MAP#active") if known else None
    text, mapping = plan.mapping_text(options, stored["text"] if stored else None)
    asked = plan.connection(options, known, list(everyone.values()))
    given = await _credentials(stack.secret("OAuth").get(options.id, {}), file, client_id, asked)
    async with reach(asked, given) as zoho:
        asked, orgs = await _read_orgs(
            zoho, asked, explicit_url=bool(options.crm_url or (known and not options.dc))
        )
        asked = (
            asked
            if known
            else asked.model_copy(update={"group": plan.group_of(asked, list(everyone.values()))})
        )
        webhook = secret.webhook_entry(stack.secret("Webhook").get(options.id, {}))
        outcome = Outcome(asked, known is None, mapping, webhook, hooks or stack.hooks_url(), orgs)
        before = connections.mapping(known) if known else mapping
        _store(session, outcome, known, text, given)
        if anew := compare_anew(session.store, asked.id, before, mapping, session.now()):
            outcome.changed.append(f"{show.plural(anew, 'pair')} to compare anew, after all other work")
        zoho.minted.share_all(session.store.table, outcome.connection)
        await _subscribe(session, zoho, outcome)
    if known and known.stopped:
        revive(session, outcome.connection)
        outcome.changed.append("resumed: it was stopped")
    return outcome


async def _credentials(
    stored: Mapping[str, Any], file: Path | None, client_id: str | None, asked: Connection
) -> Credentials:
    found = secret.gather(file, client_id, stored)
    code = found.get("grant_code")
    if code:
        minted = await redeem(asked.accounts_url, found["client_id"], found["client_secret"], code)
        found["refresh_token"] = minted.refresh_token
    return secret.credentials(found)


async def _read_orgs(
    zoho: Zoho, asked: Connection, *, explicit_url: bool
) -> tuple[Connection, dict[str, str]]:
    """The connection with the CRM org that the token belongs to; raises when either org is not the one asked for."""
    domain = zoho.minted.api_domain.rstrip("/")
    if domain and not explicit_url and domain != asked.crm_url:
        raise BadInputError(f"the token belongs to {domain}, not to {asked.crm_url}: choose another --dc")
    crm = await zoho.crm.org()
    ids = crm.ids
    if not ids:
        raise ForbiddenError("CRM tells no organisation: the token needs the scope ZohoCRM.org.READ")
    if asked.crm_org and asked.crm_org not in ids:
        raise BadInputError(f"crm_org: the token belongs to CRM org {ids[0]}, not to {asked.crm_org}")
    books = await organization(zoho, asked)
    names = {"crm": crm.company_name, "books": books.name, "plan": books.plan_name}
    found = {"crm_org": asked.crm_org or ids[0], "books_zone": books.time_zone}
    return asked.model_copy(update=found), names


async def organization(zoho: Zoho, connection: Connection) -> Organization:
    """The connection's Books organisation; raises BadInputError naming those that the token can see."""
    seen = {one.organization_id or "": one for one in await zoho.books.organizations()}
    if connection.organization_id not in seen:
        names = ", ".join(f"{id} ({one.name})" for id, one in seen.items()) or "none"
        raise BadInputError(
            f"organization_id: the token's user does not belong to Books organisation {connection.organization_id}; "
            f"it belongs to {names}"
        )
    return seen[connection.organization_id]


def _store(
    session: Session, outcome: Outcome, known: Connection | None, text: str, given: Credentials
) -> None:
    entry = {
        "client_id": given.client_id,
        "client_secret": given.client_secret,
        "refresh_token": given.refresh_token,
    }
    made = outcome.connection
    update: dict[str, Any] = {"mapping_version": outcome.mapping.version}
    if known and known.mapping_version != outcome.mapping.version and known.mode is Mode.WRITE:
        update["mode"] = Mode.OBSERVE
        outcome.changed.append(
            "mode: observe, until you approve the changed mapping with `tandem mapping approve`"
        )
    if not made.crm_channels:
        update["crm_channels"] = (secret.channel_id(),)
    made = outcome.connection = made.model_copy(update=update)
    if session.stack.keep_secret("Webhook", made.id, outcome.webhook):
        outcome.changed.append("webhook secrets")
    if session.stack.keep_secret("OAuth", made.id, entry):
        outcome.changed.append("OAuth secrets")
    if made != known:
        session.store.connections.save(made, text)
        _remember(session, known, made)
        outcome.changed.append("connection")


def _remember(session: Session, known: Connection | None, made: Connection) -> None:
    """What of the connection a person changed, with the values before and after; no secret is in it."""
    after = made.model_dump(mode="json")
    before = known.model_dump(mode="json") if known else {}
    names = [name for name, value in after.items() if before.get(name) != value]
    session.store.history.acted(
        made.id,
        "connect",
        session.stack.caller,
        session.now(),
        before={name: before.get(name) for name in names},
        after={name: after[name] for name in names},
    )


async def _subscribe(session: Session, zoho: Zoho, outcome: Outcome) -> None:
    made, now = outcome.connection, zoho.server_now()
    modules = dict.fromkeys(entity.crm_module for entity in outcome.mapping.entities.values())
    events = tuple(f"{module}.{event}" for module in modules for event in ("create", "edit", "delete"))
    ends = now.replace(microsecond=0) + LONGEST - _SPARE
    channel = Channel(made.crm_channels[0], events, outcome.url("crm"), outcome.webhook["crm_token"], ends)
    try:
        outcome.expires = await zoho.crm.renew(channel) or ends
    except (RefusedError, RetryError) as error:
        outcome.warnings.append(
            f"CRM did not subscribe its notifications ({error}): changes are found by polling only. Can Zoho reach "
            f"{outcome.hooks}? Then run `tandem connect` again"
        )
        return
    if ends - outcome.expires > timedelta(days=1):
        outcome.warnings.append(f"CRM granted its notifications only until {outcome.expires.isoformat()}")
    session.store.connections.set(made.id, crm_channel_expiry=outcome.expires.isoformat())
    session.store.cases.close(made.id, "channel ended")


def revive(session: Session, connection: Connection) -> None:
    """The connection works again: resume it, wake what waited for its token, ring."""
    session.store.connections.resume(connection.id, session.store.rows, session.now())
    session.stack.ring(connection.group)


def _payload(outcome: Outcome) -> dict[str, Any]:
    made = outcome.connection
    return {
        "ok": not outcome.warnings,
        "connection": made.id,
        "group": made.group,
        "created": outcome.created,
        "changed": outcome.changed,
        "mode": made.mode.value,
        "crm": {"org": made.crm_org, "name": outcome.orgs["crm"], "url": made.crm_url},
        "books": {"organization_id": made.organization_id, "name": outcome.orgs["books"], "url": made.books_url,
                  "plan": outcome.orgs["plan"]},
        "mapping": {"version": outcome.mapping.version, "entities": list(outcome.mapping.entities)},
        "webhook_crm": {"url": outcome.url("crm"), "secret": outcome.webhook["crm_token"],
                        "channel_id": made.crm_channels[0], "expires": outcome.expires},
        "webhook_books": {"url": outcome.url("books"), "secret": outcome.webhook["books_secret"]},
        "warnings": outcome.warnings,
    }  # fmt: skip


def _print(out: Console, outcome: Outcome, *, show_secrets: bool) -> None:
    made, shown = outcome.connection, show_secrets
    show.say(out, f"Connection “{made.id}” {'made' if outcome.created else 'renewed'}: {outcome.orgs['crm']} (CRM "
              f"{made.crm_org}) and {outcome.orgs['books']} (Books {made.organization_id}, "
              f"{outcome.orgs['plan']}).")  # fmt: skip
    show.say(out, f"Mode: {made.mode}. Changed: {'; '.join(outcome.changed) or 'nothing'}.")
    if outcome.expires:
        show.say(
            out, f"CRM's notifications are subscribed until {show.moment(outcome.expires.isoformat())} UTC."
        )
    for warning in outcome.warnings:
        show.say(out, f"Warning: {warning}", style="yellow")
    url = outcome.url("books")
    key = outcome.webhook["books_secret"] if shown else "********  (tandem connect --show-secrets)"
    show.say(out, "\nIn Books, once (Settings > Automation > Workflow Actions > Webhooks > New Webhook):")
    rules = ", ".join(one.kind.books_rule for one in outcome.mapping.entities.values() if one.kind.books_rule)
    each = " (each of them has a webhook and a rule of its own)" if "," in rules else ""
    show.say(out, f"  1. Module: {rules}{each}; method: POST; body: default payload (JSON).")
    show.say(out, f"  2. URL:    {url if shown else secret.masked(url)}")
    show.say(out, f"  3. Secret: {key}")
    show.say(
        out,
        f"  4. Workflow Rules > New: module {rules}, when created or edited (each time), action: its webhook.",
    )
    show.say(out, "\nThen:")
    show.say(out, "  tandem check          are all fields, scopes and organisations right?")
    show.say(out, "  tandem status         what is linked, what waits and why")
    if made.mode is Mode.OBSERVE:
        show.say(out, "  tandem mode           what it would write; nothing is written yet")
        show.say(out, "  tandem mode write     when you like what it would do")
