"""`tandem mapping` against a real sandbox: check, show, diff, approve, schema."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from tandem.core.mapping_schema import file_schema
from tandem.core.records import Mode
from tests.cli.conftest import World, with_items

INDIA = (resources.files("tandem") / "presets" / "india.yaml").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The preset as a file of one's own."""
    path = tmp_path / "my.yaml"
    path.write_text(INDIA, encoding="utf-8")
    return path


def spoil(path: Path, old: str, new: str) -> int:
    """Change one place of a mapping; its line."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_a_preset_fits_the_sandbox(connected: World, file: Path) -> None:
    """No fault; what it costs is told; nothing is written."""
    ran = connected.run("mapping", "check", str(file), "--json")
    assert ran.code == 0, ran.out
    assert [row for row in ran.json["findings"] if row["state"] == "fault"] == []
    assert {"flow", "crm", "books"} == set(ran.json["cost"][0])
    assert connected.run("mapping", "check").code == 0
    assert connected.sandbox.writes() == []


def test_the_preset_with_items_on_fits_the_sandbox(connected: World, tmp_path: Path) -> None:
    """And says of a field that CRM has not, in the same words as of customers."""
    path = with_items(tmp_path)
    ran = connected.run("mapping", "check", str(path), "--json")
    assert ran.code == 0, ran.out
    line = spoil(path, "hsn: {crm: HSN_SAC,", "hsn: {crm: HSN_Code,")
    ran = connected.run("mapping", "check", str(path), "--json")
    (row,) = [row for row in ran.json["findings"] if row["state"] == "fault"]
    assert (ran.code, row["kind"], row["line"]) == (1, "unknown_field", line)
    assert row["field"] == "entities.item.fields.hsn.crm"
    assert row["facts"]["books"]["name"] == "hsn_or_sac"


def test_a_fault_is_named_with_file_line_field_facts_and_fix(connected: World, file: Path) -> None:
    """For people and for machines."""
    line = spoil(file, "segment: {crm: Customer_Segment,", "segment: {crm: Customer_Segmnt,")
    ran = connected.run("mapping", "check", str(file), "--json")
    assert ran.code == 1
    (row,) = [row for row in ran.json["findings"] if row["state"] == "fault"]
    assert (row["kind"], row["file"], row["line"]) == ("unknown_field", str(file), line)
    assert row["field"] == "entities.customer.fields.segment.crm"
    assert row["fix"].endswith("write Customer_Segment")
    assert row["facts"]["books"]["name"] == "cf_segment"
    plain = connected.run("mapping", "check", str(file))
    assert f"{file}:{line}: entities.customer.fields.segment.crm: CRM has no Customer_Segmnt" in plain.out
    assert "there: Books cf_segment (text of 255)" in plain.out
    assert "fix: " in plain.out


def test_what_live_metadata_alone_can_tell_is_found(connected: World, file: Path) -> None:
    """A field made read-only, one switched off, one required, a stamp that allows duplicates."""
    control = connected.sandbox.control
    changes = [
        ("crm", "Accounts", "Customer_Segment", {"read_only": True}),
        ("crm", "Accounts", "Books_Customer_ID", {"unique": False}),
        ("crm", "Accounts", "Industry", {"mandatory": True}),
    ]
    for product, module, name, change in changes:
        control("PATCH", "/fields", {"product": product, "module": module, "api_name": name, "set": change})
    ran = connected.run("mapping", "check", str(file), "--json")
    assert {row["kind"] for row in ran.json["findings"] if row["state"] == "fault"} == {
        "read_only_both_ways",
        "stamp_not_unique",
        "required_without_value",
    }


def test_a_field_that_the_approved_mapping_uses_was_removed(connected: World, file: Path) -> None:
    """Told from one that never was."""
    assert connected.run("mode", "write", "--yes").code == 0
    gone = {"product": "crm", "module": "Accounts", "api_name": "Customer_Segment"}
    connected.sandbox.control("DELETE", "/fields", gone)
    spoil(file, "books: cf_segment,", "books: cf_segmnt,")
    kinds = {row["field"].rpartition(".")[2]: row["kind"]
             for row in connected.run("mapping", "check", str(file), "--json").json["findings"]
             if row["state"] == "fault"}  # fmt: skip
    assert kinds == {"crm": "removed_field", "books": "unknown_field"}


@pytest.mark.parametrize(
    "text", ["entities: [", "entities: 5", "", "\x00", "a: &x 1\nb: *x", "x" * 1_000_001]
)
def test_a_file_that_is_no_mapping_is_a_fault_and_no_traceback(
    world: World, tmp_path: Path, text: str
) -> None:
    """Also without a connection, and without Zoho."""
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    ran = world.run("mapping", "check", str(path), "--offline", "--json")
    assert ran.code == 1
    assert all(row["file"] == str(path) and row["line"] >= 1 and row["fix"] for row in ran.json["findings"])
    assert ran.json["findings"]
    assert "Traceback" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"region: IN\n\xff", "the text is not UTF-8"),
        (b"#" * 3_000_000, "the file has more than 1000000 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_a_fault_with_its_line(
    world: World, tmp_path: Path, raw: bytes, message: str
) -> None:
    """In the check as in connect."""
    path = tmp_path / "bad.yaml"
    path.write_bytes(raw)
    (row,) = world.run("mapping", "check", str(path), "--offline", "--json").json["findings"]
    assert (row["message"], row["line"]) == (message, raw.count(b"\n") + 1)
    refused = world.run("connect", "--mapping", str(path))
    assert refused.code == 2
    assert message in refused.err + refused.out


def test_a_file_that_is_not_there(world: World) -> None:
    """Wrong input, not a fault of a mapping."""
    ran = world.run("mapping", "check", "nowhere.yaml", "--offline")
    assert ran.code == 2
    assert "nowhere.yaml cannot be read" in ran.err


def test_show_has_every_field(connected: World) -> None:
    """With direction and owner."""
    ran = connected.run("mapping", "show")
    assert ran.code == 0
    for word in ("customer", "contact_person", "tax_identity", "<->", "cf_segment", "Customer_Segment"):
        assert word in ran.out
    assert connected.run("mapping", "show", "--json").json["mapping"]["region"] == "IN"


def test_show_says_what_an_entity_does(connected: World, file: Path) -> None:
    """Filters, constants, defaults, keys, deletes, and what is off."""
    spoil(
        file,
        "books_stamp: cf_crm_account_id",
        "constants: {books: {payment_terms: 30}}\n    delete: hold\n    books_stamp: cf_crm_account_id",
    )
    spoil(file, "segment: {", "segment: {default: {crm: None yet}, ")
    spoil(file, "crm_module: Contacts", "enabled: false\n    crm_module: Contacts")
    out = " ".join(connected.run("mapping", "show", str(file)).out.split())
    for sentence in (
        "Created in Books only when Account_Type is Customer.",
        "A create in Books also writes payment_terms: 30.",
        "A create in CRM writes None yet for segment where the other side is blank.",
        "Belong together, beside the stamp, by tax_number, email.",
        "Deleted in CRM: hold.",
        "contact_person is off",
        "item is off",
    ):
        assert sentence in out


def test_a_changed_mapping_observes_until_it_is_approved(connected: World, file: Path) -> None:
    """A diff tells what it means; approve remembers what was approved, and the connection writes again."""
    assert connected.run("mode", "write", "--yes").code == 0
    assert connected.run("mapping", "diff").code == 0
    spoil(file, "segment: {crm: Customer_Segment,", "segment: {owner: books, crm: Customer_Segment,")
    planned = connected.run("mapping", "diff", str(file), "--json")
    assert planned.code == 1
    assert [row["place"] for row in planned.json["differences"]] == ["customer.segment.owner"]
    assert connected.run("connect", "--mapping", str(file)).code == 0
    read = connected.stack.store.connections.read
    assert read("main").mode is Mode.OBSERVE
    assert [row["change"] for row in connected.run("mapping", "diff", "--json").json["differences"]] == [
        "crm -> books"
    ]
    refused = connected.run("mode", "write", "--yes")
    assert (refused.code, read("main").mode) == (2, Mode.OBSERVE)
    assert "tandem mapping approve" in refused.err
    refused = connected.run("mapping", "approve")
    assert refused.code == 2
    assert "--yes" in refused.err
    ran = connected.run("mapping", "approve", "--yes", "--json")
    assert ran.code == 0
    assert [row["place"] for row in ran.json["differences"]] == ["customer.segment.owner"]
    assert read("main").mode is Mode.WRITE
    assert connected.run("mapping", "diff").code == 0


def test_approve_waits_for_the_native_sync(connected: World) -> None:
    """Two syncs on one record would loop, whatever the mapping says."""
    connected.stack.store.connections.set("main", native_sync="on")
    ran = connected.run("mapping", "approve", "--yes")
    assert ran.code == 2
    assert "--native-sync-off" in ran.err


def test_schema_is_json(world: World) -> None:
    """For an editor."""
    ran = world.run("mapping", "schema")
    assert json.loads(ran.out) == file_schema()
