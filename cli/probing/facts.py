"""Every fact that no source settles: answered by a probe, shown by what arrives, or left alone.

The names of the sandbox's switches are used where there is one; a test holds this list to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Way = Literal["probe", "seen", "never"]
"""`probe`: `tandem probe` asks. `seen`: only what arrives tells. `never`: not asked on purpose."""
Product = Literal["crm", "books", "both"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One open question. `how`: by which calls it is settled, or why not; `setting`: where the answer goes."""

    name: str
    product: Product
    way: Way
    text: str
    how: str
    setting: str = ""


def _probe(product: Product, name: str, text: str, how: str, setting: str = "") -> Fact:
    return Fact(name, product, "probe", text, how, setting)


def _seen(product: Product, name: str, text: str, how: str) -> Fact:
    return Fact(name, product, "seen", text, how)


def _never(product: Product, name: str, text: str, why: str) -> Fact:
    return Fact(name, product, "never", text, why)


_CRM = (
    _probe("crm", "unchanged_update_moves_time", "an update that changes nothing moves the time",
           "write a name again"),
    _probe("crm", "bulk_unmodified_since", "`If-Unmodified-Since` on several records at once",
           "update both Accounts with a time between theirs", "crm_bulk_guard"),
    _probe("crm", "unmodified_since_same_second", "the same header at exactly the record's second",
           "update with the record's own time"),
    _probe("crm", "empty_string_clears", "an empty text clears a text field",
           "write it, read the field"),
    _probe("crm", "null_clears", "null clears a text and a pick list", "write both, read them"),
    _probe("crm", "crm_text_form", "the form in which text is kept", "write a letter with its accent apart, read it"),
    _probe("crm", "unknown_picklist_value", "a value outside a pick list", "write one"),
    _probe("crm", "if_modified_since_inclusive", "`If-Modified-Since` at exactly the record's second",
           "read with the record's own time"),
    _probe("crm", "deleted_answers_304", "no deletion since: 204 or 304", "ask for deletions since now"),
    _probe("crm", "malformed_id_answer", "an id that is no id: 204 or 400", "read one"),
    _probe("crm", "coql_lookup_has_name", "a lookup in COQL carries its name", "select the owner"),
    _probe("crm", "coql_brackets_required", "three criteria want brackets", "query without them"),
    _probe("crm", "coql_in_limit", "how many values `in` takes, 50 or 100", "query with 100, else with 50"),
)  # fmt: skip

_BOOKS = (
    _probe("books", "unique_field_marked", "by which key the metadata call a field unique", "read the fields"),
    _probe("books", "upsert_create_status", "status of an upsert that creates", "make the customer by one"),
    _probe("books", "custom_fields_by_api_name", "custom fields are written by `api_name`", "look at the new customer"),
    _probe("books", "empty_custom_fields", "custom fields without a value: left out or listed",
           "look at the new customer"),
    _probe("books", "person_answer", "`contact_person` of a create: list or object", "add a person"),
    _probe("books", "first_person_is_primary", "the first person becomes the primary one", "look at both persons"),
    _probe("books", "duplicate_person_email", "two persons of one e-mail", "give the second the first one's"),
    _probe("books", "person_edit_moves_customer_time", "an edit of a person moves the customer's time",
           "change a phone, read the customer", "books_version_covers_persons"),
    _probe("books", "books_code_as_text", "a code as number or text", "look at a list"),
    _probe("books", "newest_first", "the list sorted by time begins with the newest", "list once"),
    _probe("books", "address_edit_moves_customer_time", "an edit through the address calls moves the customer's time",
           "change a city, read the customer", "books_version_covers_addresses"),
    _probe("books", "address_put_moves_customer_time", "so does an address within an update of the customer",
           "change a city, look at the time", "books_version_covers_addresses"),
    _probe("books", "partial_billing_address", "an address sent in part: merged or replaced", "send the city alone"),
    _probe("books", "books_text_form", "the form in which text is kept",
           "write a letter with its accent apart, read it"),
    _probe("books", "list_lag_seconds", "a list lags behind a write: yes is proof, no may be luck",
           "list at once after an update"),
    _probe("books", "unchanged_put_moves_time", "an update that changes nothing moves the time",
           "write the name again"),
    _probe("books", "put_without_persons_keeps", "an update without persons keeps them", "look at them after one"),
    _probe("books", "null_on_write", "null in a body: refused, cleared or ignored", "clear the note with null"),
    _probe("books", "gst_number_required", "`business_gst` without a number is refused", "write it (India only)"),
    _probe("books", "unique_field_code", "the code for a taken value of a unique field",
           "insert a second customer with the same stamp: Books refuses it", "books_unique_codes"),
    _probe("books", "upsert_not_found_code", "the code of an upsert that finds nothing", "one with an unknown stamp"),
    _probe("books", "contacts_lmt_filter", "a filter by modified time on contacts", "list from tomorrow on"),
    _probe("books", "lmt_filter_inclusive", "such a filter takes in its own second",
           "list from the customer's own time on"),
    _probe("books", "missing_contact_code", "the code for a contact that is not there", "read one"),
    _probe("books", "missing_contact_status", "status for a contact that is not there", "read one"),
    _probe("books", "wrong_org_status", "status for another organisation's id", "read with one"),
    _probe("books", "inactive_moves_time", "marking inactive moves the time", "at the end, when it is done anyway"),
)  # fmt: skip

