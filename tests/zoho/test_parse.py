"""Tolerant reading, exact writing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.adapters.zoho import parse


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-10T01:10:47-07:00",
        "2023-05-10T01:10:47-0700",
        "2023-05-10T08:10:47Z",
        " 2023-05-10T13:40:47+0530 ",
        "2023-05-10T08:10:47.900+00:00",
    ],
)
def test_times_of_both_products_become_utc_at_whole_seconds(text: str) -> None:
    """Both offsets, with and without colon, name the same instant."""
    assert parse.parse_time(text) == datetime(2023, 5, 10, 8, 10, 47, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", None, 5, "yesterday", "2023-05-10T01:10:47", "2023-05-10"])
def test_what_is_no_instant_is_none(value: object) -> None:
    """A time without a zone is no instant."""
    assert parse.parse_time(value) is None


def test_a_shown_time_has_no_fraction_and_reads_back() -> None:
    """Zoho refuses milliseconds."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert parse.show_time(moment) == "2026-01-01T21:34:05+00:00"
    assert parse.parse_time(parse.show_time(moment)) == moment.replace(microsecond=0)
    with pytest.raises(ValueError, match="zone"):
        parse.show_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4150868000000002175", "4150868000000002175"),
        (4150868000000002175, "4150868000000002175"),
        ({"id": "7", "name": "x"}, "7"),
        ("", None),
        (" ", None),
        (None, None),
        (True, None),
        (1.5, None),
    ],
)
def test_ids_are_strings(value: object, expected: str | None) -> None:
    """Never a float, never a boolean."""
    assert parse.as_id(value) == expected


def test_amounts_are_decimals_both_ways() -> None:
    """No float touches an amount, and its digits stay."""
    body = parse.loads(b'{"amount": 10.50, "big": 12345678901234567.89, "n": 3}')
    assert body == {"amount": Decimal("10.50"), "big": Decimal("12345678901234567.89"), "n": 3}
    assert parse.dumps(body) == '{"amount":10.50,"big":12345678901234567.89,"n":3}'
    with pytest.raises(ValueError, match="finite"):
        parse.dumps({"x": Decimal("NaN")})


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_none(content: bytes) -> None:
    """A proxy's page, broken bytes and a nesting bomb alike."""
    assert parse.loads(content) is None


def test_blanks_for_books_are_empty_texts_at_every_depth() -> None:
    """Books refuses null."""
    body = {"a": None, "b": {"c": None, "d": 0}, "e": [None, {"f": None}], "g": False}
    assert parse.unblank(body) == {"a": "", "b": {"c": "", "d": 0}, "e": ["", {"f": ""}], "g": False}


def test_a_row_may_be_bare_or_in_a_list() -> None:
    """A Books person is answered either way."""
    assert parse.as_object([{"a": 1}]) == parse.as_object({"a": 1}) == {"a": 1}
    assert parse.as_object([]) == parse.as_object(None) == parse.as_object("x") == {}


@pytest.mark.parametrize(
    ("text", "expected"), [("882", 882), (7, 7), ("x", None), (None, None), (True, None)]
)
def test_numbers_in_headers(text: object, expected: int | None) -> None:
    """Absent or odd is None, never zero."""
    assert parse.as_int(text) == expected


def test_dates_in_headers() -> None:
    """A malformed Date is as good as none."""
    assert parse.parse_http_date("Tue, 09 Jun 2026 17:38:18 GMT") == datetime(
        2026, 6, 9, 17, 38, 18, tzinfo=UTC
    )
    assert parse.parse_http_date("soon") is None
    assert parse.parse_http_date(None) is None
    assert parse.as_seconds("-3") == 0.0
    assert parse.as_seconds("x") is None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES))
def test_any_body_is_read_back_as_it_was(body: dict[str, Any]) -> None:
    """What is written is JSON, with the same values (a whole Decimal reads as a whole number)."""
    text = parse.dumps(body)
    json.loads(text)
    assert parse.loads(text) == body
