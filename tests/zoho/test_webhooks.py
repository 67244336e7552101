"""What Zoho sends: only from Zoho, in any body, as hints."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.adapters.zoho.webhooks import (
    MAX_BODY,
    BooksHint,
    CrmHint,
    crm_payload,
    parse_books,
    parse_crm,
    verify_books,
    verify_crm,
)
from tandem.core.errors import BadInputError

SECRET = "abcdefghijkl"
JSON, FORM = "application/json;charset=UTF-8", "application/x-www-form-urlencoded"
RECORD: dict[str, Any] = {
    "contact_id": "5",
    "contact_name": "Zoë & Sons",
    "contact_type": "vendor",
    "last_modified_time": "2026-06-09T09:45:19-0400",
    "contact_persons": [{"contact_person_id": "9"}, {"contact_person_id": 10}, {"first_name": "x"}],
}
BOUNDARY = "multipart/form-data; boundary=xyz"


def signed(text: str | bytes, encoding: str = "hex") -> str:
    """The signature of a text."""
    raw = text.encode() if isinstance(text, str) else text
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def multipart(**fields: str) -> bytes:
    """A form in parts."""
    parts = (f'--xyz\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    return ("".join(parts) + "--xyz--\r\n").encode()


class TestVerifyBooks:
    @pytest.mark.parametrize("encoding", ["hex", "base64"])
    def test_zohos_own_example(self, encoding: str) -> None:
        """Pairs sorted by key without separators, then the raw body (dossier books §7)."""
        body = b'{"created_date":"2019-03-06","event_id":"5675"}'
        query = [("subscription_id", "90343"), ("name", "basic")]
        signature = signed("namebasicsubscription_id90343" + body.decode(), encoding)
        assert verify_books(SECRET, query, body, JSON, signature)
        assert not verify_books(SECRET, query, body + b" ", JSON, signature)
        assert not verify_books(SECRET, query[:1], body, JSON, signature)
        assert not verify_books(SECRET + "x", query, body, JSON, signature)

    def test_hex_in_capitals_is_hex(self) -> None:
        """Base64 is not folded."""
        assert verify_books(SECRET, [], b"{}", JSON, signed("{}").upper())
        assert not verify_books(SECRET, [], b"{}", JSON, signed("{}", "base64").swapcase())

    def test_form_pairs_are_decoded_and_sorted_with_the_query(self) -> None:
        """And the form's raw body is not added."""
        assert verify_books(SECRET, [("m", "2")], b"z=a%20b&a=Zo%C3%AB&e=", FORM, signed("aZoëem2za b"))
        assert verify_books(SECRET, [("m", "2")], multipart(b="x"), BOUNDARY, signed("bxm2"))

    def test_json_that_calls_itself_a_form_is_signed_as_it_is(self) -> None:
        """Integrators met content types that they did not expect."""
        assert verify_books(SECRET, [], b'{"a":1}', FORM, signed('{"a":1}'))

    @pytest.mark.parametrize("secret", ["", SECRET])
    @pytest.mark.parametrize("signature", ["", "x", "é", "\ud800"])
    def test_without_a_proof_nothing_is_verified(self, secret: str, signature: str) -> None:
        """An empty secret never opens."""
        assert not verify_books(secret, [], b"{}", JSON, signature)

    def test_an_empty_secret_is_no_key(self) -> None:
        """Though HMAC would take it."""
        forged = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
        assert not verify_books("", [], b"{}", JSON, forged)


