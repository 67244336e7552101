"""Whatever Zoho sends becomes a typed value or a typed error: nothing else leaves the clients."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tandem.adapters.zoho import models
from tandem.adapters.zoho.auth import Credentials, Token, ZohoAuth
from tandem.adapters.zoho.books import BooksClient
from tandem.adapters.zoho.channels import Channel
from tandem.adapters.zoho.crm import CrmClient
from tandem.adapters.zoho.endpoints import Product
from tandem.adapters.zoho.gate import OpenGate
from tandem.adapters.zoho.hooks import named_by_books, named_by_crm
from tandem.adapters.zoho.models import (
    BooksRecord,
    BooksRows,
    CrmDeletion,
    CrmDetails,
    CrmNotification,
    CrmOrgs,
    CrmRows,
    Organization,
    Shape,
    TokenAnswer,
)
from tandem.adapters.zoho.transport import Transport
from tandem.core.connection import Connection
from tandem.core.errors import BadInputError, TandemError
from tandem.engine.ports import Request
from tests.zoho.support import (
    ACCOUNTS,
    CONTACTS,
    CUSTOMERS,
    ENDPOINTS,
    NOW,
    PERSONS,
    MemoryTokens,
    Moments,
)

SHAPES = sorted(
    (one for one in vars(models).values() if isinstance(one, type) and issubclass(one, Shape)),
    key=lambda one: one.__name__,
)

KEYS = st.sampled_from(
    [
        "data", "info", "code", "details", "message", "status", "id", "ids", "more_records", "Modified_Time", "watch",
        "events", "channel_expiry", "channel_id", "fields", "org", "users", "errors", "duplicate_record", "api_name",
        "json_path", "deleted_time", "type", "module", "operation", "affected_values", "record_id", "values", "token",
        "server_time", "contact", "contacts", "contact_id", "contact_person", "contact_person_id", "contact_persons",
        "contact_type", "last_modified_time", "page_context", "has_more_page", "organizations", "organization_id",
        "invoices", "error", "access_token", "expires_in", "expires_in_sec", "Account_Name", "Account_Name.id",
        "JSONString", "item", "customer", "item_id", "resource_path_index",
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "", "SUCCESS", "INVALID_DATA", "DUPLICATE_DATA", "MULTIPLE_OR_MULTI_ERRORS", "INVALID_TOKEN", "NO_PERMISSION",
        "error", "success", "0", "57", "45", "3062", "1002", "true", "7", "id", "$.data[0].id", "permanent",
        "2026-11-23T12:00:00+05:30", "0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-0100", "9" * 30, "\ud800",
    ]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | WORDS
    | st.integers()
    | st.sampled_from([0, 57, 3062, 10**400, 1e400, -1e-400, 1.5])
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=6)
STATUSES = st.sampled_from(
    [200, 201, 202, 204, 207, 301, 304, 400, 401, 403, 404, 405, 412, 413, 429, 500, 502, 503]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Date",
            "Retry-After",
            "X-Rate-Limit-Remaining",
            "X-Rate-Limit-Reset",
            "X-API-CREDITS-REMAINING",
            "Content-Type",
        ]
    ),
    st.sampled_from(
        ["", "0", "-1", "nan", "inf", "1e999", "12", "soon", "Tue, 09 Jun 2026 17:38:18 GMT", "9" * 5000]
    ),
    max_size=4,
)

CHANNEL = Channel("1001", ("Accounts.all",), "https://hook.example/x", "t", NOW + timedelta(days=1))
Verb = Callable[[CrmClient, BooksClient], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "crm read": lambda crm, _: crm.read(ACCOUNTS, ["1", "2"]),
    "crm confirm": lambda crm, _: crm.confirm(CONTACTS, "1"),
    "crm insert": lambda crm, _: crm.insert(CONTACTS, {"Last_Name": "Rao"}, parent="1"),
    "crm update": lambda crm, _: crm.update(ACCOUNTS, "1", {"Phone": "1"}, unmodified_since=NOW),
    "crm changed": lambda crm, _: crm.changed(CONTACTS, since=NOW, before=None, after=None),
    "crm deleted": lambda crm, _: crm.deleted(ACCOUNTS, since=NOW),
    "crm find": lambda crm, _: crm.find(CONTACTS, "Email", ["a"]),
    "crm org": lambda crm, _: crm.org(),
    "crm user": lambda crm, _: crm.current_user(),
    "crm fields": lambda crm, _: crm.fields("Accounts"),
    "crm layouts": lambda crm, _: crm.layouts("Accounts"),
    "crm watch": lambda crm, _: crm.watch(CHANNEL),
    "crm renew": lambda crm, _: crm.renew(CHANNEL),
    "crm extend": lambda crm, _: crm.extend_channel("1", ["Accounts.all"], NOW),
    "crm watches": lambda crm, _: crm.watches(),
    "books read": lambda _, books: books.read(CUSTOMERS, ["1", "2"]),
    "books confirm": lambda _, books: books.confirm(PERSONS, "1"),
    "books insert": lambda _, books: books.insert(CUSTOMERS, {"contact_name": "Acme"}),
    "books insert person": lambda _, books: books.insert(PERSONS, {"first_name": "A"}, parent="1"),
    "books update": lambda _, books: books.update(CUSTOMERS, "1", {"notes": "x"}),
    "books update person": lambda _, books: books.update(PERSONS, "1", {"phone": "1"}, parent="1"),
    "books inactive": lambda _, books: books.set_active(CUSTOMERS, "1", active=False),
    "books changed": lambda _, books: books.changed(CUSTOMERS, since=None, before=None, after=None),
    "books find": lambda _, books: books.find(CUSTOMERS, "email", ["a"]),
    "books organizations": lambda _, books: books.organizations(),
    "books fields": lambda _, books: books.fields(),
}
PAGES = 4


class Talker:
    """A far side that says what it is told to, then pages that end every listing."""

    def __init__(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.answer = (status, content, headers)
        self.left = PAGES

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        if self.left < 0:
            return httpx.Response(503)
        status, content, headers = self.answer
        return httpx.Response(status, content=content, headers=headers)


async def ends(verb: Verb, talker: Talker, auth: httpx.Auth | None = None) -> object:
    """What a verb makes of it: its value, or one of our own errors."""
    clock = Moments()
    async with httpx.AsyncClient(transport=httpx.MockTransport(talker)) as http:

        def way(product: Product) -> Transport:
            return Transport(
                http,
                OpenGate(),
                product=product,
                endpoints=ENDPOINTS,
                auth=auth,
                clock=clock,
                sleep=clock.sleep,
            )

        clients = CrmClient(way("crm"), clock=clock), BooksClient(way("books"), clock=clock)
        try:
            return await verb(*clients)
        except TandemError as error:
            return error


def as_bytes(value: Any) -> bytes:
    """JSON as a server might send it: with infinities and lone surrogates."""
    return json.dumps(value).encode()


CALM = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", VERBS)
@CALM
@given(status=STATUSES, body=OBJECTS | JSON, headers=HEADERS)
@example(status=200, body={"data": [{"id": "1", "Modified_Time": "0001-01-01T00:00:00+05:30"}]}, headers={})
@example(status=207, body={"data": [{"code": "INVALID_DATA", "status": "error", "details": []}]}, headers={})
async def test_any_json_is_a_value_or_a_typed_error(
    name: str, status: int, body: Any, headers: dict[str, str]
) -> None:
    """With any status and any headers."""
    await ends(VERBS[name], Talker(status, as_bytes(body), headers))


@pytest.mark.parametrize("name", ["crm read", "books update"])
@CALM
@given(status=STATUSES, content=st.binary(max_size=40))
async def test_any_bytes_too(name: str, status: int, content: bytes) -> None:
    """A proxy's page, a torn answer, another alphabet."""
    await ends(VERBS[name], Talker(status, content, {}))


