"""The items of the Books org: products and services. No HTTP here (Books dossier 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.books.custom_values import check_mandatory, check_references, custom_values
from sandbox.books.item_values import CHECKED_TOGETHER, check_item, item_values
from sandbox.books.lagging import Lagging
from sandbox.books.store import BooksStore
from sandbox.books.values import drop_nulls, invalid
from sandbox.replies import BooksError, Json
from sandbox.switches import Switches


@dataclass(slots=True)
class Item:
    """A product or service."""

    id: str
    values: dict[str, Any]
    created_time: int
    modified_time: int
    source: str
    custom: dict[str, Any] = field(default_factory=dict)
    status: str = "active"
    linked_with_crm: bool = False
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.number = int(self.id)

    @property
    def name(self) -> str:
        """Return the name."""
        return str(self.values["name"])


class Items:
    """All items of one org; names and stock keeping units are found without a search."""

    def __init__(self, store: BooksStore) -> None:
        self._store = store
        self.by_id: dict[str, Item] = {}
        store.referable["item"] = self.by_id
        self._holders: dict[tuple[str, str], set[str]] = {}
        self.lagging = Lagging(self.by_id, store.clock, lambda: store.switches.list_lag_seconds)

    def get(self, item_id: str) -> Item:
        """Return an item; raises BooksError 1002."""
        found = self.by_id.get(item_id)
        if found is None:
            raise BooksError(1002, "Item does not exist.", 404)
        return found

    def holder_of(self, api_name: str, value: str) -> Item | None:
        """Return the item that holds a value in a custom field."""
        return next((self.by_id[i] for i in self._held(api_name, value)), None)

    def create(
        self,
        body: Json,
        source: str,
        item_id: str | None = None,
        at: int | None = None,
        status: str = "active",
    ) -> Item:
        """Add an item: name and rate are wanted, sku is unique. Raises BooksError."""
        values, custom = self._draft(body)
        for name in ("name", "rate"):
            if values.get(name, "") == "":
                raise invalid(name)
        values = {"product_type": "goods", "item_type": "sales", "is_taxable": True, **values}
        check_item(values, self._store)
        check_mandatory(custom, self._store.setup.fields_of("item"))
        self._refuse_taken(values, custom, None)
        now = int(self._store.clock.now()) if at is None else at
        item = Item(item_id or self._store.ids.draw(), {}, now, now, source, {}, status)
        self.by_id[item.id] = item
        self._assign(item, values, custom)
        self.lagging.note(item.id)
        return item

    def update(self, item_id: str, body: Json) -> tuple[Item, bool]:
        """Change what is sent; return the item and whether anything changed. Raises BooksError."""
        item = self.get(item_id)
        if not self._switches.item_put_partial:
            for name in ("name", "rate"):
                if name not in body:
                    raise invalid(name)
        values, custom = self._draft(body)
        if values.get("name") == "" or values.get("rate") == "":
            raise invalid("name" if values.get("name") == "" else "rate")
        if CHECKED_TOGETHER & set(values):
            check_item({**item.values, **values}, self._store)
        if custom:
            check_mandatory({**item.custom, **custom}, self._store.setup.fields_of("item"))
        self._refuse_taken(values, custom, item.id)
        before = (dict(item.values), dict(item.custom))
        self._assign(item, values, custom)
        changed = before != (item.values, item.custom)
        if changed or self._switches.unchanged_put_moves_time:
            self._touch(item)
        self.lagging.note(item.id)
        return item, changed

    def set_status(self, item_id: str, status: str) -> Item:
        """Mark active or inactive."""
        item = self.get(item_id)
        item.status = status
        if self._switches.inactive_moves_time:
            self._touch(item)
        self.lagging.note(item.id)
        return item

    def delete(self, item_id: str) -> Item:
        """Remove an item for good."""
        item = self.get(item_id)
        self._release(item)
        del self.by_id[item_id]
        self.lagging.note(item_id)
        return item

    def rename_values(self, old: str, new: str) -> None:
        """Move what items hold in one custom field to another name."""
        for item in self.by_id.values():
            self._assign(item, {}, {new: item.custom.get(old, ""), old: ""})
            del item.custom[old]

    def change_values(self, name: str, old: str, new: str) -> None:
        """Replace one value of a custom field in every item; no time moves."""
        for item in self.by_id.values():
            if item.custom.get(name) == old:
                self._assign(item, {}, {name: new})

    @property
    def _switches(self) -> Switches:
        return self._store.switches

    def _touch(self, item: Item) -> None:
        if not self._store.keeps_time("items", item.id):
            item.modified_time = int(self._store.clock.now())

    def _draft(self, body: Json) -> tuple[dict[str, Any], dict[str, Any]]:
        body = drop_nulls(body, self._switches)
        fields = self._store.setup.fields_of("item")
        custom = custom_values(body.get("custom_fields", []), fields, self._switches)
        check_references(custom, fields, self._store.referable)
        return item_values(body, self._store, self._switches), custom

    def _held(self, name: str, value: Any) -> set[str]:
        return self._holders.get((name, str(value).casefold()), set())

    def _refuse_taken(self, values: dict[str, Any], custom: dict[str, Any], own: str | None) -> None:
        if self._switches.books_duplicate_item_names == "refuse" and self._taken("name", values, own):
            raise BooksError(1001, f'Item "{values["name"]}" already exists.')
        if self._taken("sku", values, own):
            raise BooksError(1001, f"SKU {values['sku']} already exists.")
        for name, spec in self._store.setup.fields_of("item").items():
            if spec.unique and self._taken(name, custom, own):
                text = f'The value "{custom[name]}" already exists for the field {spec.label}.'
                raise BooksError(self._switches.unique_field_code, text)

    def _taken(self, name: str, values: dict[str, Any], own: str | None) -> bool:
        value = values.get(name, "")
        return value != "" and bool(self._held(name, value) - {own})

    def _assign(self, item: Item, values: dict[str, Any], custom: dict[str, Any]) -> None:
        self._release(item)
        item.values |= values
        item.custom |= custom
        for key in self._keys(item):
            self._holders.setdefault(key, set()).add(item.id)

    def _release(self, item: Item) -> None:
        for key in self._keys(item):
            self._holders[key].discard(item.id)

    def _keys(self, item: Item) -> list[tuple[str, str]]:
        held = {"name": item.values.get("name", ""), "sku": item.values.get("sku", ""), **item.custom}
        return [(name, str(value).casefold()) for name, value in held.items() if value != ""]