class TestVerifyCrm:
    def test_token_and_channel_must_both_be_ours(self) -> None:
        """The channel may come as a number (old documents)."""
        assert verify_crm("t0ken", "1001", {"token": "t0ken", "channel_id": "1001"})
        assert verify_crm("t0ken", "1001", {"token": "t0ken", "channel_id": 1001})

    @pytest.mark.parametrize(
        "payload",
        [{}, {"token": None, "channel_id": "1001"}, {"token": "t0ken"}, {"token": "t0ken", "channel_id": "1002"},
         {"token": "T0KEN", "channel_id": "1001"}, {"token": ["t0ken"], "channel_id": "1001"},
         {"token": "\ud800", "channel_id": "1001"}],
    )  # fmt: skip
    def test_anything_else_is_not(self, payload: dict[str, Any]) -> None:
        """A deletion in the wild came with token null: only where none was set."""
        assert not verify_crm("t0ken", "1001", payload)

    def test_nothing_expected_is_nothing_verified(self) -> None:
        """A connection without a token is not set up."""
        assert not verify_crm("", "1001", {"token": "", "channel_id": "1001"})
        assert not verify_crm("t", "", {"token": "t", "channel_id": ""})


def crm_body(**more: Any) -> bytes:
    """A notification with its usual keys."""
    usual = {"server_time": 1750102639787, "module": "Accounts", "ids": ["7"], "operation": "update",
             "channel_id": "1001", "token": "t", "query_params": {}}  # fmt: skip
    return json.dumps(usual | more).encode()


class TestParseCrm:
    def test_one_hint_for_each_id(self) -> None:
        """A mass edit names many; values belong to their record."""
        body = crm_body(ids=["7", 8, "7"], affected_values=[{"record_id": "8", "values": {"Phone": "1"}}])
        at = datetime(2025, 6, 16, 19, 37, 19, 787000, tzinfo=UTC)
        assert parse_crm(body) == [
            CrmHint("Accounts", "7", "update", at, "1001", {}),
            CrmHint("Accounts", "8", "update", at, "1001", {"Phone": "1"}),
        ]

    @pytest.mark.parametrize(
        ("told", "meant"),
        [("insert", "create"), ("create", "create"), ("update", "update"), ("edit", "update"), ("delete", "delete"),
         ("DELETE", "delete"), ("restore", "update"), (None, "update")],
    )  # fmt: skip
    def test_both_vocabularies(self, told: Any, meant: str) -> None:
        """An operation that we do not know is a reason to look."""
        assert [hint.operation for hint in parse_crm(crm_body(operation=told))] == [meant]

    def test_an_unknown_module_is_a_value(self) -> None:
        """Not an error: the subscription is wider than the mapping."""
        assert [hint.known for hint in parse_crm(crm_body(module="Leads"))] == [False]
        assert [hint.known for hint in parse_crm(crm_body())] == [True]

    @pytest.mark.parametrize(
        "more",
        [{"server_time": None}, {"server_time": "x"}, {"server_time": 10**40}, {"affected_values": None},
         {"affected_values": [{"record_id": "7", "values": None}]}, {"token": None}],
    )  # fmt: skip
    def test_what_may_be_missing(self, more: dict[str, Any]) -> None:
        """Everything but module and ids."""
        assert parse_crm(crm_body(**more))[0].id == "7"

    @pytest.mark.parametrize(
        "body",
        [b"", b" ", b"[]", b"{}", b"x", b"\xff", crm_body(ids="7"), crm_body(module=None), crm_body(ids=["x/../y"]),
         crm_body(ids=[None]), crm_body(ids=[{}]), b"[" * 100_000],
    )  # fmt: skip
    def test_what_is_no_notification(self, body: bytes) -> None:
        """Told in one class of error."""
        with pytest.raises(BadInputError):
            parse_crm(body)

    def test_the_payload_for_the_check_of_the_token(self) -> None:
        """The receiver verifies before it parses the hints."""
        assert crm_payload(crm_body())["token"] == "t"


