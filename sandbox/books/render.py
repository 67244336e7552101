"""Books contacts as JSON: what a list row shows, and what only GET one shows (Books dossier 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.books.contact import CRM_IDS, Contact, Person
from sandbox.books.customs import custom_hash, custom_list
from sandbox.books.store import BooksStore
from sandbox.clock import books_day, books_time
from sandbox.replies import Json
from sandbox.switches import Switches

_TEMPLATES = (
    "statement",
    "invoice",
    "bill",
    "estimate",
    "creditnote",
    "paymentthankyou",
    "invoice_email",
    "estimate_email",
    "creditnote_email",
    "paymentthankyou_email",
    "payment_remittance_email",
)
_MONEY = (
    "outstanding_payable_amount",
    "outstanding_payable_amount_bcy",
    "unused_credits_receivable_amount",
    "unused_credits_receivable_amount_bcy",
    "unused_credits_payable_amount",
    "unused_credits_payable_amount_bcy",
)

_WHEN_WRITTEN = ("credit_limit", "is_taxable", "tax_id", "tax_reg_no", "tax_treatment", "legal_name")
Balance = Callable[[str], tuple[float, bool]]


class BooksRenderer:
    """Writes contacts in the org's zone; `balance` gives what is owed and whether there are transactions."""

    def __init__(self, store: BooksStore, balance: Balance, switches: Callable[[], Switches]) -> None:
        self._store = store
        self._balance = balance
        self._switches = switches
        self.zone = store.org.zone

    def time(self, moment: float) -> str:
        """Return a moment in the org's zone, without a colon."""
        return books_time(int(moment), self.zone)

    def day(self, moment: float) -> str:
        """Return a date as the formatted columns show it."""
        return books_day(int(moment), self.zone)

    def _mirrors(self, contact: Contact) -> Json:
        """The top-level person keys mirror the primary person and cannot be written."""
        person = contact.primary
        return {
            k: person.values.get(k, "") if person else ""
            for k in ("first_name", "last_name", "email", "phone", "mobile")
        }

    def _tax(self, contact: Contact) -> Json:
        country = self._store.org.country
        names: tuple[str, ...]
        if country == "IN":
            names = ("gst_no", "gst_treatment", "place_of_contact", "pan_no")
        elif country == "GB":
            names = ("vat_reg_no", "vat_treatment")
        else:
            names = ("tax_authority_id", "tax_exemption_id")
        return {n: contact.values.get(n, "") for n in names}

    def row(self, contact: Contact) -> Json:
        """Return a list row."""
        values, setup = contact.values, self._store.setup
        currency = setup.currency(values["currency_id"]) or setup.base_currency
        owed, _ = self._balance(contact.id)
        hashed = custom_hash(setup.fields, contact.custom)
        kind = values["contact_type"]
        return {
            "contact_id": contact.id,
            "contact_name": contact.name,
            "customer_name": contact.name,
            "vendor_name": contact.name,
            "company_name": values.get("company_name", ""),
            "website": values.get("website", ""),
            "language_code": values.get("language_code", ""),
            "language_code_formatted": "",
            "contact_type": kind,
            "contact_type_formatted": kind.capitalize(),
            "status": contact.status,
            "customer_sub_type": values.get("customer_sub_type", ""),
            "source": contact.source,
            "is_linked_with_zohocrm": contact.linked_with_crm,
            "payment_terms": values.get("payment_terms", 0),
            "payment_terms_id": setup.terms_id,
            "payment_terms_label": values.get("payment_terms_label") or "Due on Receipt",
            "currency_id": currency.currency_id,
            "twitter": values.get("twitter", ""),
            "facebook": values.get("facebook", ""),
            "currency_code": currency.code,
            "outstanding_receivable_amount": owed,
            "outstanding_receivable_amount_bcy": owed,
            **dict.fromkeys(_MONEY, 0),
            **self._mirrors(contact),
            "portal_status": "disabled",
            "portal_status_formatted": "Disabled",
            "track_1099": values.get("track_1099", False),
            "created_time": self.time(contact.created_time),
            "created_time_formatted": self.day(contact.created_time),
            "last_modified_time": self.time(contact.modified_time),
            "last_modified_time_formatted": self.day(contact.modified_time),
            **self._tax(contact),
            "custom_fields": custom_list(setup.fields, contact.custom, self._switches()),
            "custom_field_hash": hashed,
            **hashed,
            "contactperson_custom_fields": [],
            "tags": [],
            "ach_supported": False,
            "has_attachment": False,
        }

    def person(self, person: Person, contact: Contact) -> Json:
        """Return a contact person."""
        fields = self._store.setup.fields_of("contact_person")
        return {
            "contact_person_id": person.id,
            "contact_id": contact.id,
            "contact_name": contact.name,
            **person.values,
            "is_primary_contact": person.is_primary,
            "is_added_in_portal": False,
            "can_invite": True,
            "is_portal_mfa_enabled": False,
            "is_portal_invitation_accepted": False,
            "is_sms_enabled_for_cp": False,
            "photo_url": "",
            "is_portal_enabled": False,
            "status": "active",
            "communication_preference": {
                "is_email_enabled": True,
                "is_sms_enabled": False,
                "is_whatsapp_enabled": False,
            },
            "zcrm_contact_id": "",
            "custom_fields": custom_list(fields, person.custom, self._switches()),
            "custom_field_hash": custom_hash(fields, person.custom),
        }

    def full(self, contact: Contact) -> Json:
        """Return what GET one, a write and a webhook show."""
        values, setup = contact.values, self._store.setup
        currency = setup.currency(values["currency_id"]) or setup.base_currency
        owed, has_transaction = self._balance(contact.id)
        primary, author = contact.primary, self._author(contact.created_by)
        base = currency == setup.base_currency
        mirrors = self._mirrors(contact)
        hashed = custom_hash(setup.fields, contact.custom)
        blank = dict.fromkeys(
            (
                "contact_tax_information",
                "photo_url",
                "invited_by",
                "contact_relation_type",
                "owner_name",
                *CRM_IDS[:2],
                "crm_owner_id",
                "exchange_rate",
                "opening_balance_amount_bcy",
                "consent_date",
                "tax_id_type",
                "tax_id_value",
                "tax_reg_label",
                "account_id",
                "account_name",
                "contact_category",
                "pricebook_name",
                "zohopeople_client_id",
                "submitted_date",
                "submitted_by",
                "submitted_by_name",
                "submitted_by_email",
                "submitted_by_photo_url",
                "submitter_id",
                "approver_id",
                "language_code_formatted",
            ),
            "",
        )
        lists: dict[str, Any] = {
            k: []
            for k in (
                "documents",
                "locked_actions",
                "opening_balances",
                "cards",
                "checks",
                "upi_mandates",
                "bank_accounts",
                "vpa_list",
                "tags",
                "approvers_list",
                "integration_references",
            )
        }
        return {
            **blank,
            **lists,
            **contact.crm_ids,
            "contact_id": contact.id,
            "contact_name": contact.name,
            "company_name": values.get("company_name", ""),
            "contact_number": values.get("contact_number", ""),
            **mirrors,
            "designation": primary.values["designation"] if primary else "",
            "department": primary.values["department"] if primary else "",
            "contact_salutation": primary.values["salutation"] if primary else "",
            "website": values.get("website", ""),
            "is_bcy_only_contact": base,
            "is_credit_limit_migration_completed": True,
            "language_code": values.get("language_code", ""),
            "portal_status": "disabled",
            "is_client_review_asked": False,
            "has_transaction": has_transaction,
            "contact_type": values["contact_type"],
            "customer_sub_type": values.get("customer_sub_type", ""),
            "owner_id": values.get("owner_id", ""),
            "source": contact.source,
            "twitter": values.get("twitter", ""),
            "facebook": values.get("facebook", ""),
            "is_crm_customer": contact.linked_with_crm,
            "is_linked_with_zohocrm": contact.linked_with_crm,
            "primary_contact_id": primary.id if primary else "",
            "payment_terms": values.get("payment_terms", 0),
            "payment_terms_label": values.get("payment_terms_label") or "Due on Receipt",
            "payment_terms_id": setup.terms_id,
            "credit_limit_exceeded_amount": 0,
            "currency_id": currency.currency_id,
            "lock_details": {"can_lock": False},
            "lock_detail": {"can_lock": True, "custom_locks": [], "system_locks": []},
            "currency_code": currency.code,
            "currency_symbol": currency.symbol,
            "price_precision": 2,
            "can_show_customer_ob": True,
            "can_show_vendor_ob": True,
            "opening_balance_amount": 0,
            "outstanding_ob_receivable_amount": 0,
            "outstanding_ob_payable_amount": 0,
            "outstanding_receivable_amount": owed,
            "outstanding_receivable_amount_bcy": owed,
            **dict.fromkeys(_MONEY, 0),
            "unused_retainer_payments": 0,
            "status": contact.status,
            "payment_reminder_enabled": True,
            "is_sms_enabled": True,
            "is_consent_agreed": False,
            "is_client_review_settings_enabled": False,
            **self._tax(contact),
            **{name: values[name] for name in _WHEN_WRITTEN if name in values},
            "custom_fields": custom_list(setup.fields, contact.custom, self._switches()),
            "custom_field_hash": hashed,
            **hashed,
            "track_1099": values.get("track_1099", False),
            "sales_channel": "direct_sales",
            "ach_supported": False,
            "portal_receipt_count": 0,
            "entity_address_id": contact.billing["address_id"],
            "billing_address": dict(contact.billing),
            "shipping_address": dict(contact.shipping),
            "contact_persons": [self.person(p, contact) for p in contact.persons],
            "addresses": [dict(a) for a in contact.addresses],
            "pricebook_id": values.get("pricebook_id", ""),
            "default_templates": {f"{t}_template_{part}": "" for t in _TEMPLATES for part in ("id", "name")},
            "associated_with_square": False,
            "notes": values.get("notes", ""),
            "created_time": self.time(contact.created_time),
            "created_date": self.day(contact.created_time),
            "created_by_name": author,
            "created_by_id": contact.created_by,
            "last_modified_by_id": contact.modified_by,
            "last_modified_time": self.time(contact.modified_time),
            "customer_currency_summaries": [
                {
                    "currency_id": currency.currency_id,
                    "currency_code": currency.code,
                    "currency_symbol": currency.symbol,
                    "price_precision": 2,
                    "is_base_currency": base,
                    "currency_name_formatted": f"{currency.code}- {currency.name}",
                    "outstanding_receivable_amount": owed,
                    "unused_credits_receivable_amount": 0,
                }
            ],
        }

    def _author(self, books_id: str) -> str:
        return next((u.name for u in self._store.users.all() if u.books_id == books_id), "")
