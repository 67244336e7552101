"""Every fact about Zoho that no source settles, as one named switch with both answers built.

The default is the answer thought likelier or, where that is open, the one that is harder on a client.
A switch is read with `GET /control/switches` and set with `PUT /control/switches`.
"""

from __future__ import annotations

import html
import unicodedata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def _fact(default: Any, text: str, source: str) -> Any:
    return Field(default, description=text, json_schema_extra={"source": source})


def text_form(text: str, form: str) -> str:
    """Return text as a product keeps it."""
    if form == "nfc":
        return unicodedata.normalize("NFC", text)
    return html.escape(html.unescape(text), quote=False) if form == "html" else text


class Switches(BaseModel):
    """The switches of one sandbox; unknown names and values are refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # CRM
    if_modified_since_inclusive: bool = _fact(
        False, "If-Modified-Since also answers records modified at exactly that second.", "CRM dossier 2"
    )
    deleted_answers_304: bool = _fact(
        False,
        "GET deleted with If-Modified-Since and nothing newer answers 304 instead of 204.",
        "CRM dossier 3",
    )
    trigger_suppresses_notifications: bool = _fact(
        False, "A write with an empty trigger list sends no watch notification.", "CRM dossier 2, 5"
    )
    insert_notification_has_values: bool = _fact(
        False, "The notification of an insert fills affected_fields and affected_values.", "CRM dossier 5"
    )
    bulk_notification: Literal["grouped", "single"] = _fact(
        "grouped",
        "One notification with several ids for one bulk call, or one for each record.",
        "CRM dossier 5",
    )
    bulk_unmodified_since: Literal["per_item", "whole"] = _fact(
        "per_item",
        "If-Unmodified-Since on a bulk update refuses the newer records only, or the whole call.",
        "CRM dossier 2",
    )
    unknown_picklist_value: Literal["refuse", "accept"] = _fact(
        "refuse", "A value outside a picklist is INVALID_DATA, or is stored as given.", "CRM dossier 10"
    )
    coql_lookup_has_name: bool = _fact(
        False, "A lookup selected in COQL carries its name beside its id.", "CRM dossier 4"
    )
    unchanged_update_moves_time: bool = _fact(
        True,
        "An update that changes no value still moves Modified_Time and notifies.",
        "CRM dossier, not found",
    )
    coql_brackets_required: bool = _fact(
        True, "More than two criteria want nested brackets, two in each; else SYNTAX_ERROR.", "CRM dossier 4"
    )
    coql_in_limit: int = _fact(50, "How many values in and not in take.", "CRM dossier 4")
    empty_string_clears: bool = _fact(
        True, "An empty string clears a text field as null does; else it is stored.", "CRM dossier 10"
    )
    search_lag_seconds: float = _fact(
        3.0,
        "Seconds until a new or edited record is found by search.",
        "CRM dossier 4 (lag known, length not)",
    )
    merge_moves_children_time: bool = _fact(
        False,
        "Merging Accounts moves Modified_Time of the Contacts that change their parent.",
        "CRM dossier, not found",
    )
    rate_code_crm: Literal["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"] = _fact(
        "TOO_MANY_REQUESTS", "The code of a CRM 429.", "CRM dossier 8"
    )
    malformed_id_answer: Literal["204", "400"] = _fact(
        "400",
        "GET one with an id that is no id answers 400 INVALID_DATA, or 204 as for an unknown one.",
        "CRM dossier 2",
    )
    permanent_delete_listed_days: int = _fact(
        60, "Days for which a permanently deleted id stays in GET deleted.", "CRM dossier 3"
    )

    crm_text_form: Literal["as_sent", "nfc", "html"] = _fact(
        "as_sent", "CRM keeps text as sent, in Unicode form C, or with HTML entities.", "CRM dossier 10"
    )
    books_text_form: Literal["as_sent", "nfc", "html"] = _fact(
        "as_sent",
        "Books keeps text as sent (ends trimmed), in form C, or with HTML entities.",
        "Books dossier 11",
    )
    delivery_attempts: int = _fact(
        1, "How often a notification or webhook is tried until it is answered with 2xx.", "CRM 5, Books 7"
    )

    # Books
    contacts_lmt_filter: bool = _fact(
        False,
        "last_modified_time filters GET /contacts; else it is ignored in silence.",
        "Books dossier 2, 13",
    )
    lmt_filter_inclusive: bool = _fact(
        True, "A last_modified_time filter also answers rows of exactly that second.", "Books dossier 6"
    )
    person_edit_moves_customer_time: bool = _fact(
        True, "A change of a contact person moves the customer's last_modified_time.", "Books dossier 11, 13"
    )
    address_edit_moves_customer_time: bool = _fact(
        True,
        "A change through the address endpoints moves the customer's last_modified_time.",
        "Books dossier 11, 13",
    )
    inactive_moves_time: bool = _fact(
        True, "Marking active or inactive moves last_modified_time.", "Books dossier 11, 13"
    )
    unchanged_put_moves_time: bool = _fact(
        True, "A PUT that changes nothing still moves last_modified_time.", "Books dossier, not found"
    )
    partial_billing_address: Literal["merge", "replace"] = _fact(
        "replace",
        "An address sent with some keys only: the others are kept, or become empty.",
        "Books dossier, not found",
    )
    put_without_persons_keeps: bool = _fact(
        True, "A PUT of a customer without contact_persons leaves the persons alone.", "Books dossier 2, 13"
    )
    books_duplicate_names: Literal["refuse", "allow"] = _fact(
        "refuse", "Org preference: a second contact of the same name is refused with 3062.", "Books dossier 2"
    )
    currency_fixed_by_transactions: bool = _fact(
        True, "The currency of a contact with transactions cannot be changed.", "Books dossier 2"
    )
    unique_field_code: int = _fact(
        4, "Code of the refusal of a duplicate value in a unique custom field (HTTP 400).", "Books dossier 4"
    )
    delete_refused_code: int = _fact(
        4, "Code of the refusal to delete a contact that has transactions (HTTP 400).", "Books dossier 2, 13"
    )
    upsert_create_status: Literal[200, 201] = _fact(
        201, "HTTP status of an upsert that created.", "Books dossier 4, 13"
    )
    upsert_not_found_code: int = _fact(
        1002, "Code when an upsert finds no record and X-Upsert is not true.", "Books dossier 4"
    )
    person_answer: Literal["array", "object"] = _fact(
        "array",
        "contact_person in the answer of a create or update is a list of one, or an object.",
        "Books dossier 3",
    )
    last_person_delete: Literal["allow", "refuse"] = _fact(
        "allow", "The last contact person of a customer can be deleted.", "Books dossier 3"
    )
    primary_person_delete: Literal["promote", "refuse"] = _fact(
        "promote", "Deleting the primary person makes the next one primary, or is refused.", "Books dossier 3"
    )
    duplicate_person_email: Literal["allow", "refuse"] = _fact(
        "allow", "Two persons of one customer may share an e-mail.", "Books dossier 3"
    )
    null_on_write: Literal["clear", "refuse", "ignore"] = _fact(
        "refuse", "An explicit null in a Books body is refused, clears, or is ignored.", "Books dossier 11"
    )
    empty_custom_fields: Literal["omitted", "listed"] = _fact(
        "omitted",
        'custom_fields of a record leaves out fields without a value, or lists them with "".',
        "Books dossier, not found",
    )
    multiselect_value: Literal["list", "text"] = _fact(
        "list",
        "The value of a custom field of several choices is a list, or a text with commas between them.",
        "Books dossier, not found",
    )
    gst_number_required: bool = _fact(
        True, "gst_treatment business_gst without a gst_no is refused.", "Books dossier, not found"
    )
    retry_after_on_429: bool = _fact(False, "A Books 429 carries Retry-After.", "Books dossier 8, 13")
    block_seconds_after_44: int = _fact(
        60, "Seconds for which the org stays blocked after a 44.", "Books dossier 8"
    )
    wrong_org_status: Literal[400, 401] = _fact(
        400, "HTTP status of code 6041 for another org's organization_id.", "Books dossier 9"
    )
    missing_contact_status: Literal[400, 404] = _fact(
        404, "HTTP status of the answer about a contact that is not there.", "Books dossier 9"
    )
    webhook_envelope: Literal["json", "bare", "form", "ids"] = _fact(
        "json",
        "Default body: {contact: record}, the record alone, a JSONString form, or ids only.",
        "Books dossier 7, 13",
    )
    webhook_signature_encoding: Literal["hex", "base64"] = _fact(
        "hex", "Encoding of X-Zoho-Webhook-Signature.", "Books dossier 7, 13"
    )
    books_delete_trigger: bool = _fact(False, "A deleted contact fires a webhook.", "Books dossier 7, 13")
    person_edit_fires_webhook: bool = _fact(
        True, "A change of a contact person fires the customer's webhook.", "Books dossier 7"
    )
    api_edit_fires_webhook: bool = _fact(
        True, "A write through the API fires webhooks as a user's edit does.", "Books dossier 7"
    )

    # Books items
    items_default_filter: Literal["Status.Active", "Status.All"] = _fact(
        "Status.Active", "What GET /items without filter_by lists.", "OpenAPI items; contacts list all"
    )
    items_sort_by_time: bool = _fact(
        False,
        "sort_column=last_modified_time sorts GET /items; else it is ignored in silence.",
        "Books dossier 6",
    )
    item_put_partial: bool = _fact(
        True, "A PUT of an item keeps what is not sent; else name and rate are wanted.", "OpenAPI items"
    )
    item_details_shows: Literal["all", "documented"] = _fact(
        "all",
        "GET /itemdetails shows what GET one shows, or the few keys of its documentation.",
        "OpenAPI items",
    )
    item_details_missing: Literal["omitted", "refused"] = _fact(
        "omitted",
        "GET /itemdetails leaves out an id that is not there, or refuses the call.",
        "OpenAPI items",
    )
    books_duplicate_item_names: Literal["refuse", "allow"] = _fact(
        "refuse", "Org preference: a second item of the same name is refused with 1001.", "Books, not found"
    )

    # Books webhooks
    webhook_needs_rule: bool = _fact(
        False,
        "A webhook made through settings/webhooks fires only through a workflow rule that names it.",
        "Books dossier 7",
    )

    # Added later
    unmodified_since_same_second: Literal["accepted", "refused"] = _fact(
        "accepted",
        "If-Unmodified-Since at exactly the record's second lets the update through.",
        "CRM dossier 2",
    )
    null_clears: bool = _fact(
        True, "null in a CRM body clears a field; else it is ignored.", "CRM dossier 10"
    )
    crm_token_code: Literal["INVALID_TOKEN", "INVALID_OAUTHTOKEN"] = _fact(
        "INVALID_TOKEN", "The code of CRM's 401 for a token that is not good.", "CRM dossier 1"
    )
    deleted_credits: Literal[2, 1] = _fact(2, "Credits that GET deleted costs.", "CRM dossier 3, 8")
    custom_fields_by_api_name: bool = _fact(
        True,
        "Books takes custom fields by api_name; else by customfield_id, label and index alone.",
        "Books dossier 2",
    )
    first_person_is_primary: bool = _fact(
        True, "The first person of a customer becomes the primary one without being told.", "Books dossier 3"
    )
    address_put_moves_customer_time: bool = _fact(
        True,
        "A PUT that changes an address alone moves the customer's last_modified_time.",
        "Books dossier 11, 13",
    )
    unique_field_marked: Literal["is_unique", "prevent_duplicates", "is_duplicate_prevented"] = _fact(
        "is_unique", "The key by which settings/fields calls a field unique.", "Books dossier 5"
    )
    upsert_needs_create_scope: bool = _fact(
        False, "An upsert that may create wants the scope CREATE beside UPDATE.", "Books dossier 1"
    )
    books_code_as_text: bool = _fact(False, "Books writes its codes as text.", "Books dossier 9")
    watch_patch_body: Literal["list", "object"] = _fact(
        "list",
        "PATCH actions/watch takes {watch: [channels]}, or one channel bare with its events and notify_url.",
        "CRM dossier 5 (SDK and OpenAPI differ)",
    )
    zcrm_ids_writable: bool = _fact(
        False,
        "zcrm_account_id, zcrm_contact_id and zcrm_vendor_id of a write are kept; else ignored in silence.",
        "Books dossier 2, 13",
    )
    list_lag_seconds: float = _fact(
        0.0,
        "Seconds until GET /contacts and GET /items show a write; GET one shows it at once.",
        "no source",
    )
    unapproved_left_out: bool = _fact(
        True,
        "Lists and searches of CRM without approved leave out what waits for approval or review.",
        "Zoho's pages up to v7; those of v8 are silent",
    )
    module_refusal_in_data: bool = _fact(
        False,
        "A write to a CRM module that is not there is refused as the one item of data; else bare.",
        "recorded bare; the newest OpenAPI examples have it in data",
    )
    token_throttle_error: Literal["Access Denied", "access_denied"] = _fact(
        "Access Denied", "The word by which the token endpoint refuses the eleventh request.", "CRM dossier 1"
    )
    missing_contact_code: Literal[1002, 2] = _fact(
        1002,
        "Code for a contact, a person or an address that is not there; 2 is said of wrong values too.",
        "Books dossier 9 (2: one test double, weak)",
    )
    bulk_read_result_days: int = _fact(
        1, "Days for which the result of a finished bulk read can be downloaded; then 404.", "CRM dossier 6"
    )
    relabelled_picklist_value: Literal["display", "actual"] = _fact(
        "display",
        "Records of CRM carry the new display value of a pick list value relabelled from now on, or its actual one.",
        "CRM dossier 7",
    )
    bulk_read_callback: Literal["job", "data"] = _fact(
        "job",
        "The callback of a bulk read is the job with its id as job_id, or what GET one answers.",
        "CRM dossier 6",
    )

    bulk_read_queued: bool = _fact(
        False,
        "A bulk read is QUEUED for a while between ADDED and IN PROGRESS.",
        "CRM dossier 6 (seen, not documented)",
    )
    crm_emoji: Literal["kept", "refused", "replaced"] = _fact(
        "kept",
        "A character of four bytes in UTF-8, such as an emoji: CRM keeps it, refuses it, or keeps a question mark.",
        "CRM dossier 10",
    )
    crm_nul: Literal["kept", "refused", "dropped"] = _fact(
        "refused", "A NUL character in a text: CRM keeps it, refuses it, or leaves it out.", "CRM dossier 10"
    )
    deleted_ceiling: Literal["none", "ends", "refused"] = _fact(
        "none",
        "GET deleted pages on without end; or its list ends after 2,000 entries, or the page after them is refused.",
        "CRM dossier 3",
    )
    native_sync_fires_webhook: bool = _fact(
        False, "An edit that Zoho's own sync with CRM makes in Books fires webhooks.", "Books dossier 7"
    )

    def described(self) -> dict[str, dict[str, Any]]:
        """Return each switch with value, default, text, source and what it may be."""
        schema = self.model_json_schema()["properties"]
        return {
            name: {
                "value": getattr(self, name),
                "default": info.default,
                "description": info.description,
                "source": schema[name].get("source"),
                "choices": schema[name].get("enum") or schema[name].get("type"),
            }
            for name, info in type(self).model_fields.items()
        }
