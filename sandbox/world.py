"""The whole state of one sandbox: both orgs, the accounts server, time, faults, limits and what is sent out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sandbox.accounts.tokens import Accounts
from sandbox.books.query import ContactLists
from sandbox.books.service import BooksService
from sandbox.books.store import BooksStore
from sandbox.clock import RealClock, SkewedClock
from sandbox.config import SandboxConfig
from sandbox.crm.paging import PageTokens
from sandbox.crm.service import CrmService
from sandbox.crm.store import CrmStore
from sandbox.faults import FaultBook
from sandbox.ids import IdSource
from sandbox.limits import LimitPlan, Meter, plan_of
from sandbox.outbox import Outbox
from sandbox.requestlog import RequestLog
from sandbox.switches import Switches
from sandbox.users import UserBook

if TYPE_CHECKING:
    from sandbox.crm.bulk import BulkJob


class World:
    """Everything that a call can read or change."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.clock = config.clock or RealClock()
        self.log = RequestLog(config.log_path)
        self.limits: LimitPlan = plan_of(config.limits, config.books_plan)
        self.seed = config.seed
        self.accounts = Accounts(self.clock, config.seed, config.strict, self._token_limit)
        self._build()

    def _token_limit(self) -> tuple[int | None, float]:
        return self.limits.tokens_per_ten_minutes, self.limits.time_scale

    def _spend_webhook(self) -> bool:
        """Count one webhook of the day; False when the day's are used up (Books dossier 7)."""
        limit, scale = self.limits.books_webhooks_per_day, self.limits.time_scale
        if limit is not None and self.meter.webhooks_day.today(scale) >= limit:
            return False
        self.meter.webhooks_day.add(1, scale)
        return True

    def _build(self) -> None:
        org = self.config.org
        self.switches = Switches(**dict(self.config.switches))
        crm_ids, books_ids = IdSource(self.seed, "crm", 7), IdSource(self.seed, "books", 6)
        self.crm_org_id = crm_ids.draw()
        self.books_org_id = str(Random(f"{self.seed}:books:org").randrange(600_000_000, 999_999_999))
        self.users = UserBook(crm_ids, books_ids)
        self.faults = FaultBook(self.seed)
        self.crm_clock, self.books_clock = SkewedClock(self.clock), SkewedClock(self.clock)
        self.meter = Meter(self.clock, org.zone)
        self.outbox = Outbox(self.clock, self.faults, self.switches, self.seed, self.config.outbound)
        crm_store = CrmStore(crm_ids, self.crm_clock, self.users, lambda: self.switches)
        self.crm = CrmService(crm_store, self.crm_clock, self.outbox, lambda: self.switches, org)
        books_store = BooksStore(books_ids, self.books_clock, self.users, lambda: self.switches, org)
        self.books = BooksService(
            books_store, self.clock, self.outbox, lambda: self.switches, org, self._spend_webhook
        )
        self.contact_lists = ContactLists(self.books)
        self.page_tokens = PageTokens()
        self.bulk_jobs: dict[str, BulkJob] = {}

    def reset(self, seed: int | None = None) -> None:
        """Empty both orgs and forget calls, faults and switches; issued tokens stay valid."""
        self.seed = self.seed if seed is None else seed
        self.log.forget()
        self.limits = plan_of(self.config.limits, self.config.books_plan)
        old = self.outbox
        self._build()
        self.outbox.adopt_client(old)

    async def close(self) -> None:
        """Close connections and the log's file."""
        await self.outbox.close()
        self.log.close()
