"""What the probe asks of CRM, on two throw-away Accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from cli.probing import run as running
from cli.probing.ask import Told, UnansweredError
from cli.probing.run import GRAIN, TEXT, Look, Run, form_of
from tandem.adapters.zoho.coql import quote
from tandem.adapters.zoho.parse import as_id, show_time
from tandem.core.records import Side

OK, NEWER = "SUCCESS", "ALREADY_MODIFIED"
FIRST_TEXTS = ("Description", "Account_Site", "Ticker_Symbol")
FIRST_PICKS = ("Rating", "Industry", "Ownership")
_FEW, _MANY = 50, 100
_PLAIN = "probe"
_HALF = "only one of the two throw-away Accounts is there: delete it too, then run again"


def names(run: Run) -> tuple[str, str]:
    """What the two Accounts are called."""
    one, two = (f"Tandem probe {run.connection.id}, Account {n} (please delete)" for n in (1, 2))
    return one, two


async def prepare(run: Run) -> None:
    """Make the two Accounts, or take those of an earlier run."""
    told = await run.ask.send("crm.fields", query=[("module", run.customer.crm_module)])
    told.one("fields")
    _choose(run, {str(row.get("api_name")): row for row in told.rows("fields")})
    if run.kept.crm and not await _read_again(run):
        run.kept.crm = []
    if "crm" in run.kept.making and not run.kept.crm:
        await _find(run)
    if run.kept.crm:
        return
    run.kept.making.append("crm")
    run.mark()
    data = [{_name_field(run): name, **_filled(run)} for name in names(run)]
    told = await _write(run, "crm.insert", data)
    run.kept.crm = [id for code, _, id in told.results() if code == OK]
    run.kept.making.remove("crm")
    run.mark()
    if len(run.kept.crm) != len(data):
        code, _, about = next(r for r in told.results() if r[0] != OK)
        raise UnansweredError(f"CRM did not take the throw-away Accounts: {code} {about}".strip())
    for code, moment, id in told.results():
        if code == OK:
            run.saw_time(id, moment)


def _choose(run: Run, meta: Mapping[str, Mapping[str, Any]]) -> None:
    """Two text fields and a pick list that decide nothing."""
    own = {_name_field(run), run.customer.crm_stamp, *run.customer.create_in_books_when}

    def free(kinds: Sequence[str], first: Sequence[str]) -> list[str]:
        able = [
            name
            for name, row in meta.items()
            if row.get("data_type") in kinds and name not in own and not row.get("unique") and _writable(row)
        ]
        return sorted(able, key=lambda name: (name not in first, name))

    texts, picks = free(("text", "textarea"), FIRST_TEXTS), free(("picklist",), FIRST_PICKS)
    run.fields["texts"] = texts[:2]
    run.fields["pick"] = picks[0] if picks else ""
    values = [v.get("actual_value") for v in meta[picks[0]].get("pick_list_values") or ()] if picks else []
    run.fields["value"] = next((v for v in values if v and v != "-None-"), None)


def _writable(row: Mapping[str, Any]) -> bool:
    may = row.get("operation_type") or {}
    return not row.get("read_only") and all(may.get(f"api_{verb}", True) for verb in ("create", "update"))


def _name_field(run: Run) -> str:
    return str(run.customer.field("name").attributes(Side.CRM)[0])


def _in(run: Run) -> dict[str, str]:
    return {"module": run.customer.crm_module}


def _filled(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(run.fields["texts"], _PLAIN)
    if run.fields["pick"] and run.fields["value"]:
        values[run.fields["pick"]] = run.fields["value"]
    return values


async def _read(run: Run) -> dict[str, Mapping[str, Any]]:
    wanted = [*run.fields["texts"], *filter(None, [run.fields["pick"]]), "Modified_Time"]
    query = [("ids", ",".join(run.kept.crm)), ("fields", ",".join(wanted))]
    told = await run.ask.send("crm.list", _in(run), query=query)
    return {str(as_id(row)): row for row in told.rows("data")}


async def _read_again(run: Run) -> bool:
    rows = await _read(run)
    for id in run.kept.crm:
        if id in rows:
            run.saw_time(id, rows[id].get("Modified_Time"))
    if not rows:
        return False
    if len(rows) < len(names(run)):
        raise UnansweredError(_HALF)
    told = await _write(run, "crm.update", [_filled(run)], id=run.kept.crm[0])
    run.saw_time(run.kept.crm[0], _done(told))
    return True


async def _find(run: Run) -> None:
    """An earlier run was interrupted between the create and its answer."""
    listed = ", ".join(quote(name) for name in names(run))
    rows = (await _query(run, f"{_name_field(run)} in ({listed})")).rows("data")
    run.kept.crm = [str(as_id(row)) for row in rows][:2]
    run.kept.making.remove("crm")
    run.mark()
    if run.kept.crm and not await _read_again(run):
        run.kept.crm = []


async def _query(run: Run, where: str, columns: str = "id, Modified_Time") -> Told:
    query = f"select {columns} from {run.customer.crm_module} where {where} limit 10"  # noqa: S608 - own text
    return await run.ask.send("crm.query", body={"select_query": query})


async def _write(
    run: Run, name: str, data: list[dict[str, Any]], header: str = "", id: str | None = None
) -> Told:
    """A write that starts no automation; `header`: the time of `If-Unmodified-Since`."""
    parts = _in(run) if id is None else {**_in(run), "id": id}
    headers = {"If-Unmodified-Since": header} if header else {}
    return await run.ask.send(name, parts, body={"data": data, "trigger": []}, headers=headers)


def _done(told: Told) -> Any:
    """The time of a write that must have been done."""
    [(code, moment, about)] = told.results() or [("no result", None, "")]
    if code != OK:
        raise UnansweredError(f"CRM refused a write: {code} {about}".strip())
    return moment


async def unchanged(run: Run) -> None:
    """Write the name that is there."""
    first, _ = run.accounts()
    before = run.times[first]
    await running.pause(GRAIN)
    told = await _write(run, "crm.update", [{_name_field(run): names(run)[0]}], id=first)
    after = run.saw_time(first, _done(told))
    run.found("unchanged_update_moves_time", after > before, "wrote a name again, compared the times")


async def guard(run: Run) -> None:
    """Update both at once, with a time between theirs."""
    first, second = run.accounts()
    text = run.fields["texts"]
    if not text:
        raise UnansweredError("the module has no plain text field")
    told_before = await run.ear.quiet(Side.CRM, second)
    await running.pause(2 * GRAIN)
    told = await _write(run, "crm.update", [{text[0]: TEXT}], id=second)
    if told.results()[0][0] != OK:
        told = await _write(run, "crm.update", [{text[0]: _PLAIN}], id=second)
    after = run.saw_time(second, _done(told))
    between = run.times[first] + timedelta(seconds=1)
    if after <= between:
        raise UnansweredError("the two Accounts have the same time")
    data = [{"id": first, text[-1]: _PLAIN}, {"id": second, text[-1]: _PLAIN}]
    told = await _write(run, "crm.update_several", data, show_time(between))
    codes = [code for code, _, _ in told.results()]
    for code, moment, id in told.results():
        if code == OK:
            run.saw_time(id, moment)
    answers = {(OK, NEWER): "per_item", (NEWER, NEWER): "whole", (NEWER,): "whole", (OK, OK): "ignored"}
    if tuple(codes) not in answers:
        raise UnansweredError(f"CRM answered {', '.join(codes)}")
    run.found("bulk_unmodified_since", answers[tuple(codes)], f"HTTP {told.status}: {', '.join(codes)}")
    if not await run.ear.heard(Side.CRM, second, told_before):
        raise UnansweredError("none came: they are suppressed, or none of CRM reaches Tandem")
    run.found("trigger_suppresses_notifications", False, "a notification of the probe's own update arrived")


async def clears(run: Run) -> None:
    """Clear fields, guarded by the record's own second; read both Accounts."""
    first, second = run.accounts()
    texts, pick = run.fields["texts"], run.fields["pick"]
    body: dict[str, Any] = {**dict.fromkeys(texts[1:]), **({pick: None} if pick else {})}
    body |= dict.fromkeys(texts[:1], "")
    told = await _write(run, "crm.update", [body], show_time(run.times[first]), id=first)
    same = "refused" if told.results()[0][0] == NEWER else "accepted"
    if same == "refused":
        told = await _write(run, "crm.update", [body], id=first)
    run.saw_time(first, _done(told))
    run.found("unmodified_since_same_second", same, "an update with the record's own time")
    rows = await _read(run)
    nulls = [rows[first].get(name) for name in body if body[name] is None]
    if nulls:
        run.found(
            "null_clears", not any(nulls), f"wrote null to {', '.join(n for n in body if body[n] is None)}"
        )
    if texts:
        run.found("empty_string_clears", rows[first].get(texts[0]) is None, f"an empty text in {texts[0]}")
        run.found("crm_text_form", form_of(TEXT, rows[second].get(texts[0])), f"read {texts[0]} again")


