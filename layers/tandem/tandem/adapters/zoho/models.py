"""What Zoho sends, as typed shapes: envelopes, a record's fixed part, results, organisations, channels, tokens.

No body is ever refused here: unknown keys are dropped, a key that is missing, null, blank or of another type
than yesterday reads as unknown (None, "", False, empty). What must be there, the clients demand. A record's own
fields stay the mapping that they were. The schemas are built at first use (`defer_build`): an import is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from tandem.adapters.zoho.parse import (
    as_flag,
    as_id,
    as_int,
    as_object,
    as_rows,
    as_text,
    parse_millis,
    parse_time,
)

Id = Annotated[str | None, PlainValidator(as_id)]
Text = Annotated[str, PlainValidator(as_text)]
Flag = Annotated[bool, PlainValidator(as_flag)]
Whole = Annotated[int | None, PlainValidator(as_int)]
Moment = Annotated[datetime | None, PlainValidator(parse_time)]
Millis = Annotated[datetime | None, PlainValidator(parse_millis)]
Part = Annotated[Mapping[str, Any], PlainValidator(as_object)]
Rows = Annotated[list[Mapping[str, Any]], PlainValidator(as_rows)]


class Shape(BaseModel):
    """Something that Zoho sends."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @classmethod
    def of(cls, told: object) -> Self:
        """The shape in an object, or in the first of a list; blank where there is none."""
        return cls.model_validate(dict(as_object(told)))

    @classmethod
    def each(cls, told: object) -> tuple[Self, ...]:
        """The shape of every object in a list, or of the one object that comes bare."""
        return tuple(cls.model_validate(dict(row)) for row in as_rows(told))


# --- CRM ------------------------------------------------------------------------------------------------------


class CrmInfo(Shape):
    """`info` of a CRM listing (dossier crm §2, §4)."""

    more_records: Flag = False


class CrmRows(Shape):
    """A CRM list, query, record or write: rows in `data`, in `watch`, or in another key of its own."""

    data: Rows = []
    watch: Rows = []
    fields: Rows = []
    layouts: Rows = []
    info: Annotated[CrmInfo, PlainValidator(CrmInfo.of)] = CrmInfo.model_construct()


class CrmRecord(Shape):
    """What every CRM record has: its id and its version (dossier crm §2)."""

    id: Id = None
    version: Moment = Field(None, validation_alias="Modified_Time")


class CrmEvent(Shape):
    """One module of a granted channel (dossier crm §5)."""

    channel_expiry: Moment = None


class CrmDetails(Shape):
    """`details` of a CRM result: of a written record, a refused field, a duplicate or a channel (§2, §5)."""

    id: Id = None
    version: Moment = Field(None, validation_alias="Modified_Time")
    api_name: Text = ""
    column_name: Text = ""
    param_name: Text = ""
    json_path: Text = ""
    duplicate_record: Id = None
    errors: Rows = []
    events: Annotated[tuple[CrmEvent, ...], PlainValidator(CrmEvent.each)] = ()

    @property
    def field(self) -> str:
        """What a refusal speaks of, as well as it says."""
        return self.api_name or self.column_name or self.param_name or self.json_path


class CrmDeletion(Shape):
    """One entry of /deleted (dossier crm §3)."""

    id: Id = None
    deleted_time: Moment = None
    type: Text = ""
    display_name: Text = ""


class CrmOrg(Shape):
    """The CRM organisation (dossier crm §7). Its `id` in addresses of the UI is the `zgid`."""

    id: Id = None
    zgid: Id = None
    company_name: Text = ""
    time_zone: Text = ""
    iso_code: Text = ""
    country_code: Text = ""
    type: Text = ""
    mc_status: Annotated[bool | None, PlainValidator(as_flag)] = None
    """Several currencies are switched on; None when it does not tell."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Both ids, those that it told."""
        return tuple(one for one in (self.id, self.zgid) if one)


class CrmOrgs(Shape):
    """The answer of GET /org."""

    org: Annotated[CrmOrg, PlainValidator(CrmOrg.of)] = CrmOrg.model_construct()


class CrmUser(Shape):
    """A CRM user (dossier crm §7)."""

    id: Id = None
    full_name: Text = ""
    email: Text = ""


class CrmUsers(Shape):
    """The answer of GET /users."""

    users: Annotated[CrmUser, PlainValidator(CrmUser.of)] = CrmUser.model_construct()


class CrmChannel(Shape):
    """A notification channel as CRM lists it (dossier crm §5)."""

    channel_id: Id = None
    channel_expiry: Moment = None
    notify_url: Text = ""


class CrmNotification(Shape):
    """What CRM posts to us (dossier crm §5). `ids` None: it names none, which is no notification."""

    module: Text = ""
    ids: Annotated[
        list[Any] | None, PlainValidator(lambda told: told if isinstance(told, list) else None)
    ] = None
    operation: Text = ""
    channel_id: Id = None
    token: Text = Field("", repr=False)
    server_time: Millis = None
    affected_values: Rows = []


# --- Books ----------------------------------------------------------------------------------------------------


class BooksPage(Shape):
    """`page_context` of a Books list: it never tells a total (dossier books §2)."""

    has_more_page: Flag = False


class BooksRows(Shape):
    """The envelope of a Books list; its rows lie under a key that varies."""

    page_context: Annotated[BooksPage, PlainValidator(BooksPage.of)] = BooksPage.model_construct()


class BooksRecord(Shape):
    """What a Books contact or contact person has: ids and, a contact alone, its version (dossier books §2, §3)."""

    contact_id: Id = None
    contact_person_id: Id = None
    item_id: Id = None
    version: Moment = Field(None, validation_alias="last_modified_time")


class BooksTold(BooksRecord):
    """A contact or person as a webhook tells it; its id comes under the name of its kind (dossier books §7)."""

    customer_id: Id = None
    vendor_id: Id = None
    contactperson_id: Id = None
    contact_type: Text = ""
    contact_persons: Annotated[tuple[BooksRecord, ...], PlainValidator(BooksRecord.each)] = ()

    @property
    def contact(self) -> str | None:
        """The customer or vendor that it speaks of."""
        return self.contact_id or self.customer_id or self.vendor_id

    @property
    def person(self) -> str | None:
        """The contact person that it speaks of."""
        return self.contact_person_id or self.contactperson_id


class Organization(Shape):
    """A Books organisation: plan and zone decide the budgets (dossier books §1)."""

    organization_id: Id = None
    name: Text = ""
    plan_name: Text = ""
    time_zone: Text = ""
    currency_code: Text = ""
    price_precision: Whole = None
    country_code: Text = ""


# --- accounts -------------------------------------------------------------------------------------------------


class TokenAnswer(Shape):
    """The token endpoint's answer, which is HTTP 200 whatever it says (dossier crm §1)."""

    access_token: Text = Field("", repr=False)
    refresh_token: Text = Field("", repr=False)
    error: Text = ""
    api_domain: Text = ""
    scope: Text = ""
    expires_in: Whole = None
    expires_in_sec: Whole = None

    @property
    def life(self) -> int:
        """Seconds; old answers tell them in `expires_in_sec`, and milliseconds in `expires_in`."""
        return self.expires_in_sec or self.expires_in or 3600
