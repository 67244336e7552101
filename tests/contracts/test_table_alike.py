"""Random operations have the same outcome on both tables: rows, refusals and what a refusal shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tandem.adapters.memory.table import MemoryTable
from tandem.core.errors import ConditionFailedError
from tandem.engine.ports import Delete, Put, Table, Update, When
from tests.contracts.aws import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Write = Put | Update | Delete
Step = Callable[[Table], object]

# Each attribute keeps its kind: where kinds meet, moto compares as Python does, not as DynamoDB
# (test_table_memory.py has those cases), and keeps half of an update that it refuses.
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-3, 3) | st.sampled_from([Decimal("0.5"), Decimal("-1.25")]),
    "m": st.integers(-3, 3),
    "s": st.sampled_from(["", "a", "B", "ä"]),
    "t": st.sampled_from(["", "a", "b"]),
    "l": st.lists(st.integers(0, 2) | st.sampled_from(["a", None]), max_size=2),
    "z": st.none() | st.booleans(),
    "d": st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2),
    "due_pk": st.sampled_from(["c1", "c2"]),
    "due_sk": st.sampled_from(["1", "2", "3"]),
}
ALIKE = {"n": "m", "m": "n", "s": "t", "t": "s"}
PARTITIONS, SORTS = ["p", "q"], ["1", "2"]
KEYS = [(pk, sk) for pk in PARTITIONS for sk in SORTS]
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]  # to explain takes minutes under moto
SUPPRESSED = [HealthCheck.function_scoped_fixture]
ORDERS = ["lt", "le", "gt", "ge"]


@st.composite
def conditions(draw: st.DrawFn) -> tuple[When, ...]:
    """Up to two conditions, often true ones."""
    return tuple(draw(st.lists(single_condition(), max_size=2)))


@st.composite
def single_condition(draw: st.DrawFn) -> When:
    """Any operator on any attribute, against a value or another attribute of its kind."""
    attr = draw(st.sampled_from(["pk", *KINDS]))
    ops = ["exists", "absent"] if attr == "pk" else ["exists", "absent", "eq", "ne"]
    op = draw(st.sampled_from(ops + (ORDERS if attr in ALIKE else [])))
    if op in ("exists", "absent"):
        return When(attr, cast(Literal["exists"], op), or_absent=draw(st.booleans()))
    other = ALIKE.get(attr) if draw(st.booleans()) else None
    value = None if other else draw(KINDS[attr])
    return When(attr, cast(Literal["eq"], op), value, other, draw(st.booleans()))


@st.composite
def writes(draw: st.DrawFn, key: tuple[str, str] | None = None) -> Write:
    """One operation, by itself or (with a `key`) within a transaction."""
    pk, sk = key or draw(st.sampled_from(KEYS))
    match draw(st.sampled_from(["put", "update", "update", "update", "delete"])):
        case "put":
            row = draw(st.fixed_dictionaries({}, optional=KINDS))
            return Put({"pk": pk, "sk": sk, **row}, draw(conditions()))
        case "delete":
            return Delete(pk, sk, draw(conditions()))
    return draw(updates(pk, sk))


@st.composite
def updates(draw: st.DrawFn, pk: str, sk: str) -> Update:
    """Each attribute is changed in one way or not at all."""
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True))
    changes: dict[str, dict[str, Any]] = {"set": {}, "add": {}, "append": {}}
    remove: list[str] = []
    for name in names:
        verb = draw(st.sampled_from(["set", "remove", *VERBS_OF.get(name, [])]))
        if verb == "remove":
            remove.append(name)
        else:
            changes[verb][name] = draw(MORE.get(verb, KINDS[name]))
    return Update(pk, sk, **changes, remove=tuple(remove), when=draw(conditions()))


MORE = {"add": st.integers(-2, 2), "append": KINDS["l"]}
VERBS_OF = {"n": ["add"], "m": ["add"], "l": ["append"]}


@st.composite
def transactions(draw: st.DrawFn) -> list[Write]:
    """Up to three operations on distinct rows."""
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    return [draw(writes(key)) for key in keys]


def do(op: Write | list[Write]) -> Step:
    """The call that an operation is made by."""
    if isinstance(op, list):
        return lambda table: table.transact(op)
    if isinstance(op, Put):
        return lambda table: table.put(op)
    if isinstance(op, Update):
        return lambda table: table.update(op)
    return lambda table: table.delete(op)


def outcome(step: Step, table: Table) -> object:
    """What a call gave: its answer, or the refusal with the row that it shows."""
    try:
        return step(table)
    except ConditionFailedError as error:
        return str(error), error.item


def everything(table: Table) -> object:
    """All rows, and what the index shows of them in its order."""
    rows = [row for pk in PARTITIONS for row in table.query(pk)]
    due = [sorted_within(table.query(pk, index="due")) for pk in ("c1", "c2")]
    return repr(rows_sorted_by_name(rows)), due


def rows_sorted_by_name(rows: Sequence[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Rows as text would show them, with types, whatever the order of their attributes."""
    return [sorted((name, sort_names(value)) for name, value in row.items()) for row in rows]


def sort_names(value: Any) -> Any:
    """A mapping in the order of its names."""
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def sorted_within(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Rows of an index; those of one index key have no order of their own."""
    found = [(row["due_sk"], row["pk"], row["sk"]) for row in rows]
    assert [one[0] for one in found] == sorted(one[0] for one in found)
    return sorted(found)


class TestAlike:
    @given(ops=st.lists(writes() | transactions(), min_size=1, max_size=12))
    @settings(max_examples=50, deadline=None, phases=PHASES, suppress_health_check=SUPPRESSED)
    def test_both_tables_tell_the_same_story(
        self, dynamodb: DynamoDBClient, ops: list[Write | list[Write]]
    ) -> None:
        """The same answer to each operation of a random sequence, and in the end the same rows and index."""
        memory, aws = MemoryTable(), create_table(dynamodb)
        try:
            for op in ops:
                assert outcome(do(op), memory) == outcome(do(op), aws), op
            assert everything(memory) == everything(aws)
        finally:
            dynamodb.delete_table(TableName=aws.name)