async def pick_list(run: Run) -> None:
    """A value that no pick list has."""
    first, _ = run.accounts()
    if not run.fields["pick"]:
        raise UnansweredError("the module has no free pick list")
    told = await _write(run, "crm.update", [{run.fields["pick"]: "No such choice"}], id=first)
    [(code, moment, _)] = told.results()
    if code == OK:
        run.saw_time(first, moment)
    answer = "accept" if code == OK else "refuse"
    run.found("unknown_picklist_value", answer, f"{run.fields['pick']}: {code}")


async def reads(run: Run) -> None:
    """Reads at the edges."""
    first, _ = run.accounts()
    since = {"If-Modified-Since": show_time(run.times[first])}
    query = [("fields", "Modified_Time")]
    told = await run.ask.send("crm.get", {**_in(run), "id": first}, query=query, headers=since)
    run.found("if_modified_since_inclusive", bool(told.body), f"HTTP {told.status}")
    now = {"If-Modified-Since": show_time(told.at)}
    told = await run.ask.send("crm.malformed", _in(run))
    run.found("malformed_id_answer", str(told.status), f"HTTP {told.status} {told.code}".strip())
    told = await run.ask.send("crm.deleted", _in(run), query=[("type", "all")], headers=now)
    if told.body or told.code:
        raise UnansweredError("something was deleted in this very second")
    run.found("deleted_answers_304", told.status == 304, f"HTTP {told.status}")  # noqa: PLR2004