@CALM
@given(status=STATUSES, body=OBJECTS | JSON)
async def test_whatever_the_token_endpoint_says(status: int, body: Any) -> None:
    """A token, or a typed error; never half of one."""
    clock = Moments()
    store = MemoryTokens(clock)
    auth = ZohoAuth(
        product="crm",
        token_url=ENDPOINTS.token_url(),
        store=store,
        credentials=lambda: Credentials("i", "s", "r"),
        clock=clock,
        sleep=clock.sleep,
    )
    await ends(VERBS["crm org"], Talker(status, as_bytes(body), {}), auth)
    assert store.token is None or isinstance(store.token, Token)
    assert store.token is None or store.token.value or store.token.blocked_until


CONNECTION = Connection(
    id="main",
    group="main",
    accounts_url="",
    crm_url="",
    books_url="",
    organization_id="1",
    crm_channels=("7", "0"),
)


def named(content: bytes, kind: str) -> list[object]:
    """What both receivers make of a body."""
    hook = Request("crm", "main", "", content, (), {"content-type": kind})
    found: list[object] = []
    for names in (named_by_crm, named_by_books):
        try:
            found += names(CONNECTION, hook)
        except BadInputError:
            continue
    return found


@CALM
@given(
    body=OBJECTS | JSON, kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""])
)
def test_whatever_a_webhook_says(body: Any, kind: str) -> None:
    """Records, or BadInputError: the intake turns it away."""
    named(as_bytes(body), kind)