class TestParseBooks:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (json.dumps({"contact": RECORD}).encode(), JSON),
            (json.dumps({"event_type": "x", "data": {"contact": RECORD}}).encode(), JSON),
            (json.dumps({"customer": RECORD}).encode(), "text/plain"),
            (json.dumps({"contact": json.dumps(RECORD)}).encode(), JSON),
            (json.dumps(RECORD).encode(), ""),
            (b"JSONString=" + json.dumps({"contact": RECORD}).replace("&", "%26").encode(), FORM),
            (multipart(JSONString=json.dumps(RECORD)), BOUNDARY),
        ],
    )
    def test_every_body_with_the_record(self, body: bytes, kind: str) -> None:
        """Envelope, envelope within an event, text within JSON, bare, form, parts."""
        hint = parse_books(body, kind, [])
        assert hint == BooksHint("contacts", "5", RECORD, "vendor", ("9", "10"))
        assert hint.known

    @pytest.mark.parametrize(
        ("body", "kind", "query"),
        [
            (b'{"contact_id":"5"}', JSON, []),
            (b'{"contact_id":5,"contact_name":"A"}', JSON, []),
            (b'{"customer_id":"5"}', JSON, []),
            (b'{"contact":{"contact_id":"5"}}', JSON, []),
            (b"vendor_id=5&x=", FORM, []),
            (multipart(contact_id="5"), BOUNDARY, []),
            (b"", "", [("contact_id", "5")]),
            (b"", FORM, [("contact_id", "5")]),
        ],
    )
    def test_every_body_with_an_id_alone(self, body: bytes, kind: str, query: list[tuple[str, str]]) -> None:
        """A record without its time is none: it must be read."""
        hint = parse_books(body, kind, query)
        assert (hint.module, hint.id, hint.record) == ("contacts", "5", None)

    def test_a_person_names_its_customer(self) -> None:
        """In an envelope or bare."""
        for body in (
            b'{"contact_person":{"contact_person_id":"9","contact_id":"5"}}',
            b'{"contact_person_id":"9","contact_id":"5"}',
        ):
            assert parse_books(body, JSON, []) == BooksHint("contactpersons", "9", parent="5")

    def test_items_are_known(self) -> None:
        """They are synced."""
        assert parse_books(b'{"item":{"item_id":"3"}}', JSON, []) == BooksHint("items", "3")

    @pytest.mark.parametrize(
        "body",
        [
            b'{"invoice":{"invoice_id":"1","customer_id":"5"}}',
            b'{"invoice_id":"1","customer_id":"5"}',
            b'{"x":1}',
        ],
    )
    def test_another_kind_is_a_value(self, body: bytes) -> None:
        """An invoice names its customer, but says nothing of it."""
        hint = parse_books(body, JSON, [])
        assert not hint.known
        assert hint.id is None

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(b"", ""), (b" ", JSON), (b"{}", JSON), (b"[]", JSON), (b"x", JSON), (b"\xff", JSON), (b"", FORM),
         (b"nothing", BOUNDARY), (b'{"contact":{"contact_name":"A"}}', JSON), (b'{"contact_id":"x"}', JSON),
         (b'{"contact_id":"1/2"}', JSON), (b'{"contact_id":{"id":{}}}', JSON)],
    )  # fmt: skip
    def test_what_is_no_hint(self, body: bytes, kind: str) -> None:
        """Told in one class of error."""
        with pytest.raises(BadInputError):
            parse_books(body, kind, [])

    @given(st.binary(max_size=200), st.sampled_from([JSON, FORM, BOUNDARY, "", "x", "multipart/form-data"]))
    def test_nothing_that_a_stranger_sends_escapes(self, body: bytes, kind: str) -> None:
        """A hint or BadInputError, and never a verified signature."""
        assert not verify_books(SECRET, [], body, kind, "0" * 64)
        for parse in (lambda: parse_books(body, kind, []), lambda: parse_crm(body)):
            try:
                parse()
            except BadInputError:
                continue


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["contact", "contact_id", "data", "JSONString", "ids", "module", "item", "affected_values"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSONS)
def test_no_shape_of_json_escapes(value: Any) -> None:
    """Known keys with values of any kind."""
    body = json.dumps(value).encode()
    for parse in (lambda: parse_books(body, JSON, []), lambda: parse_crm(body)):
        try:
            parse()
        except BadInputError:
            continue


def test_larger_bodies_are_the_receivers_to_refuse() -> None:
    """256 KB."""
    assert MAX_BODY == 262_144
