"""A connection: one CRM org paired with one Books organisation, with its mode and its settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem.core.records import Mode


class Settings(BaseModel):
    """Tunable times and limits; each UNCONFIRMED fact of Zoho that the engine leans on is one of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delete_delay_seconds: int = Field(
        600, ge=0, description="how long a confirmed CRM delete waits before it acts"
    )
    retry_seconds: tuple[int, ...] = Field(
        (5, 30, 120, 600, 3600), description="back-off of a record's passing faults"
    )
    redrive_seconds: tuple[int, ...] = Field(
        (900, 3600, 14400), description="pause before each redrive of a dead letter"
    )
    create_unknown_seconds: int = Field(
        120, ge=1, description="pause before an unanswered create is looked up"
    )
    write_unknown_seconds: int = Field(20, ge=1, description="pause before an unanswered update is looked up")
    wait_net_seconds: int = Field(
        86400, ge=1, description="a waiting row is looked at again after this long at most"
    )
    overlap_seconds: int = Field(300, ge=0, description="how far behind its cursor a feed is read again")
    poll_seconds: int = Field(
        0, ge=0, description="time between two polls of a feed; 0 = computed from the plan"
    )
    tombstone_seconds: int = Field(3600, ge=1, description="time between two looks for restored records")
    books_per_minute: int = Field(
        80, ge=1, le=100, description="calls to Books in any 60 s (Zoho blocks at 100)"
    )
    crm_per_minute: int = Field(600, ge=1, description="calls to CRM in any 60 s (Zoho states no such limit)")
    limits_scale: int = Field(
        1,
        ge=1,
        le=60,
        description="how many times the limits of a minute count; more than 1 only on a sandbox",
    )
    books_per_day: int = Field(
        5000, ge=1, description="calls to Books a day, until an answer tells the real figure"
    )
    crm_per_day: int = Field(50000, ge=1, description="CRM credits a day")
    books_unique_codes: tuple[str, ...] = Field(
        (), description="Books' codes for a taken unique field (UNCONFIRMED; empty: such a refusal is held)"
    )
    books_version_covers_addresses: bool = Field(
        False, description="an edit of an address moves the customer's modified time (UNCONFIRMED)"
    )
    books_version_covers_persons: bool = Field(
        False, description="an edit of a person moves the customer's modified time (UNCONFIRMED)"
    )
    books_items_whole: bool = Field(
        False, description="updates of items carry name and rate, for a Books that refuses them otherwise"
    )
    crm_bulk_guard: Literal["none", "per_item"] = Field(
        "none", description="whether If-Unmodified-Since guards each record of a bulk update (UNCONFIRMED)"
    )
    in_flight: int = Field(
        4, ge=1, le=10, description="calls in flight for one writer (a free plan of either product grants 5)"
    )
    stopped_seconds: int = Field(
        1800, ge=1, description="a stopped connection tries its token again after this long"
    )
    guard_minutes: int = Field(
        10, ge=1, description="the window in which the guards count changes and deletes"
    )
    mass_change_records: int = Field(
        200,
        ge=0,
        le=1000,
        description="more records than this changed on one side: nothing is written; 0 = off",
    )
    mass_change_percent: int = Field(
        25, ge=0, le=100, description="the same as a share of the links, from 101 records on; 0 = off"
    )
    mass_delete_records: int = Field(
        20,
        ge=0,
        le=1000,
        description="more customers, vendors, items than this deleted on one side: nothing is written; 0 = off",
    )
    value_collapse_records: int = Field(
        50,
        ge=0,
        le=1000,
        description="more records than this given one value, or blank, in one field; 0 = off",
    )
    empty_side_percent: int = Field(
        50,
        ge=0,
        le=100,
        description="a complete listing that shows less than this share of the links; 0 = off",
    )
    oscillation_writes: int = Field(
        3, ge=0, description="so many of our writes to one field may be undone in a row; 0 = off"
    )
    oscillation_minutes: int = Field(10, ge=1, description="the window of the above")


class Stop(BaseModel):
    """Why a connection does no work until a person acts."""

    model_config = ConfigDict(frozen=True)

    reason: str
    at: str


class GuardStop(BaseModel):
    """A guard's threshold was passed: nothing is written until a person has looked."""

    model_config = ConfigDict(frozen=True)

    guard: str
    sentence: str
    at: str


class Connection(BaseModel):
    """What META holds; secrets are not in it, only in Secrets Manager under the connection's id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    group: str
    mode: Mode = Mode.OBSERVE
    paused: bool = False
    stopped: Stop | None = None
    guard: GuardStop | None = None
    guard_passed: str = ""
    """What was changed or deleted until then (ISO 8601), a person has approved: no guard counts it."""
    listing_passed: str = ""
    """When a person approved a listing that shows few records (ISO 8601): it stands for a day."""
    native_sync: Literal["unknown", "off", "on", "off_confirmed"] = "unknown"
    accounts_url: str
    crm_url: str
    books_url: str
    dc: str = "in"
    crm_org: str = ""
    organization_id: str
    books_zone: str = ""
    """Time zone of the Books organisation: its day of calls begins at midnight there; empty: not known yet."""
    mapping_version: str = ""
    crm_channels: tuple[str, ...] = ()
    crm_channel_expiry: str = ""
    """When CRM ends our notification channel (ISO 8601): the tick moves it on each day."""
    epoch: str = ""
    """The id of the State table that this connection's state was made in; another table is a restored or copied one."""
    restored: str = ""
    """Since when (ISO 8601) both sides are listed again after that; empty: nothing of the kind goes on."""
    restored_at: str = ""
    """When (ISO 8601) that was last found; empty: never. Links made shortly before may be missing ever since."""
    settings: Settings = Settings()

    @property
    def effective_mode(self) -> Mode:
        """`observe` also while Zoho's own sync may be on, or a guard has stopped it (design, guards)."""
        return Mode.OBSERVE if self.native_sync == "on" or self.guard is not None else self.mode

    @property
    def is_working(self) -> bool:
        """Neither paused by a person nor stopped by a fault."""
        return not self.paused and self.stopped is None
