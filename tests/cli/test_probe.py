"""`tandem probe` against a real sandbox: every switch that it settles, in each of its positions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import httpx
import pytest

from cli import probe as command
from cli.probing import run as running
from cli.probing.ask import CALLS, MOST_CALLS
from cli.probing.facts import FACTS
from cli.probing.kept import changed_settings
from sandbox.switches import Switches
from tandem.adapters.aws.clock import SystemClock
from tandem.adapters.zoho import hooks
from tandem.adapters.zoho.endpoints import ENDPOINTS
from tandem.core.connection import Settings
from tandem.core.decide import Ended
from tandem.core.records import Mode, RecordKey, Side
from tandem.engine.intake import Intake, Notice
from tandem.engine.ports import Delete, Request
from tests.cli.conftest import Ran, World
from tests.docs.pages import text_of

ROUNDS: tuple[dict[str, Any], ...] = (
    {
        "unchanged_update_moves_time": True, "bulk_unmodified_since": "per_item", "empty_string_clears": True,
        "crm_text_form": "as_sent", "unknown_picklist_value": "refuse", "if_modified_since_inclusive": False,
        "deleted_answers_304": False, "malformed_id_answer": "400", "coql_lookup_has_name": False,
        "coql_brackets_required": True, "coql_in_limit": 50, "upsert_create_status": 201,
        "empty_custom_fields": "omitted", "person_answer": "array", "duplicate_person_email": "allow",
        "person_edit_moves_customer_time": True, "address_edit_moves_customer_time": True,
        "partial_billing_address": "replace", "books_text_form": "as_sent", "unchanged_put_moves_time": True,
        "put_without_persons_keeps": True, "null_on_write": "refuse", "gst_number_required": True,
        "unique_field_code": 4, "upsert_not_found_code": 1002, "contacts_lmt_filter": True,
        "lmt_filter_inclusive": True, "missing_contact_status": 404, "wrong_org_status": 400,
        "inactive_moves_time": True, "unmodified_since_same_second": "accepted", "null_clears": True,
        "first_person_is_primary": True, "unique_field_marked": "is_unique",
        "address_put_moves_customer_time": True, "books_code_as_text": False, "list_lag_seconds": 0.0,
        "missing_contact_code": 1002,
    },
    {
        "unchanged_update_moves_time": False, "bulk_unmodified_since": "whole", "empty_string_clears": False,
        "crm_text_form": "nfc", "unknown_picklist_value": "accept", "if_modified_since_inclusive": True,
        "deleted_answers_304": True, "malformed_id_answer": "204", "coql_lookup_has_name": True,
        "coql_brackets_required": False, "coql_in_limit": 100, "upsert_create_status": 200,
        "empty_custom_fields": "listed", "person_answer": "object", "duplicate_person_email": "refuse",
        "person_edit_moves_customer_time": False, "address_edit_moves_customer_time": False,
        "partial_billing_address": "merge", "books_text_form": "nfc", "unchanged_put_moves_time": False,
        "put_without_persons_keeps": False, "null_on_write": "clear", "gst_number_required": False,
        "unique_field_code": 3070, "upsert_not_found_code": 9, "contacts_lmt_filter": True,
        "lmt_filter_inclusive": False, "missing_contact_status": 400, "wrong_org_status": 401,
        "inactive_moves_time": False, "unmodified_since_same_second": "refused", "null_clears": False,
        "first_person_is_primary": False, "unique_field_marked": "prevent_duplicates",
        "books_code_as_text": True, "missing_contact_code": 2,
    },
    {
        "crm_text_form": "html", "books_text_form": "html", "null_on_write": "ignore", "contacts_lmt_filter": False,
        "person_edit_moves_customer_time": True, "address_edit_moves_customer_time": False,
        "unique_field_marked": "is_duplicate_prevented", "address_put_moves_customer_time": False,
        "list_lag_seconds": 3.0,
    },
)  # fmt: skip
"""Every position of every switch that a probe settles; a test below counts them."""

HEARD = {"trigger_suppresses_notifications", "api_edit_fires_webhook", "person_edit_fires_webhook"}
"""Only told while paused, when Zoho's notices arrive."""


