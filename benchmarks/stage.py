"""A whole system for one measurement: pairs in step or yet to be linked, and what it spends from a moment on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.adapters.memory.counting import CountingTable
from tandem.core.records import LinkState
from tandem.engine.rows import Rows
from tests.system.sections import india
from tests.system.world import System

DAY = 86_400
CALM_SECONDS = 3
"""Nothing is pending for that long: notifications of our own writes have come by then."""


class NotInStepError(Exception):
    """The stage did not come to the state that a flow starts from, or a flow did not end: no figure is given."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A customer with one person on both sides."""

    account: str
    contact: str
    customer: str
    person: str


UNGUARDED = {
    "mass_change_records": 0,
    "mass_change_percent": 0,
    "mass_delete_records": 0,
    "value_collapse_records": 0,
    "empty_side_percent": 0,
}
"""A thousand edits at once are what the guards are there to stop; here they are meant."""


class Stage:
    """One system in memory; `scale` is how many times the limits of a minute count (1: as on a live org).

    `sections`: entities of the mapping beside the preset's. `settings`: those of the connection.
    """

    def __init__(self, scale: int, sections: str = "", settings: Mapping[str, Any] | None = None) -> None:
        more = {"limits_scale": scale, **UNGUARDED, **(settings or {})}
        self.system = System(seed=1, mapping=india(sections), settings=more)
        self._modules = ("Accounts", "Contacts", *(m for m in ("Vendors", "Products") if m in sections))
        self.history = CountingTable(self.system.past)
        self.system.store.history.table = self.history
        self._mark = 0
        self._is_subscribed = False

    async def close(self) -> None:
        """Close what the system holds open."""
        await self.system.http.aclose()
        await self.system.sandbox.outbox.close()

    # --- setting the scene ---------------------------------------------------------------------------

    async def imported(self, n: int, *, stamped: bool = True) -> list[Pair]:
        """Import n customers with a person each on both sides, equal and not linked.

        With stamps in Books, as if linked once; else they are the same by their e-mails, and Books lacks the websites.
        """
        crm = {
            "Accounts": [{**account(i), "$ref": f"a{i}"} for i in range(n)],
            "Contacts": [contact(i, {"$ref": f"a{i}"}) for i in range(n)],
        }
        made = (await self.control("POST", "/import", {"crm": crm}))["crm"]
        customers = [customer(i, made["Accounts"][i], website="https://" + domain(i)) for i in range(n)]
        if not stamped:
            customers = [
                {**one, "website": "", "custom_fields": one["custom_fields"][:1]} for one in customers
            ]
        books = (await self.control("POST", "/import", {"books": {"contacts": customers}}))["books"]
        self.system.clock.advance(3600)
        return [
            Pair(
                made["Accounts"][i], made["Contacts"][i], books["contacts"][i], books["contact_persons"][i][0]
            )
            for i in range(n)
        ]

    async def linked(self, n: int) -> list[Pair]:
        """Link n customers with a person each: in step, every version settled, notifications on."""
        pairs = await self.imported(n)
        await self.until_linked({"customer": n, "contact_person": n})
        return pairs

    async def subscribed(self) -> None:
        """Notifications are on; once is enough."""
        if not self._is_subscribed:
            self._is_subscribed = True
            await self.system.subscribe(self._modules)

    async def until_linked(self, wanted: Mapping[str, int]) -> None:
        """Link what is there, with notifications on, until so many of each entity are, then rest."""
        await self.subscribed()
        self.system.write_mode()
        for _ in range(20):
            await self.system.settle(1)
            if all(self._links(entity) == n for entity, n in wanted.items()) and self.is_quiet():
                break
        self._check_in_step(wanted)
        await self.system.settle(8)

    async def listed(self) -> None:
        """Two empty orgs, listed, writing, notifications on: creates may go."""
        await self.subscribed()
        await self.system.settle(2)
        self.system.write_mode()
        await self.system.run(5)

    async def polls_off(self) -> None:
        """From here on no tick polls: what is measured came by notification."""
        self.poll_once()
        self.system.clock.advance(120)
        await self.system.tick()
        await self.system.run(60)

    def poll_once(self) -> None:
        """Each feed is polled when it is next due, then not for a day."""
        self.system.configure(poll_seconds=DAY, tombstone_seconds=DAY)

    def _links(self, entity: str) -> int:
        return len(self.system.store.links.ids("main", entity, LinkState.LIVE))

    def _check_in_step(self, wanted: Mapping[str, int]) -> None:
        found = {entity: self._links(entity) for entity in wanted}
        holds = self.system.store.cases.holds("main")
        if found != wanted or holds or self.system.writes():
            raise NotInStepError(
                f"linked: {found}, wanted {dict(wanted)}; {len(holds)} holds, {len(self.system.writes())} writes"
            )

    # --- what people do ------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """The sandbox's control API."""
        return await self.system.control(method, path, body)

    async def edit_all(self, path: Callable[[Any], str], pairs: Sequence[Any], change: Any) -> None:
        """Each pair is edited by a person within one second; `change` takes the pair's number."""
        for number, pair in enumerate(pairs):
            await self.control("PATCH", path(pair), change(number))

    # --- measuring -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Count from here."""
        self._mark = self.system.seq
        self.system.state.reset()
        self.history.reset()

    async def until_quiet(self, seconds: int = 3600) -> None:
        """Notifications, bells and the tick's bells, until nothing is pending and no echo is under way."""
        calm = 0
        for second in range(1, seconds):
            await self.system.run(1)
            calm = calm + 1 if self.is_quiet() else 0
            if calm > CALM_SECONDS:
                return
            if second % 60 == 0:
                await self.system.tick()
        raise NotInStepError(f"rows are still pending after {seconds} s")

    def is_quiet(self) -> bool:
        """No row is pending; looked up beside the table that counts."""
        return Rows(self.system.memory).pending("main") == 0

    def endpoints(self) -> dict[str, int]:
        """Calls to both products since `start`, by endpoint, out of the sandbox's own log."""
        counts = self.system.sandbox.log.found(self._mark, None, None, 0)["counts"]
        named = {str(name): int(count) for name, count in counts.items()}
        return {name: named[name] for name in sorted(named) if not name.startswith("accounts ")}


