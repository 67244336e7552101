"""The whole state of one sandbox: what its orgs share, and each pair of a CRM and a Books org."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.accounts.tokens import AccessToken, Accounts
from sandbox.books.contact import Contact
from sandbox.books.kept_rows import KeptRows, shown_of_contact, shown_of_item
from sandbox.books.query import ContactLists
from sandbox.books.service import BooksService
from sandbox.books.store import BooksStore
from sandbox.books.workflows import Workflows
from sandbox.clock import Clock, RealClock, SkewedClock
from sandbox.config import Country, SandboxConfig
from sandbox.crm.paging import PageTokens
from sandbox.crm.service import CrmService
from sandbox.crm.store import CrmStore
from sandbox.faults import FaultBook, Target
from sandbox.ids import IdSource
from sandbox.limits import LimitPlan, Meter, plan_of
from sandbox.outbox import Outbox
from sandbox.replies import ControlError
from sandbox.requestlog import RequestLog
from sandbox.switches import Switches
from sandbox.users import UserBook

if TYPE_CHECKING:
    from sandbox.crm.bulk import BulkJob


class Server:
    """What every org behind the port shares: time, tokens, faults, switches, limits, the log, the outbox."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.seed = config.seed
        self.clock: Clock = config.clock or RealClock()
        self.log = RequestLog(config.log_path)
        self.limits: LimitPlan = plan_of(config.limits, config.books_plan)
        self.accounts = Accounts(
            self.clock,
            config.seed,
            config.strict,
            self._token_limit,
            lambda: self.switches.token_throttle_error,
        )
        self._build()
        self.worlds: list[World] = []
        for _ in range(max(1, config.orgs)):
            self.add(config.country)

    def _token_limit(self) -> tuple[int | None, float]:
        return self.limits.tokens_per_ten_minutes, self.limits.time_scale

    def _build(self) -> None:
        self.switches = Switches(**dict(self.config.switches))
        self.faults = FaultBook(self.seed)
        self.crm_clock, self.books_clock = SkewedClock(self.clock), SkewedClock(self.clock)
        self.outbox = Outbox(self.clock, self.faults, self.switches, self.seed, self.config.outbound)

    def add(self, country: Country) -> World:
        """Add a CRM org and a Books org of a country."""
        world = World(self, replace(self.config, country=country), len(self.worlds))
        self.worlds.append(world)
        return world

    def named(self, org_id: str | None) -> World:
        """Return the pair with an org id of either product, the first without one; raises ControlError."""
        if org_id is None:
            return self.worlds[0]
        for world in self.worlds:
            if org_id in (world.crm_org_id, world.books_org_id):
                return world
        raise ControlError(f"no org {org_id!r}; known: {[w.org_ids() for w in self.worlds]}", 404)

    def serving(self, product: str, organization_id: str | None, token: AccessToken | None) -> World:
        """Return the pair that a call is about: CRM by its token, Books by organization_id, else the first."""
        wanted = organization_id if product == "books" else token.grant.crm_org if token else None
        ids = [w.books_org_id if product == "books" else w.crm_org_id for w in self.worlds]
        return self.worlds[ids.index(wanted)] if wanted in ids else self.worlds[0]

    def reset(self, seed: int | None = None) -> None:
        """Empty every org and forget calls, faults and switches; issued tokens stay valid."""
        self.seed = self.seed if seed is None else seed
        self.log.forget()
        self.limits = plan_of(self.config.limits, self.config.books_plan)
        old = self.outbox
        self._build()
        self.outbox.adopt_client(old)
        for world in self.worlds:
            world.build()

    async def close(self) -> None:
        """Close connections and the log's file."""
        await self.outbox.close()
        self.log.close()


class World:
    """One CRM org and one Books org with what they share: everything that a call can read or change."""

    def __init__(self, server: Server, config: SandboxConfig, number: int) -> None:
        self.server = server
        self.config = config
        self._number = number
        self.build()

    def build(self) -> None:
        """Make both orgs anew and empty; the same seed draws the same ids."""
        server, org = self.server, self.config.org
        self.seed = server.seed + 1_000_003 * self._number
        self.clock, self.log, self.accounts = server.clock, server.log, server.accounts
        self.switches, self.faults, self.outbox = server.switches, server.faults, server.outbox
        self.crm_clock, self.books_clock = server.crm_clock, server.books_clock
        crm_ids, books_ids = IdSource(self.seed, "crm", 7), IdSource(self.seed, "books", 6)
        self.crm_org_id = crm_ids.draw()
        self.books_org_id = str(Random(f"{self.seed}:books:org").randrange(600_000_000, 999_999_999))
        self.users = UserBook(crm_ids, books_ids)
        self.meter = Meter(self.clock, org.zone)
        crm_store = CrmStore(crm_ids, self.crm_clock, self.users, lambda: self.switches)
        self.crm = CrmService(crm_store, self.crm_clock, self.outbox, lambda: self.switches, org)
        books_store = BooksStore(books_ids, self.books_clock, self.users, lambda: self.switches, org)
        workflows = Workflows(books_ids, lambda: self.limits, self.config.books_plan)
        self.books = BooksService(
            books_store, self.clock, self.outbox, lambda: self.switches, org, self._spend_webhook, workflows
        )
        crm_store.keeps_time = self._keeps_time("crm")
        books_store.keeps_time = self._keeps_time("books")
        self.contact_lists = ContactLists(self.books)
        self._keep_rows(books_store)
        self.page_tokens = PageTokens()
        self.bulk_jobs: dict[str, BulkJob] = {}

    def _keep_rows(self, store: BooksStore) -> None:
        def frame(entity: str) -> tuple[Any, ...]:
            switches = self.switches.empty_custom_fields, self.switches.multiselect_value
            return switches, tuple(store.setup.fields_of(entity).values())

        def shown(contact: Contact) -> Any:
            return shown_of_contact(contact, self.books.ledger.balance(contact.id)[0])

        self.contact_rows = KeptRows(self.books.render.row, shown, lambda: frame("contact"))
        self.item_rows = KeptRows(self.books.item_render.row, shown_of_item, lambda: frame("item"))

    @property
    def limits(self) -> LimitPlan:
        """Return the limits in force for every org."""
        return self.server.limits

    def org_ids(self) -> dict[str, str]:
        """Return the ids that clients and tokens name the two orgs by."""
        return {"crm_org_id": self.crm_org_id, "books_organization_id": self.books_org_id}

    def _keeps_time(self, product: str) -> Callable[[str, str], bool]:
        """Return the question whether a planted fault keeps the time of a record that is written."""

        def keeps(module: str, record_id: str) -> bool:
            target = Target(product, record_ids=(record_id,), module=module)
            return self.faults.strike("touch", target, self.clock.now()) is not None

        return keeps

    def _spend_webhook(self) -> bool:
        """Count one webhook of the day; False when the day's are used up (Books dossier 7)."""
        limit, scale = self.limits.books_webhooks_per_day, self.limits.time_scale
        if limit is not None and self.meter.webhooks_day.today(scale) >= limit:
            return False
        self.meter.webhooks_day.add(1, scale)
        return True

    async def close(self) -> None:
        """Close the server that the orgs belong to."""
        await self.server.close()
