"""Dates and moments: a day without zone, and a time that each product shows in its own way."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from tandem.core.conversion import SIDE_NAMES, ConversionError, Converter, plain
from tandem.core.records import Side, Value

_FIRST_YEAR, _LAST_YEAR = 1900, 2999
"""What neither a form of CRM nor one of Books takes is a slip of the pen."""
_MINUTE = timedelta(minutes=1)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"“{name}” is no time zone; write one such as Asia/Kolkata") from None
    return name


class Date(Converter):
    """A day, `yyyy-mm-dd` on both sides (dossiers crm §10, books §6)."""

    name: ClassVar[str] = "date"

    def _key(self, side: Side, native: Value) -> Hashable:
        day = _day(native)
        return (side, plain(native)) if day is None else day

    def _translate(self, source: Side, native: Value) -> Value:
        day = _day(native)
        if day is None:
            raise ConversionError(
                message=f"“{native}” of {SIDE_NAMES[source]} is no day; it should look like 2026-04-01"
            )
        return day.isoformat()


class DateTime(Converter):
    """A moment. CRM shows it with its offset and seconds, Books as `yyyy-mm-dd hh:mm` in its organisation's zone.

    Seconds do not count, for Books keeps none (dossiers crm §10, books §5). A moment that the
    zone's clock shows twice, or never, has no faithful form in Books and is held.
    """

    name: ClassVar[str] = "datetime"
    lossy: ClassVar[bool] = True
    loses: ClassVar[frozenset[Side]] = frozenset({Side.CRM})

    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Kolkata"
    """That of the Books organisation."""

    @cached_property
    def _place(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def _key(self, side: Side, native: Value) -> Hashable:
        moment = self._moment(native)
        return (side, plain(native)) if moment is None else moment

    def _translate(self, source: Side, native: Value) -> Value:
        moment = self._moment(native)
        if moment is None:
            raise ConversionError(
                message=f"“{native}” of {SIDE_NAMES[source]} is no time; it should look like 2026-04-01 09:30"
            )
        if source is Side.BOOKS:
            return moment.astimezone(self._place).isoformat(timespec="seconds")
        shown = moment.astimezone(self._place).strftime("%Y-%m-%d %H:%M")
        if self._moment(shown) != moment:
            raise ConversionError(
                message=f"{shown} comes twice or never in {self.zone}, and Books keeps no offset"
            )
        return shown

    def _moment(self, native: Value) -> datetime | None:
        """The moment in UTC at whole minutes; one without offset is of the organisation's zone."""
        try:
            moment = datetime.fromisoformat(plain(native))
        except ValueError:
            return None
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._place)
        offset = moment.astimezone(self._place).utcoffset()
        if offset is None or offset % _MINUTE:
            return None  # before its standard time a zone kept the sun's, which no offset of minutes tells
        return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _day(native: Value) -> date | None:
    try:
        return date.fromisoformat(plain(native))
    except ValueError:
        return None
