"""`tandem connect` against a real sandbox."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import SECRETS, World, with_items


def test_connect_stores_a_connection_that_only_observes(world: World) -> None:
    """The first connect makes META, mapping, both secrets and the CRM channel."""
    ran = world.connect()
    assert ran.code == 0, ran.err
    answer = ran.json
    made = world.stack.store.connections.read("main")
    assert (made.mode, made.group, made.crm_org) == ("observe", "main", world.sandbox.world.crm_org_id)
    assert made.mapping_version == answer["mapping"]["version"]
    assert world.stack.secret("OAuth")["main"]["client_id"] == "1000.CLIENT"
    assert answer["created"] is True
    assert answer["books"]["plan"] == "Professional"
    assert made.crm_channel_expiry


def test_webhook_secrets_fit_what_zoho_takes(world: World) -> None:
    """A path of 32 URL-safe characters, a CRM token within 50, a Books secret of letters and digits."""
    answer = world.connect().json
    entry = world.stack.secret("Webhook")["main"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", entry["path_secret"])
    assert 20 < len(entry["crm_token"]) <= 50
    assert re.fullmatch(r"[A-Za-z0-9]{12,50}", entry["books_secret"])
    assert answer["webhook_books"] == {
        "url": f"https://api.example/hooks/books/main/{entry['path_secret']}",
        "secret": entry["books_secret"],
    }
    assert answer["webhook_crm"]["url"] == f"https://api.example/hooks/crm/main/{entry['path_secret']}"


def test_channel_is_subscribed_for_every_mapped_module(world: World) -> None:
    """Accounts and Contacts, three events each, under the id that META knows."""
    answer = world.connect("--hooks-url", "https://hooks.example/x").json
    [channel] = world.sandbox.control("GET", "/webhooks")["channels"]
    modules, events = ("Accounts", "Contacts"), ("create", "edit", "delete")
    assert channel["events"] == [f"{module}.{event}" for module in modules for event in events]
    assert channel["notify_url"].startswith("https://hooks.example/x/hooks/crm/main/")
    assert [channel["channel_id"]] == list(world.stack.store.connections.read("main").crm_channels)
    assert answer["webhook_crm"]["channel_id"] == channel["channel_id"]


def test_second_connect_changes_nothing(connected: World) -> None:
    """Only the channel's end moves; secrets, channel and mode stay."""
    before = connected.stack.store.connections.read("main")
    secrets = connected.stack.secret("Webhook")
    answer = connected.connect().json
    after = connected.stack.store.connections.read("main")
    assert answer["created"] is False
    assert answer["changed"] == []
    assert after.model_copy(update={"crm_channel_expiry": before.crm_channel_expiry}) == before
    assert connected.stack.secret("Webhook") == secrets
    assert len(connected.sandbox.control("GET", "/webhooks")["channels"]) == 1


def test_second_connect_needs_no_option(connected: World) -> None:
    """Mapping, places and secrets are those that are stored."""
    connected.env = dict.fromkeys(SECRETS, "")
    ran = connected.run("connect", "--json", "--settings", "poll_seconds=7 retry_seconds=1,2")
    assert ran.code == 0, ran.err
    assert ran.json["changed"] == ["connection"]
    settings = connected.stack.store.connections.read("main").settings
    assert (settings.poll_seconds, settings.retry_seconds) == (7, (1, 2))


def test_people_see_no_secret(world: World) -> None:
    """Only --show-secrets prints what must be pasted."""
    world.connect()
    entry, url = world.stack.secret("Webhook")["main"], world.sandbox.url
    plain = world.run("connect")
    assert plain.code == 0, plain.err
    hidden = [*entry.values(), *SECRETS.values()]
    assert not [text for text in hidden if text in plain.out + plain.err and text != "1000.CLIENT"]
    shown = world.run("connect", "--show-secrets")
    assert entry["books_secret"] in shown.out
    assert f"https://api.example/hooks/books/main/{entry['path_secret']}" in shown.out
    assert SECRETS["TANDEM_CLIENT_SECRET"] not in shown.out
    assert url not in shown.err


def test_wrong_token_stores_nothing(world: World) -> None:
    """A refused token is wrong input, told in one sentence."""
    ran = world.connect(TANDEM_REFRESH_TOKEN="9999.not-a-token")
    assert ran.code == 2
    assert "refresh token" in ran.json["error"]["message"]
    assert "9999" not in ran.out + ran.err
    assert world.stack.store.connections.ids() == []
    assert world.stack.secret("OAuth") == {}


def test_wrong_organisation_names_those_there_are(world: World) -> None:
    """The fix is in the sentence."""
    ran = world.connect("--organization-id", "123456")
    assert ran.code == 2
    message = ran.json["error"]["message"]
    assert message.startswith("organization_id:")
    assert world.sandbox.world.books_org_id in message
    assert world.stack.store.connections.ids() == []


def test_wrong_crm_org_is_refused(world: World) -> None:
    """The token belongs to one CRM org only."""
    ran = world.connect("--crm-org", "42")
    assert ran.code == 2
    assert "crm_org" in ran.err


def test_connection_never_moves_to_another_organisation(connected: World) -> None:
    """Its links would be wrong there."""
    ran = connected.run("connect", "--organization-id", "99", "--json")
    assert ran.code == 2
    assert "another connection" in ran.err


def test_zoho_out_of_reach_is_code_three(world: World) -> None:
    """Nothing is stored."""
    ran = world.connect("--accounts-url", "http://127.0.0.1:9")
    assert ran.code == 3
    assert "out of reach" in ran.err
    assert world.stack.store.connections.ids() == []