_SEEN = (
    _seen("crm", "trigger_suppresses_notifications", "writes with an empty `trigger` tell nobody",
          "while paused: a notification of the probe's own write is heard, or not"),
    _seen("books", "api_edit_fires_webhook", "writes by API fire the webhook",
          "while paused: the webhook of the probe's own write is heard, or not"),
    _seen("books", "person_edit_fires_webhook", "an edit of a person fires the customer's webhook",
          "while paused: the same, after an edit of a person"),
    _seen("crm", "insert_notification_has_values", "an insert's notification has values",
          "both forms are read; nothing leans on it"),
    _seen("crm", "bulk_notification", "several ids in one notification", "both forms are read; nothing leans on it"),
    _seen("both", "delivery_attempts", "an unanswered notification comes again",
          "a receiver would have to fail on purpose; the tick finds what is lost"),
    _seen("books", "webhook_envelope", "the form of a webhook's body",
          "all four are read: the metric `WebhookAccepted` rises with the first"),
    _seen("books", "webhook_signature_encoding", "the signature in hex or base64",
          "both are taken: a 401 in the log of `receive_webhook` would say otherwise"),
    _seen("books", "webhook_needs_rule", "a webhook made by API fires without a workflow rule",
          "the first day makes a rule with its webhook"),
)  # fmt: skip

_NEVER = (
    _never("crm", "search_lag_seconds", "how long search lags behind", "search is not used, its scope not asked for"),
    _never("crm", "merge_moves_children_time", "a merge moves the time of Contacts", "a merge deletes a record"),
    _never("crm", "permanent_delete_listed_days", "how long a purged id is listed", "takes months and a delete"),
    _never("crm", "rate_code_crm", "the code of a CRM 429", "would take the calls of the whole organisation"),
    _never("books", "books_duplicate_names", "two customers of one name",
           "needs a second customer; the preference stands in Books' settings, and both answers are dealt with"),
    _never("books", "multiselect_value", "several choices as a list or a text", "needs a field of that kind"),
    _never("books", "currency_fixed_by_transactions", "the currency after a transaction", "needs a transaction"),
    _never("books", "delete_refused_code", "the code of a refused delete", "Tandem holds no delete"),
    _never("books", "last_person_delete", "the last person can be deleted", "Tandem holds no delete"),
    _never("books", "primary_person_delete", "the primary person can be deleted", "Tandem holds no delete"),
    _never("books", "books_delete_trigger", "a delete fires a webhook", "Tandem holds no delete"),
    _never("books", "retry_after_on_429", "a 429 says when to come back", "would block the whole organisation"),
    _never("books", "block_seconds_after_44", "how long a code 44 blocks", "would block the whole organisation"),
    _never("crm", "crm_token_code", "the code of a 401", "both codes are known"),
    _never("crm", "deleted_credits", "what a look for deletions costs", "calls are counted, not credits"),
    _never("books", "upsert_needs_create_scope", "an upsert that creates wants two scopes", "both are asked for"),
    _never("crm", "watch_patch_body", "PATCH of a channel takes a list, or one channel bare",
           "one alert says so on the day that it fails; a new channel needs no PATCH"),
    _never("books", "zcrm_ids_writable", "the CRM ids of a Books customer can be written",
           "Tandem never sends them: they are the marks of Zoho's own sync"),
    _never("books", "items_default_filter", "which items a list without a filter shows", "needs an inactive item"),
    _never("books", "items_sort_by_time", "items sorted by their time", "needs two items"),
    _never("books", "item_put_partial", "a PUT of an item keeps what is not sent",
           "needs an item; the first refused update says so, then a setting helps"),
    _never("books", "item_details_shows", "several items in one read show all", "needs an item; each row is looked at"),
    _never("books", "item_details_missing", "an id that is not there among several", "needs a delete"),
    _never("crm", "unapproved_left_out", "a list without `approved` leaves out what waits for approval",
           "needs an approval process; both kinds are asked for"),
    _never("crm", "module_refusal_in_data", "a refused module: bare, or in the place of a record's result",
           "both forms are read"),
    _never("crm", "token_throttle_error", "the word of the eleventh token request", "both words are known"),
    _never("crm", "bulk_read_result_days", "how long a bulk read's result is kept",
           "takes a day and 50 credits; Tandem makes no bulk read"),
    _never("crm", "bulk_read_callback", "what the callback of a bulk read carries",
           "takes 50 credits; Tandem makes no bulk read"),
    _never("crm", "relabelled_picklist_value",
           "a relabelled pick list value: records carry the new label or the old value",
           "would change a pick list; a value that the mapping does not know is held"),
    _never("books", "books_duplicate_item_names", "two items of one name",
           "needs two items; the preference stands in Books' settings"),
    _never("crm", "bulk_read_queued", "a bulk read is queued for a while",
           "takes 50 credits; Tandem makes no bulk read"),
    _never("crm", "crm_emoji", "an emoji in a text: kept, refused, or a question mark instead",
           "a refusal is held with CRM's words; type one in Books and look in CRM"),
    _never("crm", "crm_nul", "a NUL character in a text", "nobody can type one; a refusal is held with CRM's words"),
    _never("crm", "deleted_ceiling", "how many deletions CRM lists at most", "takes thousands of deletes"),
    _never("books", "native_sync_fires_webhook", "an edit by Zoho's own sync fires webhooks",
           "Tandem does not write while that sync runs"),
)  # fmt: skip

FACTS: dict[str, Fact] = {fact.name: fact for fact in (*_CRM, *_BOOKS, *_SEEN, *_NEVER)}
