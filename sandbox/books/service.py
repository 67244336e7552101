"""Books as users and API calls act on it: a write, then its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.automation import WORKFLOW_USER, Automation
from sandbox.books.contact import CRM_IDS, Contact
from sandbox.books.item_render import ItemRenderer
from sandbox.books.items import Item, Items
from sandbox.books.ledger import Ledger
from sandbox.books.render import BooksRenderer
from sandbox.books.store import BooksStore
from sandbox.books.webhook_body import build
from sandbox.books.webhooks import Webhooks
from sandbox.books.workflows import Workflows
from sandbox.clock import Clock
from sandbox.config import OrgFacts
from sandbox.outbox import Outbox
from sandbox.replies import BooksError, Json
from sandbox.switches import Switches
from sandbox.users import User


class BooksService:
    """The Books org: every write that users and API calls make, with its webhooks."""

    def __init__(
        self,
        store: BooksStore,
        clock: Clock,
        outbox: Outbox,
        switches: Callable[[], Switches],
        org: OrgFacts,
        spend_webhook: Callable[[], bool],
        workflows: Workflows,
    ) -> None:
        self.store = store
        self.clock = clock
        self.org = org
        self.items = Items(store)
        self.ledger = Ledger(store, self.items)
        self.render = BooksRenderer(store, self.ledger.balance, switches)
        self.item_render = ItemRenderer(store, switches)
        self.workflows = workflows
        self.webhooks = Webhooks(store.ids, workflows, switches)
        self.automations: list[Automation] = []
        self._outbox = outbox
        self._switches = switches
        self._spend_webhook = spend_webhook

    def create(self, body: Json, actor: User, source: str = "api") -> Contact:
        """Add a contact and tell the webhooks."""
        contact = self.store.create(body, actor, source)
        self._take_crm_ids(contact, body)
        self._tell(contact, "create", source)
        return contact

    def update(self, contact_id: str, body: Json, actor: User, source: str = "api") -> Contact:
        """Change a contact and tell the webhooks."""
        self._refuse_currency(contact_id, body)
        contact, changed = self.store.update(contact_id, body, actor)
        self._take_crm_ids(contact, body)
        if changed or self._switches().unchanged_put_moves_time:
            self._tell(contact, "edit", source)
        return contact

    def _take_crm_ids(self, contact: Contact, body: Json) -> None:
        if self._switches().zcrm_ids_writable:
            contact.crm_ids |= {name: str(body[name]) for name in CRM_IDS if body.get(name)}

    def _refuse_currency(self, contact_id: str, body: Json) -> None:
        wanted = body.get("currency_id")
        held = self.store.get(contact_id).values["currency_id"]
        fixed = self._switches().currency_fixed_by_transactions and self.ledger.balance(contact_id)[1]
        if wanted and wanted != held and fixed:
            raise BooksError(4, "The currency of a contact that has transactions cannot be changed.")

    def upsert(self, key: str, value: str, create: bool, body: Json, actor: User) -> tuple[Contact, bool]:
        """Update by a unique custom field, or create when asked; return whether it was created (Books 4)."""
        self._refuse_key("contact", key)
        found = self.store.holder_of(key, value)
        if found is not None:
            return self.update(found.id, body, actor), False
        if not create:
            raise BooksError(self._switches().upsert_not_found_code, "Contact does not exist.")
        return self.create(_stamped(body, key, value), actor), True

    def _refuse_key(self, entity: str, key: str) -> None:
        spec = self.store.setup.fields_of(entity).get(key)
        if spec is None or not spec.unique:
            raise BooksError(4, f"Invalid value passed for X-Unique-Identifier-Key: {key}")

    def delete(self, contact_id: str, source: str = "api") -> Contact:
        """Delete a contact without transactions."""
        contact = self.store.get(contact_id)
        if self.ledger.balance(contact_id)[1]:
            raise BooksError(
                self._switches().delete_refused_code,
                "Contacts that are associated with transactions cannot be deleted.",
            )
        record = self.render.full(contact)
        self.store.delete(contact_id)
        if self._switches().books_delete_trigger:
            self._send("contact", lambda: record, "delete", source)
        return contact

    def set_status(self, contact_id: str, status: str, actor: User, source: str = "api") -> Contact:
        """Mark active or inactive."""
        contact = self.store.set_status(contact_id, status, actor)
        self._tell(contact, "edit", source)
        return contact

    def merge(self, master_id: str, losers: list[str], actor: User, source: str = "api") -> Contact:
        """Merge: losers become inactive, their transactions move to the master (Books dossier 2)."""
        master = self.store.get(master_id)
        for loser_id in losers:
            loser = self.store.get(loser_id)
            for name in ("contact_type", "currency_id", "gst_treatment"):
                if loser_id == master_id or loser.values.get(name, "") != master.values.get(name, ""):
                    raise BooksError(4, f"Contacts of different {name} cannot be merged.")
        for loser_id in losers:
            loser = self.store.get(loser_id)
            self.ledger.move(loser, master)
            loser.merged_into = master_id
            self.set_status(loser_id, "inactive", actor, source)
        self.store.touch(master, actor)
        self._tell(master, "edit", source)
        return master

    def person_changed(self, contact: Contact, source: str = "api") -> None:
        """Tell the webhooks of a changed contact person."""
        if self._switches().person_edit_fires_webhook:
            self._tell(contact, "edit", source)

    def address_changed(self, contact: Contact, source: str = "api") -> None:
        """Tell the webhooks of an address changed through the address endpoints."""
        self._tell(contact, "edit", source)

    def create_item(self, body: Json, source: str = "api") -> Item:
        """Add an item and tell the webhooks."""
        item = self.items.create(body, source)
        self._tell_item(item, "create", source)
        return item

    def update_item(self, item_id: str, body: Json, source: str = "api") -> Item:
        """Change an item and tell the webhooks."""
        item, changed = self.items.update(item_id, body)
        if changed or self._switches().unchanged_put_moves_time:
            self._tell_item(item, "edit", source)
        return item

    def update_item_customs(self, item_id: str, customs: list[Any]) -> Item:
        """Change custom fields of an item alone and tell the webhooks."""
        item = self.items.get(item_id)
        kept = {"name": item.name, "rate": item.values["rate"]}
        return self.update_item(item_id, {**kept, "custom_fields": customs})

    def upsert_item(self, key: str, value: str, create: bool, body: Json) -> tuple[Item, bool]:
        """Update an item by a unique custom field, or create it; return whether it was created (Books 4)."""
        self._refuse_key("item", key)
        found = self.items.holder_of(key, value)
        if found is not None:
            return self.update_item(found.id, body), False
        if not create:
            raise BooksError(self._switches().upsert_not_found_code, "Item does not exist.")
        return self.create_item(_stamped(body, key, value)), True

    def set_item_status(self, item_id: str, status: str, source: str = "api") -> Item:
        """Mark an item active or inactive and tell the webhooks."""
        item = self.items.set_status(item_id, status)
        self._tell_item(item, "edit", source)
        return item

    def delete_item(self, item_id: str, source: str = "api") -> Item:
        """Delete an item that no transaction names."""
        item = self.items.get(item_id)
        if self.ledger.names_item(item_id):
            text = "Items that are part of a transaction cannot be deleted."
            raise BooksError(self._switches().delete_refused_code, text)
        record = self.item_render.full(item)
        self.items.delete(item_id)
        if self._switches().books_delete_trigger:
            self._send("item", lambda: record, "delete", source)
        return item

    def _automate(self, contact: Contact) -> bool:
        actor = self.store.users.named(WORKFLOW_USER)
        before = contact.modified_time, contact.modified_by
        for body in self._rewrites("contacts", contact.values, contact.custom):
            self.store.update(contact.id, body, actor)
        return before != (contact.modified_time, contact.modified_by)

    def _automate_item(self, item: Item) -> bool:
        bodies = list(self._rewrites("items", item.values, item.custom))
        kept = {"name": item.name, "rate": item.values["rate"]}
        for body in bodies:
            self.items.update(item.id, kept | body)
        return bool(bodies)

    def _rewrites(self, module: str, values: Json, custom: Json) -> Iterator[Json]:
        for rule in self.automations:
            if rule.module != module:
                continue
            is_custom = rule.field.startswith("cf_")
            old = (custom if is_custom else values).get(rule.field, "")
            new = rule.rewritten(old)
            if new != old:
                stamp = [{"api_name": rule.field, "value": new}]
                yield {"custom_fields": stamp} if is_custom else {rule.field: new}

    def _tell(self, contact: Contact, operation: str, source: str) -> None:
        rewritten = self._automate(contact)
        self._send("contact", lambda: self.render.full(contact), operation, source)
        if rewritten:
            self._send("contact", lambda: self.render.full(contact), "edit", "user")

    def _tell_item(self, item: Item, operation: str, source: str) -> None:
        rewritten = self._automate_item(item)
        self._send("item", lambda: self.item_render.full(item), operation, source)
        if rewritten:
            self._send("item", lambda: self.item_render.full(item), "edit", "user")

    def _send(self, entity: str, record: Callable[[], Json], operation: str, source: str) -> None:
        switches = self._switches()
        fires = {"api": switches.api_edit_fires_webhook, "native": switches.native_sync_fires_webhook}
        if not fires.get(source, True):
            return
        hooks = self.webhooks.listening(entity, operation)
        shown = record() if hooks else {}
        for hook in hooks:
            if not self._spend_webhook():
                return
            sent = build(hook, shown, switches)
            self._outbox.put(
                "books",
                sent.url,
                sent.headers,
                sent.content,
                sent.payload,
                [shown[f"{entity}_id"]],
                operation,
                f"webhook {hook.webhook_id}",
                sent.method,
                self.workflows.retries(str(hook.spec.get("retry_policy_id", ""))),
            )


def _stamped(body: Json, key: str, value: str) -> Json:
    customs = body.get("custom_fields", [])
    others = [c for c in customs if isinstance(c, dict) and c.get("api_name") != key]
    return {**body, "custom_fields": [*others, {"api_name": key, "value": value}]}