@pytest.mark.parametrize(
    "number", ["Infinity", "-Infinity", "NaN", "1e999999999", "1E-999999999", "9" * 5000]
)
def test_a_number_that_nobody_can_keep_is_no_json(number: str) -> None:
    """Written out again, it would be no JSON, or a gigabyte of digits."""
    told = '{"contact_id": "7", "last_modified_time": "2026-06-09T09:45:19-0400", "credit_limit": %s}'
    assert named((told % number).encode(), "application/json") == []
    assert len(named((told % "1e400").encode(), "application/json")) == 1


@pytest.mark.parametrize("shape", SHAPES)
@CALM
@given(body=OBJECTS | JSON)
def test_a_shape_refuses_nothing(shape: type[Shape], body: Any) -> None:
    """Neither alone nor in a list; what it does not know it drops."""
    shape.of(body)
    shape.each(body)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("nothing", [None, "", [], {}, 0, "x", [None], [[]]])
def test_nothing_reads_as_unknown(shape: type[Shape], nothing: Any) -> None:
    """Missing, null and blank are the same to us: there is nothing to go by."""
    assert shape.of(nothing) == shape.model_construct()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"data": {"id": "1"}}, CrmRows.of({"data": [{"id": "1"}]})),
        ({"data": [{"id": "1"}, 7, None], "new": 1}, CrmRows.of({"data": [{"id": "1"}]})),
        ({"info": [{"more_records": True}]}, CrmRows.of({"info": {"more_records": "true"}})),
        ({"info": ""}, CrmRows.of({})),
        (
            {"page_context": {"has_more_page": "True"}},
            BooksRows.of({"page_context": [{"has_more_page": True}]}),
        ),
    ],
)
def test_what_changes_its_type_reads_the_same(told: Any, expected: Shape) -> None:
    """Bare or in a list, as a truth or as a text (dossier books §3, §11)."""
    assert type(expected).of(told) == expected


def test_what_zoho_really_sends() -> None:
    """Ids as numbers, amounts as texts, times of both products, null where there is nothing."""
    moment = datetime(2026, 6, 9, 13, 45, 19, tzinfo=UTC)
    told = BooksRecord.of({"contact_id": 460000000026049, "last_modified_time": "2026-06-09T09:45:19-0400"})
    assert (told.contact_id, told.version) == ("460000000026049", moment)
    gone = CrmDeletion.of(
        {"deleted_by": None, "id": "41", "type": "permanent", "deleted_time": "2026-06-09T19:15:19+05:30"}
    )
    assert (gone.id, gone.deleted_time, gone.type) == ("41", moment, "permanent")
    details = CrmDetails.of(
        {"duplicate_record": {"id": "77", "Owner": {"id": "1"}}, "api_name": "Email", "id": 5}
    )
    assert (details.duplicate_record, details.id, details.field) == ("77", "5", "Email")
    assert CrmOrgs.of({"org": [{"id": "1", "zgid": 60001, "company_name": None}]}).org.ids == ("1", "60001")
    assert Organization.of({"organization_id": 10234695, "price_precision": "2"}).price_precision == 2
    notice = CrmNotification.of({"module": "Leads", "ids": [], "server_time": 1750102639787, "token": None})
    assert (notice.ids, notice.token, notice.server_time) == (
        [],
        "",
        datetime(2025, 6, 16, 19, 37, 19, 787000, tzinfo=UTC),
    )
    assert TokenAnswer.of({"access_token": "t", "expires_in": 3600000, "expires_in_sec": 3600}).life == 3600


def test_no_token_is_ever_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "hidden" not in repr(TokenAnswer.of({"access_token": "hidden", "refresh_token": "hidden"}))
    assert "hidden" not in repr(CrmNotification.of({"token": "hidden"}))