def domain(i: int) -> str:
    """No two customers share one."""
    return f"bench{i}.example"


def account(i: int) -> dict[str, Any]:
    """An Account in scope."""
    return {
        "Account_Name": f"{name_of(i)} Traders",
        "Account_Type": "Customer",
        "Website": "https://" + domain(i),
        "Phone": f"+91 22 4{i:07d}",
        "Billing_Street": f"{i + 1} MG Road",
        "Billing_City": "Mumbai",
        "Billing_State": "Maharashtra",
        "Billing_Code": "400001",
        "Billing_Country": "India",
    }


def contact(i: int, parent: Any, position: int = 0) -> dict[str, Any]:
    """A Contact of Account i."""
    return {
        "First_Name": f"Asha{position}",
        "Last_Name": f"Rao {name_of(i)}",
        "Email": f"p{position}@{domain(i)}",
        "Phone": f"+91 22 5{position}{i:06d}",
        "Account_Name": parent,
    }


def customer(i: int, stamp: str | None = None, *, website: str = "") -> dict[str, Any]:
    """The Books customer of Account i; without a stamp it is one that CRM does not know, without persons."""
    crm = account(i)
    body: dict[str, Any] = {
        "contact_name": crm["Account_Name"],
        "website": website,
        "billing_address": {
            "address": crm["Billing_Street"],
            "city": crm["Billing_City"],
            "state": crm["Billing_State"],
            "zip": crm["Billing_Code"],
            "country": crm["Billing_Country"],
            "phone": crm["Phone"],
        },
        "custom_fields": [{"api_name": "cf_company_type", "value": "Customer"}],
    }
    if stamp is None:
        return body
    person = contact(i, None)
    body["custom_fields"].append({"api_name": "cf_crm_account_id", "value": stamp})
    body["contact_persons"] = [
        {
            "first_name": person["First_Name"],
            "last_name": person["Last_Name"],
            "email": person["Email"],
            "phone": person["Phone"],
        }
    ]
    return body


def name_of(i: int) -> str:
    """A name of letters that is like no other."""
    letters = "bcdfghjklmnpqrstvwxz"
    return "".join(letters[i // 20**place % 20] + "aeiou"[(i + place) % 5] for place in range(4)).title()


Act = Callable[[], Awaitable[None]]
