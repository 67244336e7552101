"""What was measured, as tables that fit a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.budgets import BUDGETS, LIMITED
from benchmarks.sandbox import PAGE_MS, READY_SECONDS

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


def report(found: Mapping[str, Any]) -> str:
    """Every section of bench.json that is there."""
    parts = [section(found) for name, section in _SECTIONS.items() if name in found]
    return "\n\n".join(parts)


def is_over(row: Row) -> bool:
    """More calls than the budget, on either side."""
    return bool(row["crm_calls"] > row["budget_crm"] or row["books_calls"] > row["budget_books"])


def over_budget(found: Mapping[str, Any]) -> list[str]:
    """A line for each flow and n that cost more than its budget, with limits lifted or not, and why."""
    lifted = {(row["flow"], row["n"]) for row in found.get("flows", ()) if is_over(row)}
    return [
        f"OVER BUDGET: {row['flow']}, n={row['n']}{note}: CRM {row['crm_calls']} of {row['budget_crm']}, "
        f"Books {row['books_calls']} of {row['budget_books']}. {_why(row, lifted).split('. ')[0]}"
        for name, note in (("flows", ""), ("flows_limited", ", under limits"))
        for row in found.get(name, ())
        if is_over(row)
    ]


def _why(row: Row, lifted: Collection[tuple[str, int]]) -> str:
    """What is over with limits lifted too is not so because of them."""
    is_lifted = (row["flow"], row["n"]) in lifted
    return (BUDGETS[row["flow"]].excess or "Not explained") if is_lifted else LIMITED


def _flows(name: str, title: str) -> Callable[[Mapping[str, Any]], str]:
    def section(found: Mapping[str, Any]) -> str:
        lines = [title, *_table(found[name], _FLOW_COLUMNS), *_over(found[name], found["endpoints"], name)]
        return "\n".join(lines)

    return section


def _over(rows: Sequence[Row], endpoints: Sequence[Row], name: str) -> Iterator[str]:
    """What the calls were where the budget is exceeded, at the largest n."""
    largest = max(row["n"] for row in rows)
    made = {(row["measured"], row["flow"], row["n"]): row["calls"] for row in endpoints}
    for row in rows:
        if row["n"] == largest and is_over(row):
            calls = made[name, row["flow"], row["n"]]
            listed = ", ".join(f"{count} {endpoint}" for endpoint, count in calls.items())
            yield f"  over at n={largest}: {row['flow']}: {listed}"


def _ratio(row: Row, side: str) -> str:
    calls, budget = row[f"{side}_calls"], row[f"budget_{side}"]
    mark = " !" if calls > budget else "  "
    return (f"{calls / budget:.2f}" if budget else "-") + mark


def _of_naive(row: Row) -> str:
    naive = row["naive_crm"] + row["naive_books"]
    return f"{(row['crm_calls'] + row['books_calls']) / naive:.0%}"


def _table_ops(found: Mapping[str, Any]) -> str:
    rows = found["table_ops"]
    verbs = sorted({verb for row in rows for verb in row["state"]})
    columns: list[Column] = [
        ("flow", lambda row: row["flow"]),
        ("n", lambda row: str(row["n"])),
        ("all", lambda row: f"{row['calls']:.1f}"),
        *((verb, _cell("state", verb)) for verb in verbs),
        ("history put", _cell("history", "put")),
    ]
    return "\n".join(["Table calls per change, by verb (limits lifted)", *_table(rows, columns)])


def _cell(table: str, verb: str) -> Callable[[Row], str]:
    return lambda row: f"{row[table][verb]:.1f}" if verb in row[table] else "."


def _layers(found: Mapping[str, Any]) -> str:
    note = "" if any(row["byte_code_bytes"] for row in found["layers"]) else ", without byte code"
    return "\n".join([f"Release layers (arm64{note})", *_table(found["layers"], _LAYER_COLUMNS)])


def _imports(found: Mapping[str, Any]) -> str:
    return "\n".join(
        ["Start of each handler on this machine, medians in ms", *_table(found["imports"], _IMPORT_COLUMNS)]
    )


def _core(found: Mapping[str, Any]) -> str:
    fields = found["core"][0]["fields"]
    title = f"decide + merge, pairs of {fields} fields, one core, medians"
    return "\n".join([title, *_table(found["core"], _CORE_COLUMNS)])


def _sandbox(found: Mapping[str, Any]) -> str:
    told = found["sandbox"]
    title = (
        f"The sandbox with {told['size']:,} companies: ready in {told['ready_seconds']} s, of the processor "
        f"{told['ready_processor_seconds']} s (promised: {READY_SECONDS}); a page of 200 promised in {PAGE_MS} ms; "
        "processor: the sandbox's alone, and that of the first page after a write (! over)"
    )
    return "\n".join([title, *_table(told["pages"], _SANDBOX_COLUMNS)])


def _promised(row: Row, name: str) -> str:
    return f"{row[name]}{' !' if row[name] > PAGE_MS else '  '}"


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    """First column to the left, numbers to the right."""
    cells = [[title for title, _ in columns], *([show(row) for _, show in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        first, *rest = (
            text.ljust(width) if not i else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  " + "  ".join([first, *rest]).rstrip()


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])


def _number(name: str) -> Callable[[Row], str]:
    return lambda row: f"{row[name]:,}"


def _megabytes(name: str) -> Callable[[Row], str]:
    return lambda row: f"{row[name] / 1e6:.2f} MB"


_FLOW_COLUMNS: Final[Sequence[Column]] = (
    ("flow", _text("flow")),
    ("n", _text("n")),
    ("CRM", _text("crm_calls")),
    ("budget", _text("budget_crm")),
    ("ratio", lambda row: _ratio(row, "crm")),
    ("Books", _text("books_calls")),
    ("budget", _text("budget_books")),
    ("ratio", lambda row: _ratio(row, "books")),
    ("naive CRM", _text("naive_crm")),
    ("Books", _text("naive_books")),
    ("of naive", _of_naive),
)
_LAYER_COLUMNS: Final[Sequence[Column]] = (
    ("layer", _text("layer")),
    ("unpacked", _megabytes("unpacked_bytes")),
    ("zipped", _megabytes("zipped_bytes")),
    ("byte code", _megabytes("byte_code_bytes")),
    ("files", _number("files")),
)
_IMPORT_COLUMNS: Final[Sequence[Column]] = (
    ("function", _text("function")),
    ("form", _text("form")),
    ("import", _text("import_ms")),
    ("ready", _text("ready_ms")),
)
_CORE_COLUMNS: Final[Sequence[Column]] = (
    ("changed", lambda row: f"{row['changed_percent']} %"),
    ("pairs", _number("pairs")),
    ("pairs/s", _number("pairs_per_second")),
    ("plain pairs/s", _number("plain_pairs_per_second")),
    ("times plain", _text("times_plain")),
    ("peak MB", _text("peak_mb")),
    ("growth MB", _text("growth_mb")),
)
_SANDBOX_COLUMNS: Final[Sequence[Column]] = (
    ("page", _text("what")),
    ("rows", _number("rows")),
    ("processor ms", lambda row: _promised(row, "processor_ms")),
    ("after a write", lambda row: _promised(row, "processor_ms_written")),
    ("caller ms", _text("ms")),
    ("95 %", _text("ms_95")),
    ("bytes", _number("bytes")),
)
_SECTIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "flows": _flows(
        "flows", "Calls, the echo included; limits lifted, so that nothing waits (! over budget)"
    ),
    "flows_limited": _flows(
        "flows_limited", "The same under the limits of a live organisation, which cut rounds (! over budget)"
    ),
    "table_ops": _table_ops,
    "layers": _layers,
    "imports": _imports,
    "core": _core,
    "sandbox": _sandbox,
}