def test_mapping_faults_are_named_with_line_and_fix(world: World, tmp_path: Path) -> None:
    """Nothing is asked of Zoho for a mapping that cannot be read."""
    file = tmp_path / "mapping.yaml"
    file.write_text("entities:\n  customer:\n    crm_modul: Accounts\n")
    ran = world.run("connect", "--mapping", str(file), "--dc", "in", "--organization-id", "1")
    assert ran.code == 2
    assert "crm_modul" in ran.err
    assert "Traceback" not in ran.err
    missing = world.run("connect", "--mapping", str(tmp_path / "none.yaml"), "--dc", "in")
    assert missing.code == 2
    assert "none.yaml" in missing.err


def test_what_is_missing_is_named(world: World) -> None:
    """Mapping, data centre, organisation, secrets: each with its option."""
    assert "--preset" in world.run("connect").err
    assert "--dc" in world.run("connect", "--preset", "uk").err
    assert "--organization-id" in world.run("connect", "--preset", "india").err
    world.env = dict.fromkeys(SECRETS, "")
    ran = world.connect()
    assert ran.code == 2
    assert "TANDEM_CLIENT_ID" in ran.err


def test_unknown_setting_names_the_nearest(world: World) -> None:
    """A typo is no setting."""
    ran = world.connect("--settings", "pol_seconds=5")
    assert ran.code == 2
    assert "poll_seconds" in ran.err
    bad = world.connect("--settings", "books_per_minute=500")
    assert bad.code == 2
    assert "settings.books_per_minute" in bad.err


def test_secrets_file_and_standard_input(world: World, tmp_path: Path) -> None:
    """JSON or NAME=VALUE lines."""
    world.env = dict.fromkeys(SECRETS, "")
    file = tmp_path / "zoho.env"
    file.write_text("# ours\nTANDEM_CLIENT_ID=1000.F\nclient_secret='s'\nrefresh_token=1000.file\n")
    assert world.connect("--secrets-file", str(file)).code == 0
    assert world.stack.secret("OAuth")["main"]["refresh_token"] == "1000.file"
    text = '{"client_id": "1000.G", "client_secret": "t", "refresh_token": "1000.stdin"}'
    ran = world.run("connect", "--secrets-file", "-", given=text)
    assert ran.code == 0, ran.err
    assert world.stack.secret("OAuth")["main"]["refresh_token"] == "1000.stdin"


def test_grant_code_becomes_a_refresh_token(world: World) -> None:
    """A code is good once."""
    ran = world.connect(TANDEM_REFRESH_TOKEN="", TANDEM_GRANT_CODE="1000.code")
    assert ran.code == 0, ran.err
    assert world.stack.secret("OAuth")["main"]["refresh_token"].startswith("1000.")
    spent = world.connect(TANDEM_REFRESH_TOKEN="", TANDEM_GRANT_CODE="1000.code")
    assert spent.code == 2
    assert "grant code" in spent.err


def test_changed_mapping_goes_back_to_observe(connected: World, tmp_path: Path) -> None:
    """Until a person approves it."""
    assert connected.run("mode", "write", "--yes").code == 0
    old = connected.stack.store.table.get("CONN#main", "MAP#active")
    assert old is not None
    file = tmp_path / "mapping.yaml"
    file.write_text(old["text"].replace("books_max: 200", "books_max: 150"))
    ran = connected.run("connect", "--mapping", str(file), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["mode"] == "observe"
    assert any("mapping approve" in sentence for sentence in ran.json["changed"])


def test_connections_that_share_an_org_share_a_writer(connected: World) -> None:
    """The second one joins the group of the first; other entries of the secrets stay."""
    ran = connected.connect("--connection", "second")
    assert ran.code == 0, ran.err
    assert ran.json["group"] == "main"
    assert set(connected.stack.secret("OAuth")) == {"main", "second"}
    several = connected.run("status")
    assert several.code == 2
    assert "--connection main or second" in several.err


def test_channel_that_zoho_refuses_is_a_warning(world: World) -> None:
    """The connection works by polling; the exit code says that something is to do."""
    world.sandbox.control(
        "PUT", "/tokens", {"refresh_token": SECRETS["TANDEM_REFRESH_TOKEN"], "scopes": NO_WATCH}
    )
    ran = world.connect()
    assert ran.code in (1, 2)


NO_WATCH = ["ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.org.READ", "ZohoBooks.fullaccess.all"]


def test_a_mapping_with_items_says_what_to_make_in_books(connected: World, tmp_path: Path) -> None:
    """A webhook and a rule for each kind, by Books' own names; CRM tells of Products from now on."""
    path = with_items(tmp_path)
    ran = connected.run("connect", "--mapping", str(path))
    assert ran.code == 0, ran.err
    assert "1. Module: Customers, Items (each of them has a webhook and a rule of its own)" in " ".join(
        ran.out.split()
    )
    assert "module Customers, Items, when created or edited (each time)" in " ".join(ran.out.split())
    [channel] = connected.sandbox.control("GET", "/webhooks")["channels"]
    assert {event.split(".")[0] for event in channel["events"]} == {"Accounts", "Contacts", "Products"}
    assert connected.run("connect", "--json").json["mapping"]["entities"] == [
        "customer",
        "contact_person",
        "item",
    ]


def test_a_mapping_without_items_speaks_of_customers_alone(connected: World) -> None:
    """One webhook, one rule."""
    told = " ".join(connected.run("connect").out.split())
    assert "1. Module: Customers; method: POST" in told
    assert "Items" not in told