async def queries(run: Run) -> None:
    """What COQL takes."""
    first, _ = run.accounts()
    found = (await _query(run, f"id = {first}", "id, Owner")).one("data")
    owner = found.get("Owner")
    if not isinstance(owner, Mapping):
        raise UnansweredError("the owner came without an id")
    run.found("coql_lookup_has_name", bool(owner.get("name")), "selected Owner")
    where = (
        f"id = {first} and Modified_Time > '2000-01-01T00:00:00Z' and Created_Time > '2000-01-01T00:00:00Z'"
    )
    told = await _query(run, where)
    run.found("coql_brackets_required", bool(told.code), told.code or f"HTTP {told.status}")
    for most in (_MANY, _FEW):
        fillers = ", ".join(quote(f"{_PLAIN} {n}") for n in range(most - 1))
        told = await _query(run, f"{_name_field(run)} in ({quote(names(run)[0])}, {fillers})")
        if not told.code:
            run.found("coql_in_limit", most, f"{most} values were taken")
            return
    raise UnansweredError(f"CRM refused {_FEW} values: {told.code}")


LOOKS = (
    Look("CRM: two throw-away Accounts", (), prepare, first=True),
    Look("CRM: an update that changes nothing", ("unchanged_update_moves_time",), unchanged),
    Look(
        "CRM: two guarded updates in one call",
        ("bulk_unmodified_since", "trigger_suppresses_notifications"),
        guard,
    ),
    Look(
        "CRM: clearing fields",
        ("unmodified_since_same_second", "empty_string_clears", "null_clears", "crm_text_form"),
        clears,
    ),
    Look("CRM: a value outside a pick list", ("unknown_picklist_value",), pick_list),
    Look(
        "CRM: reads at the edges",
        ("if_modified_since_inclusive", "malformed_id_answer", "deleted_answers_304"),
        reads,
    ),
    Look("CRM: queries", ("coql_lookup_has_name", "coql_brackets_required", "coql_in_limit"), queries),
)
