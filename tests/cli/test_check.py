"""`tandem check` against a real sandbox: good, and with each thing that goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.zoho import covers
from tandem.core.errors import TokenRevokedError
from tests.cli.conftest import SECRETS, Ran, World, with_items

TOKEN = SECRETS["TANDEM_REFRESH_TOKEN"]


def states(ran: Ran) -> dict[str, str]:
    """The worst state by area."""
    worst: dict[str, str] = {}
    for finding in ran.json["findings"]:
        order = ("ok", "warning", "fault")
        worst[finding["area"]] = max(worst.get(finding["area"], "ok"), finding["state"], key=order.index)
    return worst


def finding(ran: Ran, words: str) -> dict[str, Any]:
    """The one finding with these words."""
    [found] = [one for one in ran.json["findings"] if words in one["sentence"]]
    return dict(found)


def test_all_is_well_after_connect(connected: World) -> None:
    """Exit code 0, every area looked at, and no write."""
    ran = connected.run("check", "--json")
    assert ran.code == 0, ran.out
    found = states(ran)
    areas = {"token", "crm org", "books org", "native sync", "notifications", "clock", "scopes"}
    assert areas | {"mapping"} == {area.split()[0] if area.startswith("mapping") else area for area in found}
    assert "fault" not in found.values()
    assert connected.sandbox.writes() == []
    plain = connected.run("check")
    assert plain.code == 0
    assert "No fault." in plain.out
    assert not [text for text in SECRETS.values() if text in plain.out + ran.out]


def test_missing_field_is_a_fault_with_the_nearest_name(connected: World) -> None:
    """CRM and Books alike."""
    table = connected.stack.store.table
    item = table.get("CONN#main", "MAP#active")
    assert item is not None
    text = item["text"].replace("Customer_Segment", "Customer_Segments").replace("cf_segment", "cf_segmnt")
    made = connected.stack.store.connections.read("main")
    connected.stack.store.connections.save(made, text)
    ran = connected.run("check", "--json")
    assert ran.code == 1
    crm = finding(ran, "CRM has no Customer_Segments")
    assert (crm["state"], crm["area"]) == ("fault", "mapping customer.segment.crm")
    assert "write Customer_Segment" in crm["fix"]
    assert "write cf_segment" in finding(ran, "Books has no cf_segmnt")["fix"]


def test_revoked_token_is_a_fault(connected: World) -> None:
    """One clear fault, whatever access token is still about."""
    connected.sandbox.control("PUT", "/tokens", {"revoke_all": True})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran) == {"token": "fault"}
    assert "tandem connect" in ran.json["findings"][0]["fix"]
    assert TOKEN not in ran.out + ran.err


def test_organisation_without_the_token_is_a_fault(connected: World) -> None:
    """The other looks go on."""
    connected.stack.store.connections.set("main", organization_id="987654321")
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran)["books org"] == "fault"
    assert states(ran)["notifications"] == "ok"
    assert "mapping" not in states(ran)
    assert connected.sandbox.world.books_org_id in finding(ran, "organization_id")["sentence"]


def test_token_of_another_crm_org_is_a_fault(connected: World) -> None:
    """No call may go out with another org's credentials."""
    connected.stack.store.connections.set("main", crm_org="42")
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert "not to 42" in finding(ran, "belongs to CRM org")["sentence"]


def test_missing_scope_is_named(connected: World) -> None:
    """Reads are proven by reading; a write that the token lacks is a fault before it is needed."""
    scopes = ["ZohoCRM.modules.READ", "ZohoCRM.settings.ALL", "ZohoCRM.org.READ", "ZohoCRM.coql.READ",
              "ZohoCRM.notifications.ALL", "ZohoCRM.users.READ", "ZohoBooks.fullaccess.all"]  # fmt: skip
    connected.sandbox.control("PUT", "/tokens", {"refresh_token": TOKEN, "scopes": scopes})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert "ZohoCRM.modules.Accounts.UPDATE" in finding(ran, "the token lacks")["sentence"]
    assert "tandem scopes" in finding(ran, "the token lacks")["fix"]


def test_scopes_are_asked_for_as_far_as_the_mapping_needs_them(connected: World, tmp_path: Path) -> None:
    """A token of the preset's scopes is whole until items are mapped: those need more of Books and of CRM."""
    narrow = connected.run("scopes", "--preset", "india", "--json").json["scopes"]
    assert "ZohoBooks.settings.CREATE" not in narrow
    connected.sandbox.control("PUT", "/tokens", {"refresh_token": TOKEN, "scopes": narrow})
    connected.sandbox.control("PUT", "/tokens", {"drop_access_tokens": True})
    assert states(connected.run("check", "--json"))["scopes"] == "ok"
    path = with_items(tmp_path)
    wide = connected.run("scopes", "--mapping", str(path), "--json").json["scopes"]
    assert set(wide) - set(narrow) == {
        *(f"ZohoCRM.modules.Products.{verb}" for verb in ("READ", "CREATE", "UPDATE")),
        *("ZohoBooks.settings.CREATE", "ZohoBooks.settings.UPDATE"),
    }
    assert set(wide) < set(connected.run("scopes", "--json").json["scopes"])
    connected.run("connect", "--mapping", str(path))
    ran = connected.run("check", "--json")
    assert ran.code == 1
    [lacks] = [one["sentence"] for one in ran.json["findings"] if one["area"] == "scopes"]
    for scope in (
        "ZohoCRM.modules.Products.UPDATE",
        "ZohoBooks.settings.CREATE",
        "ZohoBooks.settings.UPDATE",
    ):
        assert scope in lacks