@pytest.fixture(autouse=True)
def stepped(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Nobody waits: the sandbox's clock is stepped instead."""

    async def step(seconds: float) -> None:
        world.sandbox.world.clock.step(seconds)

    monkeypatch.setattr(running, "pause", step)


def probe(world: World, switches: Mapping[str, Any] | None = None, code: int = 0) -> Ran:
    """Probe with these switches."""
    world.sandbox.control("PUT", "/switches", dict(switches or {}))
    ran = world.run("probe", "--yes", "--json")
    assert ran.code == code, ran.out + ran.err
    return ran


def calls(world: World, since: int = 0) -> list[dict[str, Any]]:
    """Every call to CRM and Books, the token apart."""
    found = world.sandbox.control("GET", f"/requests?limit=100000&since_seq={since}")["requests"]
    return [call for call in found if call["product"] != "accounts"]


def last_call(world: World) -> int:
    """The number of the last call so far."""
    return int(world.sandbox.control("GET", "/requests?limit=1")["last_seq"])


def answers(ran: Ran) -> dict[str, Any]:
    """The answers by fact."""
    return {name: fact["answer"] for name, fact in ran.json["facts"].items()}


def as_told(value: Any, name: str) -> Any:
    """A switch's position as the probe says it: codes are texts, and a list lags or it does not."""
    if name == "list_lag_seconds":
        return value > 0
    codes = ("unique_field_code", "upsert_not_found_code", "missing_contact_code")
    return str(value) if name in codes else value


def positions(name: str) -> set[Any]:
    """What a switch may be; of a number any two."""
    kind = Switches.model_fields[name].annotation
    if get_origin(kind) is Literal:
        return set(get_args(kind))
    return {True, False} if kind is bool else set()


def settled() -> set[str]:
    """The switches that a probe settles."""
    found = {name for name, fact in FACTS.items() if fact.way == "probe"} & set(Switches.model_fields)
    return found - {
        "custom_fields_by_api_name"
    }  # where they are not, the stamp is not written: a test of its own


def test_every_switch_is_settled_by_a_probe_seen_or_left_alone() -> None:
    """One of the three, with a sentence; a new switch of the sandbox must be thought about."""
    assert set(Switches.model_fields) - set(FACTS) == set()
    assert all(fact.text and fact.how for fact in FACTS.values())
    assert {fact.setting for fact in FACTS.values()} - {""} <= set(Settings.model_fields)
    unconfirmed = {n for n, f in Settings.model_fields.items() if "UNCONFIRMED" in (f.description or "")}
    assert unconfirmed == {fact.setting for fact in FACTS.values()} - {""}


def test_the_rounds_take_every_position() -> None:
    """Two of a number, all of anything else."""
    for name in settled():
        taken = {a_round[name] for a_round in ROUNDS if name in a_round}
        assert taken == positions(name) or (not positions(name) and len(taken) > 1), name


@pytest.mark.parametrize("switches", ROUNDS, ids=["first", "second", "third"])
def test_every_switch_is_found_as_it_stands(connected: World, switches: dict[str, Any]) -> None:
    """The right answer, in at most 40 calls, and the settings that follow from it."""
    connected.sandbox.control("POST", "/books/contacts", {"contact_name": "Somebody Else"})
    connected.sandbox.world.clock.step(5)
    since = last_call(connected)
    ran = probe(connected, switches)
    found = answers(ran)
    expected = {name: as_told(value, name) for name, value in switches.items()}
    if not expected["contacts_lmt_filter"]:
        assert found["lmt_filter_inclusive"] is None
    assert {name: found[name] for name in expected} == expected
    made = calls(connected, since)
    assert len(made) == ran.json["calls"]["crm"] + ran.json["calls"]["books"] <= MOST_CALLS
    store = connected.stack.store
    settings = store.connections.read("main").settings
    assert settings.books_version_covers_persons is switches["person_edit_moves_customer_time"]
    assert settings.books_version_covers_addresses is switches["address_edit_moves_customer_time"]
    each = switches.get("bulk_unmodified_since", "per_item") == "per_item"
    assert settings.crm_bulk_guard == ("per_item" if each else "none")
    code = switches.get("unique_field_code", 4)
    assert settings.books_unique_codes == (() if code == 4 else (str(code),))


def test_what_no_switch_tells_is_found_too(connected: World) -> None:
    """Facts of the sandbox that stand still; and how many calls all of it takes, exactly."""
    connected.sandbox.control("POST", "/books/contacts", {"contact_name": "Somebody Else"})
    connected.sandbox.world.clock.step(5)
    ran = probe(connected)
    found = answers(ran)
    named = {name for name, fact in FACTS.items() if fact.way == "probe"}
    assert set(found) == named | HEARD
    assert all(found[name] is None and "pause" in ran.json["facts"][name]["evidence"] for name in HEARD)
    assert {name: found[name] for name in named - set(Switches.model_fields)} == {"newest_first": True}
    assert {name for name, answer in found.items() if answer is None} == HEARD | {"lmt_filter_inclusive"}
    assert ran.json["calls"] == {"crm": 15, "books": 22}
    assert "A first run takes 15 and 22, counted" in text_of("docs/probe.md")


def test_nothing_but_the_throw_away_records_is_written(connected: World) -> None:
    """Everyone else is as before; nobody is mailed; the customer ends inactive; nothing is deleted."""
    sandbox = connected.sandbox
    sandbox.control("POST", "/books/contacts", {"contact_name": "Somebody Else"})
    sandbox.control("POST", "/crm/Accounts", {"Account_Name": "Somebody Else"})
    before = sandbox.control("GET", "/export")
    since = last_call(connected)
    ran = probe(connected)
    made = calls(connected, since)
    kept = connected.stack.store.table.get("CONN#main", "PROBE") or {}
    ours = {*kept["crm"], kept["books"]}
    written = [call for call in made if call["method"] != "GET" and not call["path"].endswith("/coql")]
    persons = {id for call in written for id in call["record_ids"] if "contactpersons" in call["path"]}
    assert all(set(call["record_ids"]) <= ours | persons for call in written if call["committed"])
    after = sandbox.control("GET", "/export")
    others = [row for row in after["books"]["contacts"] if row["contact_id"] not in ours]
    assert others == before["books"]["contacts"]
    assert [row for row in after["crm"]["Accounts"] if row["id"] not in ours] == before["crm"]["Accounts"]
    assert len(after["crm"]["Accounts"]) == len(before["crm"]["Accounts"]) + 2
    [mine] = [row for row in after["books"]["contacts"] if row["contact_id"] in ours]
    assert mine["status"] == "inactive"
    assert {row["email"].split("@")[1] for row in mine["contact_persons"]} == {"example.com"}
    assert {call["method"] for call in made} <= {"GET", "POST", "PUT"}
    assert all(
        call["request_body"]["trigger"] == []
        for call in written
        if call["product"] == "crm" and "data" in (call["request_body"] or {})
    )
    assert ran.json["active"] == []


def test_a_second_run_makes_no_new_record(connected: World) -> None:
    """It takes those of the first, answers afresh, and keeps what only a create tells."""
    first = probe(connected)
    before = connected.sandbox.control("GET", "/export")
    second = probe(connected, {"person_edit_moves_customer_time": False, "unchanged_put_moves_time": False})
    after = connected.sandbox.control("GET", "/export")
    for product, kind in (("crm", "Accounts"), ("books", "contacts")):
        assert len(after[product][kind]) == len(before[product][kind])
    assert second.json["stays"] == first.json["stays"]
    changed = {"person_edit_moves_customer_time": False, "unchanged_put_moves_time": False}
    assert answers(second) == answers(first) | changed
    assert second.json["changed"] == {"books_version_covers_persons": False}
    assert sum(second.json["calls"].values()) <= MOST_CALLS


def test_records_deleted_by_hand_are_made_anew(connected: World) -> None:
    """As the command says that one may."""
    first = probe(connected)
    for stays in first.json["stays"]:
        kind, id = stays.split()[0], stays.split()[2]
        connected.sandbox.control(
            "DELETE", f"/crm/Accounts/{id}" if kind == "CRM" else f"/books/contacts/{id}"
        )
    second = probe(connected)
    assert set(second.json["stays"]).isdisjoint(first.json["stays"])
    assert len(second.json["stays"]) == 3
    assert answers(second) == answers(first)


def test_it_refuses_while_anything_is_written(connected: World) -> None:
    """The writer must not meet the records; paused will do."""
    connections = connected.stack.store.connections
    connections.set_mode("main", Mode.WRITE)
    since = last_call(connected)
    ran = connected.run("probe", "--yes", "--json")
    assert ran.code == 2
    assert "tandem pause" in ran.json["error"]["message"]
    assert calls(connected, since) == []
    connections.set("main", paused=True)
    assert probe(connected).json["ok"] is True


def test_it_asks_first(connected: World) -> None:
    """Without a terminal it refuses and names --yes; nothing is called."""
    since = last_call(connected)
    for words in (("probe",), ("probe", "--json")):
        ran = connected.run(*words)
        assert ran.code == 2
        assert "--yes" in ran.err
    assert calls(connected, since) == []


def test_it_shows_what_it_will_make_and_what_it_changes(
    connected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal: the plan, the question, each look, the difference, the question again."""
    monkeypatch.setattr(command, "at_terminal", lambda: True)
    since = last_call(connected)
    ran = connected.run("probe", given="n\n")
    assert ran.code == 1
    assert "at most 40 calls" in ran.out
    assert "Tandem probe main, Account 1" in ran.out
    assert calls(connected, since) == []
    ran = connected.run("probe", given="y\nn\n")
    assert ran.code == 0, ran.out + ran.err
    assert "books_version_covers_persons: False -> True" in ran.out
    assert "Delete them by hand" in ran.out
    assert connected.stack.store.connections.read("main").settings == Settings()
    shown = connected.run("probe", "--show")
    assert shown.code == 0
    assert "person_edit_moves_customer_time" in shown.out


def test_who_probed_stands_in_the_history(connected: World) -> None:
    """With the settings before and after."""
    probe(connected)
    told = connected.run("history", "--json").json["entries"]
    [entry] = [one for one in told if one["kind"] == "probed"]
    assert entry["by"].startswith("arn:aws:")
    assert entry["after"]["books_version_covers_persons"] is True
    assert entry["before"]["books_version_covers_persons"] is False
    assert "by arn:aws:" in connected.run("history").out


def test_its_records_are_never_synced(connected: World) -> None:
    """Not in observe, not after it writes, not even where every Account is to be created in Books."""
    store, sandbox = connected.stack.store, connected.sandbox
    assert connected.connect("--settings", "poll_seconds=1 overlap_seconds=300").code == 0
    probe(connected)
    kept = store.table.get("CONN#main", "PROBE") or {}
    connection = store.connections.read("main")
    sandbox.world.clock.set(time.time())
    item = store.table.get("CONN#main", "MAP#active") or {}
    wide = item["text"].replace("    create_in_books_when: {Account_Type: [Customer]}\n", "")
    assert wide != item["text"]
    store.connections.save(connection, wide)
    connected.work()
    connected.work()
    assert connected.run("mode", "write", "--yes").code == 0
    for id in kept["crm"]:
        sandbox.control("PATCH", f"/crm/Accounts/{id}", {"Phone": "+91 20 5550 9999"})
    sandbox.control("POST", f"/books/contacts/{kept['books']}/active")
    sandbox.control("POST", "/crm/Accounts", {"Account_Name": "A Real Customer"})
    since = last_call(connected)
    connected.work()
    connected.work()
    [written] = [call for call in calls(connected, since) if call["committed"]]
    assert written["request_body"]["contact_name"] == "A Real Customer"
    for side, ids in ((Side.CRM, kept["crm"]), (Side.BOOKS, [kept["books"]])):
        for id in ids:
            link = store.links.of(RecordKey("main", side, "customer", id))
            assert link is not None
            assert link.reason == Ended.PROBE


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"name": "books_down"}, 3),
        ({"name": "rate_day", "product": "books"}, 3),
        ({"name": "crm_down"}, 3),
        ({"name": "error_before_commit", "count": 1, "match": {"endpoint": "PUT /books/v3/contacts/{id}"}}, 0),
        ({"name": "timeout_after_commit", "count": 1, "seconds": 0, "match": {"endpoint": "POST /crm/v8/{module}"}}, 3),
        ({"name": "error_after_commit", "count": 1, "match": {"endpoint": "PUT /books/v3/contacts"}}, 3),
        ({"name": "scope_mismatch", "count": 1, "match": {"endpoint": "PUT /crm/v8/{module}"}}, 0),
    ],
    ids=["books", "quota", "crm", "one update", "insert in CRM", "insert in Books", "one scope"],
)  # fmt: skip
def test_an_outage_half_way_is_told_and_mended_by_the_next_run(
    connected: World, fault: dict[str, Any], code: int
) -> None:
    """Unknown with the reason; safe defaults stay; the next run takes the records and answers the rest."""
    connected.sandbox.control("POST", "/faults", fault)
    ran = connected.run("probe", "--yes", "--json")
    assert ran.code == code, ran.out + ran.err
    open_facts = [fact for fact in ran.json["facts"].values() if fact["answer"] is None]
    assert len(open_facts) > 1
    assert all(fact["evidence"] for fact in open_facts)
    connected.sandbox.control("DELETE", "/faults")
    for item in connected.stack.store.table.query("QUOTA#in#books#" + connected.sandbox.world.books_org_id):
        connected.stack.store.table.transact([Delete(item["pk"], item["sk"])])
    again = probe(connected)
    still = {name for name, answer in answers(again).items() if answer is None}
    assert still <= HEARD | {"lmt_filter_inclusive", "newest_first", "upsert_create_status"}
    exported = connected.sandbox.control("GET", "/export")
    assert len(exported["crm"]["Accounts"]) == 2
    assert [row["status"] for row in exported["books"]["contacts"]] == ["inactive"]
    assert again.json["active"] == []


def test_a_customer_that_stays_active_is_said(connected: World) -> None:
    """Exit code 1, and the next run makes it inactive."""
    match = {"endpoint": "POST /books/v3/contacts/{id}/inactive"}
    connected.sandbox.control("POST", "/faults", {"name": "error_before_commit", "match": match})
    ran = connected.run("probe", "--yes", "--json")
    assert ran.code == 1, ran.out
    assert ran.json["active"]
    assert "still ACTIVE" in "; ".join(ran.json["stays"])
    connected.sandbox.control("DELETE", "/faults")
    assert probe(connected).json["active"] == []


def test_an_interrupted_probe_says_what_stays(connected: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two calls: what was made is known, and the next run takes it."""
    left = [3]

    async def pause(seconds: float) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        connected.sandbox.world.clock.step(seconds)

    monkeypatch.setattr(running, "pause", pause)
    ran = connected.run("probe", "--yes", "--json")
    assert ran.code == 1
    assert "still ACTIVE" in ran.err
    left[0] = -1
    again = probe(connected)
    assert again.json["active"] == []
    assert len(again.json["stays"]) == 3


def test_a_field_that_allows_duplicates_makes_no_twin(connected: World) -> None:
    """The insert that is meant to be refused is not sent; the facts stay unknown, with the reason."""
    change = {
        "product": "books",
        "module": "contacts",
        "api_name": "cf_crm_account_id",
        "set": {"unique": False},
    }
    connected.sandbox.control("PATCH", "/fields", change)
    ran = probe(connected)
    found = ran.json["facts"]
    for name in ("unique_field_code", "upsert_create_status", "upsert_not_found_code", "unique_field_marked"):
        assert found[name]["answer"] is None
        assert found[name]["evidence"]
    assert len(connected.sandbox.control("GET", "/export")["books"]["contacts"]) == 1


def test_a_layout_that_demands_more_leaves_crm_unknown(connected: World) -> None:
    """The Accounts cannot be made; Books is asked all the same."""
    change = {"product": "crm", "module": "Accounts", "api_name": "Phone", "set": {"mandatory": True}}
    connected.sandbox.control("PATCH", "/fields", change)
    ran = probe(connected)
    found = answers(ran)
    assert found["person_edit_moves_customer_time"] is True
    assert found["bulk_unmodified_since"] is None
    assert (
        "Phone" in ran.json["facts"]["unchanged_update_moves_time"]["evidence"]
        or "throw-away" in (ran.json["facts"]["unchanged_update_moves_time"]["evidence"])
    )
    assert connected.stack.store.connections.read("main").settings.crm_bulk_guard == "none"


@dataclass
class Hooks:
    """The functions' part: what Zoho sends is taken in by the real intake, at each pause."""

    world: World
    taken: int = 0

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Register the webhook of Books (connect has subscribed CRM's), and take notices in from now on."""
        webhook = self.world.connect().json["webhook_books"]
        self.world.sandbox.world.outbox.transport = httpx.MockTransport(lambda _: httpx.Response(202))
        self.world.sandbox.control(
            "POST", "/webhooks/books", {"url": webhook["url"], "secret": webhook["secret"]}
        )

        async def pause(seconds: float) -> None:
            self.world.sandbox.world.clock.step(seconds)
            self.take_in()

        monkeypatch.setattr(running, "pause", pause)

    def take_in(self) -> None:
        """Everything that was sent since."""
        told = self.world.sandbox.control("GET", f"/deliveries?since={self.taken}")["deliveries"]
        for one in told:
            self.taken = one["n"]
            url = httpx.URL(one["url"])
            side, connection, secret = url.path.rsplit("/", 3)[1:]
            headers = {name.lower(): text for name, text in one["headers"].items()}
            body = one["content"].encode()
            answer = self._intake().receive(
                Request(side, connection, secret, body, url.params.multi_items(), headers)
            )
            assert answer.status == 202, answer

    def _intake(self) -> Intake:
        stack = self.world.stack
        return Intake(
            stack.store,
            Silent(),
            SystemClock(),
            lambda _: stack.secret("Webhook"),
            {Side.CRM: hooks.is_genuine_crm, Side.BOOKS: hooks.is_genuine_books},
            {
                Side.CRM: lambda *given: [Notice(*one) for one in hooks.named_by_crm(*given)],
                Side.BOOKS: lambda *given: [Notice(*one) for one in hooks.named_by_books(*given)],
            },
        )


class Silent:
    """A bell that nobody hears."""

    def ring(self, group: str, *, keys: Any = (), delay: int = 0) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, {"trigger_suppresses_notifications": False, "api_edit_fires_webhook": True,
              "person_edit_fires_webhook": True}),
        ({"person_edit_fires_webhook": False, "trigger_suppresses_notifications": True},
         {"trigger_suppresses_notifications": None, "api_edit_fires_webhook": True,
          "person_edit_fires_webhook": False}),
        ({"api_edit_fires_webhook": False}, {"trigger_suppresses_notifications": False,
          "api_edit_fires_webhook": None, "person_edit_fires_webhook": None}),
    ],
)  # fmt: skip
def test_a_paused_probe_hears_zohos_notices(
    connected: World, monkeypatch: pytest.MonkeyPatch, switches: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What arrives is proof; silence is none, unless another notice of the same webhook came."""
    Hooks(connected).listen(monkeypatch)
    connected.stack.store.connections.set("main", paused=True)
    ran = probe(connected, switches)
    found = answers(ran)
    assert {name: found[name] for name in HEARD} == expected
    assert sum(ran.json["calls"].values()) == 37


def test_custom_fields_that_are_not_taken_by_api_name_are_told(connected: World) -> None:
    """The stamp was not kept, so nothing that leans on it is settled."""
    found = answers(probe(connected, {"custom_fields_by_api_name": False}))
    assert found["custom_fields_by_api_name"] is False
    assert found["unique_field_code"] is None


def test_unknown_leaves_a_setting_as_it_is() -> None:
    """Also one that a person set; an answer that a general code would blur is no setting."""
    mine = Settings(books_version_covers_persons=True, crm_bulk_guard="per_item")
    nothing = {name: {"answer": None} for name in FACTS}
    assert changed_settings(mine, nothing) == {}
    assert changed_settings(mine, {}) == {}
    general = nothing | {"unique_field_code": {"answer": "4"}}
    assert changed_settings(mine, general) == {}
    whole = nothing | {"bulk_unmodified_since": {"answer": "whole"}}
    assert changed_settings(mine, whole) == {"crm_bulk_guard": "none"}
    each = nothing | {"bulk_unmodified_since": {"answer": "per_item"}}
    assert changed_settings(Settings(), each) == {"crm_bulk_guard": "per_item"}
    half = nothing | {"address_edit_moves_customer_time": {"answer": True}}
    assert changed_settings(mine, half) == {}


def test_the_probe_cannot_delete_mail_or_invoice() -> None:
    """The clients' calls and four more, all of them reads or writes of a customer or an Account."""
    more = {name: call for name, call in CALLS.items() if name not in ENDPOINTS}
    assert {name: (call.method, call.template) for name, call in more.items()} == {
        "crm.update_several": ("PUT", "/crm/v8/{module}"),
        "crm.malformed": ("GET", "/crm/v8/{module}/no-id-at-all"),
        "books.upsert": ("PUT", "/books/v3/contacts"),
        "books.update_address": ("PUT", "/books/v3/contacts/{id}/address/{address}"),
    }


@pytest.mark.parametrize("moves", [True, False])
def test_a_list_that_lags_is_seen_and_misleads_no_other_answer(connected: World, moves: bool) -> None:
    """What only a list would tell stays open; what moves the customer's time is read from the customer."""
    connected.sandbox.control("POST", "/books/contacts", {"contact_name": "Somebody Else"})
    connected.sandbox.world.clock.step(60)
    lagging = {
        "list_lag_seconds": 30.0,
        "contacts_lmt_filter": True,
        "person_edit_moves_customer_time": moves,
    }
    ran = probe(connected, lagging)
    found = answers(ran)
    assert found["list_lag_seconds"] is True
    assert found["person_edit_moves_customer_time"] is moves
    assert found["lmt_filter_inclusive"] is None
    assert "lag" in ran.json["facts"]["lmt_filter_inclusive"]["evidence"]
