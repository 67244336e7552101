"""What a mapping costs in calls, before anything runs (design, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tandem.core.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Cost:
    """The calls of one flow, as words: some grow with n."""

    flow: str
    crm: str
    books: str

    def as_row(self) -> dict[str, str]:
        """Plain data."""
        return asdict(self)


def costs(mapping: Mapping) -> list[Cost]:
    """One row per flow; n is the number of records."""
    return list(_costs(mapping))


def _costs(mapping: Mapping) -> Iterator[Cost]:
    modules = len({entity.crm_module for entity in mapping.entities.values()})
    fields = [field for entity in mapping.entities.values() for field in entity.fields]
    yield Cost("quiet tick", f"{2 * modules}", "1")
    if any(field.direction != "to_crm" for field in fields):
        yield Cost("n edits in CRM", "1 for each 50", "2n: a read and a write each")
        if "contact_person" in mapping.entities:
            yield Cost("new customer in CRM with k persons", "1 to 3", "2 + k")
    if "individual" in mapping.entities:
        yield Cost(
            "n edits of individuals in CRM", "1 for each 50", "2n, and 2 more for each whose person changed"
        )
    if any(field.direction != "to_books" for field in fields):
        yield Cost("n edits in Books, told by webhook", "n, and 2 for each 50", "0")
        yield Cost("n edits in Books, found by polling", "n, and 2 for each 50", "n")
    if "item" in mapping.entities:
        yield Cost("list of n items, as many times rarer as it has pages", "0", "1 for each 200")
        yield Cost("n edits of items in CRM", "1 for each 50", "n, and 1 for each 50")
        yield Cost("n edits of items in Books, found by the list", "n, and 2 for each 50", "1 for each 50")
    yield Cost("first look at everything", "1 for each 200", "1 for each 200, and 1 for each link")