def test_expired_notifications_are_a_fault_until_connect(connected: World) -> None:
    """CRM ends a channel in silence; connecting again brings it back under its own id."""
    connected.sandbox.control("POST", "/webhooks/crm/expire", {})
    ran = connected.run("check", "--json")
    assert ran.code == 1
    assert states(ran)["notifications"] == "fault"
    assert connected.run("connect").code == 0
    assert connected.run("check").code == 0


def test_native_sync_is_a_fault(connected: World) -> None:
    """Two syncs on one record would loop; a person's word settles it."""
    connected.stack.store.connections.set("main", native_sync="on")
    assert states(connected.run("check", "--json"))["native sync"] == "fault"
    connected.stack.store.connections.set("main", native_sync="off_confirmed")
    assert connected.run("check").code == 0


def test_working_connection_is_resumed(connected: World) -> None:
    """After the cause is mended, `check` is all it takes; before, it changes nothing."""
    store = connected.stack.store
    store.connections.stop(
        "main", TokenRevokedError("the refresh token is no longer accepted"), datetime.now(UTC)
    )
    connected.sandbox.control("PUT", "/tokens", {"revoke_all": True})
    assert connected.run("check").code == 1
    assert store.connections.read("main").stopped is not None
    assert connected.run("status").code == 1
    connected.sandbox.control("PUT", "/tokens", {"restore_all": True})
    connected.bells()
    ran = connected.run("check", "--json")
    assert ran.code == 0, ran.out
    assert ran.json["resumed"] is True
    assert store.connections.read("main").stopped is None
    assert connected.bells() == [{"group": "main", "keys": []}]


@pytest.mark.parametrize(("fault", "area"), [("books_down", "books org"), ("accounts_down", "token")])
def test_zoho_down_is_out_of_reach(connected: World, fault: str, area: str) -> None:
    """Not a fault of the connection; a stopped one is not resumed on half an answer."""
    store = connected.stack.store
    store.connections.stop("main", TokenRevokedError("no longer accepted"), datetime.now(UTC))
    connected.sandbox.control("POST", "/faults", {"name": fault})
    ran = connected.run("check", "--json")
    assert ran.code == 3
    assert states(ran)[area] == "warning"
    assert store.connections.read("main").stopped is not None


def test_spent_quota_is_out_of_reach(connected: World) -> None:
    """The governor's word counts for the operator too."""
    connected.sandbox.control("POST", "/faults", {"name": "rate_day", "product": "books"})
    ran = connected.run("check", "--json")
    assert ran.code == 3
    assert states(ran)["crm org"] == "ok"


def test_no_connection_and_no_stack(world: World) -> None:
    """Wrong input, with the command that helps."""
    ran = world.run("check")
    assert ran.code == 2
    assert "tandem connect" in ran.err
    other = world.run("--stack", "nowhere", "status")
    assert other.code == 2
    assert "sam deploy" in other.err
    assert "Traceback" not in other.err


@pytest.mark.parametrize(
    ("granted", "need", "covered"),
    [
        ("ZohoCRM.modules.ALL", "ZohoCRM.modules.Accounts.READ", True),
        ("ZohoCRM.modules.accounts.READ", "ZohoCRM.modules.Accounts.READ", True),
        ("ZohoCRM.modules.Accounts.READ", "ZohoCRM.modules.Accounts.UPDATE", False),
        ("ZohoCRM.modules.Accounts.WRITE", "ZohoCRM.modules.Accounts.UPDATE", True),
        ("ZohoCRM.modules.Accounts.WRITE", "ZohoCRM.modules.Accounts.READ", False),
        ("ZohoCRM.modules.Contacts.ALL", "ZohoCRM.modules.Accounts.READ", False),
        ("ZohoBooks.fullaccess.all", "ZohoBooks.contacts.CREATE", True),
        ("ZohoBooks.fullaccess.all", "ZohoCRM.org.READ", False),
        ("ZohoBooks.contacts.ALL", "ZohoBooks.contacts.CREATE", True),
    ],
)
def test_scope_covers(granted: str, need: str, covered: bool) -> None:
    """As Zoho reads them."""
    assert covers([granted], need) is covered
