"""Zoho's own Python SDK for CRM against the base URL that it is given; prints what it saw as JSON.

    python crm_sdk.py SCENARIO URL FOLDER [INPUT, as JSON]

The URL stands in `DataCenter.Environment`, the SDK's own class for where Zoho is. FOLDER takes the token store
and the SDK's cache of field details. Nothing else is set, and nothing of the SDK is replaced.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import (
    HeaderMap,
    ParameterMap,
    bulk_read,
    coql,
    fields,
    modules,
    notifications,
    record,
)
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.exception import SDKException
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.util import Choice

TOKEN_PATH = "/oauth/v2/token"


def plain(value: Any) -> Any:
    """Any object of the SDK as JSON: its attributes, without the SDK's own notes on what was changed."""
    if isinstance(value, record.Record):
        return {key: plain(held) for key, held in value.get_key_values().items()}
    if isinstance(value, Choice):
        return plain(value.get_value())
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(held) for key, held in value.items()}
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if not hasattr(value, "__dict__"):
        return str(value)
    held = {name.split("__", 1)[-1]: each for name, each in vars(value).items()}
    return {"class": type(value).__name__, **{n: plain(v) for n, v in held.items() if n != "key_modified"}}


def seen(response: Any) -> dict[str, Any]:
    """The answer of one call: its HTTP status and the object that the SDK made of the body."""
    return {"status": response.get_status_code(), "body": plain(response.get_object())}


def parameters(names: Any, given: dict[str, Any]) -> ParameterMap:
    """The SDK's map of query parameters, each by the SDK's own name for it."""
    made = ParameterMap()
    for name, value in given.items():
        made.add(getattr(names, name), value)
    return made


def made_of(value: Any) -> Any:
    """A value as a user of the SDK gives it: `{"choice": x}` of a picklist, `{"lookup": id}` another record."""
    if isinstance(value, dict) and "choice" in value:
        return Choice(value["choice"])
    if isinstance(value, dict):
        other = record.Record()
        other.set_id(int(value["lookup"]))
        return other
    return value


def make_record(values: dict[str, Any]) -> record.Record:
    """A record of the SDK with these values."""
    made = record.Record()
    for name, value in values.items():
        if name == "id":
            made.set_id(value)
        else:
            made.add_key_value(name, made_of(value))
    return made


def body(*rows: dict[str, Any], check: list[str] | None = None) -> record.BodyWrapper:
    """The body of an insert, update or upsert."""
    made = record.BodyWrapper()
    made.set_data([make_record(row) for row in rows])
    if check:
        made.set_duplicate_check_fields(check)
    return made


def life(given: dict[str, Any]) -> Any:
    """One record from its creation to its deletion, and one that an upsert makes."""
    operations = record.RecordOperations(given["module"])
    told = {"create": seen(operations.create_records(body(given["create"])))}
    made = int(told["create"]["body"]["data"][0]["details"]["id"])
    read = parameters(record.GetRecordParam, {"fields": given["fields"]})
    told["get"] = seen(operations.get_record(made, read, HeaderMap()))
    told["update"] = seen(operations.update_record(made, body(given["update"])))
    told["bulk_update"] = seen(operations.update_records(body({"id": made, **given["bulk_update"]})))
    both = body(*given["upsert"], check=[given["key"]])
    told["upsert"] = seen(operations.upsert_records(both))
    told["get_again"] = seen(operations.get_record(made, read, HeaderMap()))
    if given.get("delete_as") == "many":
        ids = parameters(record.DeleteRecordsParam, {"ids": str(made)})
        told["delete"] = seen(operations.delete_records(ids))
    else:
        told["delete"] = seen(operations.delete_record(made, ParameterMap()))
    told["get_deleted"] = seen(operations.get_record(made, read, HeaderMap()))
    return told


def page_of(per_page: int, **where: Any) -> Any:
    """One page of Accounts, by `page` or `page_token`."""
    asked = parameters(record.GetRecordsParam, {"fields": "Account_Name", "per_page": per_page, **where})
    return record.RecordOperations("Accounts").get_records(asked, HeaderMap())


def pages(given: dict[str, Any]) -> Any:
    """The pages that have a number, the page after them, and all pages by token."""
    size, numbers = given["per_page"], range(1, given["pages"] + 1)
    by_page = [page_of(size, page=n).get_object().get_data() for n in numbers]
    beyond = seen(page_of(size, page=given["pages"] + 1))
    answer = page_of(size).get_object()
    by_token = [answer.get_data()]
    while answer.get_info().get_more_records():
        answer = page_of(size, page_token=answer.get_info().get_next_page_token()).get_object()
        by_token.append(answer.get_data())
    ids = [[[row.get_id() for row in rows] for rows in way] for way in (by_page, by_token)]
    return {"by_page": ids[0], "by_token": ids[1], "beyond": beyond}


def changed(given: dict[str, Any]) -> Any:
    """Records changed since a moment, and deleted ones of each type, since it and at all."""
    operations = record.RecordOperations(given["module"])
    since = dt.datetime.fromisoformat(given["since"])
    headers, headers_deleted = HeaderMap(), HeaderMap()
    headers.add(record.GetRecordsHeader.if_modified_since, since)
    headers_deleted.add(record.GetDeletedRecordsHeader.if_modified_since, since)
    read = parameters(record.GetRecordsParam, {"fields": given["fields"]})
    told = {"changed": seen(operations.get_records(read, headers))}
    for kind in ("all", "recycle", "permanent"):
        asked = parameters(record.GetDeletedRecordsParam, {"type": kind, "per_page": 200, "page": 1})
        told[kind] = seen(operations.get_deleted_records(asked, HeaderMap()))
    asked = parameters(record.GetDeletedRecordsParam, {"type": "all"})
    told["since"] = seen(operations.get_deleted_records(asked, headers_deleted))
    return told


def channel(given: dict[str, Any], days: int, **more: Any) -> notifications.BodyWrapper:
    """The body of a subscription that ends in so many days."""
    made, whole = notifications.Notification(), notifications.BodyWrapper()
    made.set_channel_id(given["channel_id"])
    made.set_events(more.get("events", given["events"]))
    made.set_token(more.get("token", given["token"]))
    made.set_notify_url(given["notify_url"])
    made.set_channel_expiry(dt.datetime.fromisoformat(given["now"]) + dt.timedelta(days=days))
    whole.set_watch([made])
    return whole


def watch(given: dict[str, Any]) -> Any:
    """A channel: opened, looked at, replaced, renewed with other events, looked at."""
    operations = notifications.NotificationsOperations()
    one = parameters(notifications.GetNotificationsParam, {"channel_id": int(given["channel_id"])})
    told = {"enable": seen(operations.enable_notifications(channel(given, 1)))}
    told["get"] = seen(operations.get_notifications(one))
    told["replace"] = seen(operations.update_notifications(channel(given, 2, token=given["new_token"])))
    renewed = channel(given, 6, token=given["new_token"], events=given["new_events"])
    told["renew"] = seen(operations.update_notification(renewed))
    told["get_again"] = seen(operations.get_notifications(one))
    return told


def unwatch(given: dict[str, Any]) -> Any:
    """One event is taken off the channel, then the channel is closed, then nothing is there."""
    operations = notifications.NotificationsOperations()
    one, whole = notifications.Notification(), notifications.BodyWrapper()
    one.set_channel_id(given["channel_id"])
    one.set_events(given["off"])
    one.set_delete_events(True)
    whole.set_watch([one])
    told = {"less": seen(operations.disable_notification(whole))}
    asked = parameters(notifications.GetNotificationsParam, {"channel_id": int(given["channel_id"])})
    told["get"] = seen(operations.get_notifications(asked))
    gone = parameters(notifications.DeleteNotificationParam, {"channel_ids": given["channel_id"]})
    told["disable"] = seen(operations.delete_notification(gone))
    told["get_again"] = seen(operations.get_notifications(asked))
    told["disable_again"] = seen(operations.delete_notification(gone))
    return told


def bulk_order(given: dict[str, Any]) -> Any:
    """A bulk read job is made, looked at, and its file asked for too early."""
    operations = bulk_read.BulkReadOperations()
    query, module, whole = bulk_read.Query(), modules.MinifiedModule(), bulk_read.BodyWrapper()
    criteria, field = bulk_read.Criteria(), fields.MinifiedField()
    module.set_api_name(given["module"])
    field.set_api_name(given["where"][0])
    criteria.set_field(field)
    criteria.set_comparator(Choice(given["where"][1]))
    criteria.set_value(given["where"][2])
    query.set_module(module)
    query.set_fields(given["fields"])
    query.set_page(1)
    query.set_criteria(criteria)
    whole.set_query(query)
    callback = bulk_read.CallBack()
    callback.set_url(given["callback"])
    callback.set_method(Choice("post"))
    whole.set_callback(callback)
    told = {"create": seen(operations.create_bulk_read_job(whole))}
    job = int(told["create"]["body"]["data"][0]["details"]["id"])
    told["job"] = seen(operations.get_bulk_read_job_details(job))
    told["early"] = seen(operations.download_result(job))
    return told


def bulk_fetch(given: dict[str, Any]) -> Any:
    """The job is looked at again, and its file downloaded into the folder."""
    operations = bulk_read.BulkReadOperations()
    told = {"job": seen(operations.get_bulk_read_job_details(int(given["job"])))}
    file = operations.download_result(int(given["job"])).get_object().get_file()
    with (Path(Initializer.get_initializer().resource_path) / file.get_name()).open("wb") as target:
        target.writelines(file.get_stream())
    return {**told, "file": file.get_name()}


def ask(given: dict[str, Any]) -> Any:
    """COQL queries and searches."""
    told: dict[str, Any] = {"coql": [], "search": []}
    for text in given["coql"]:
        whole = coql.BodyWrapper()
        whole.set_select_query(text)
        told["coql"].append(seen(coql.CoqlOperations().get_records(whole)))
    for module, asked in given["search"]:
        found = record.RecordOperations(module).search_records(parameters(record.SearchRecordsParam, asked))
        told["search"].append(seen(found))
    return told


def settings(given: dict[str, Any]) -> Any:
    """All modules, one of them, its fields, and one field by its id."""
    answer = modules.ModulesOperations().get_modules(ParameterMap(), HeaderMap())
    told = {"modules": seen(answer)}
    told["module"] = seen(modules.ModulesOperations().get_module_by_api_name(given["module"]))
    asked = parameters(fields.GetFieldsParam, {"module": given["module"]})
    answer = fields.FieldsOperations().get_fields(asked)
    told["fields"] = seen(answer)
    first = answer.get_object().get_fields()[0]
    one = parameters(fields.GetFieldParam, {"module": given["module"]})
    told["field"] = seen(fields.FieldsOperations().get_field(first.get_id(), one))
    return told


def refused(given: dict[str, Any]) -> Any:
    """What the SDK makes of refusals: of a value, of a double, of one item of several, of an id, of a module."""
    operations = record.RecordOperations("Accounts")
    told = {"good": seen(operations.create_records(body(given["good"])))}
    for name in ("invalid", "missing", "double", "mixed"):
        told[name] = seen(operations.create_records(body(*given[name])))
    read = parameters(record.GetRecordParam, {"fields": "Account_Name"})
    told["unknown_id"] = seen(operations.get_record(given["unknown_id"], read, HeaderMap()))
    told["delete_unknown_id"] = seen(operations.delete_record(given["unknown_id"], ParameterMap()))
    told["update_unknown_id"] = seen(operations.update_record(given["unknown_id"], body(given["good"])))
    return told


def tokens(given: dict[str, Any]) -> Any:
    """Whose token it is, and with `revoke` its end."""
    held = Initializer.get_initializer().token
    told = {"user": held.get_user_signature().get_name()}
    if "revoke" in given:
        where = Initializer.get_initializer().environment.accounts_url + "/revoke"
        told["revoked"] = held.revoke_refresh_token(given["revoke"], where)
    return told


SCENARIOS: dict[str, Callable[[dict[str, Any]], Any]] = {
    each.__name__: each
    for each in (life, pages, changed, watch, unwatch, bulk_order, bulk_fetch, ask, settings, refused, tokens)
}


def main(scenario: str, url: str, folder: str, given: str = "{}") -> None:
    """Set the SDK up as its README does, and run one scenario."""
    environment = DataCenter.Environment(url, url + TOKEN_PATH, url)
    asked = json.loads(given)
    held = OAuthToken(
        **asked.pop("client", {"client_id": "1000.C", "client_secret": "s", "refresh_token": "1000.r"})
    )
    store = FileStore(str(Path(folder) / "tokens.csv"))
    try:
        Initializer.initialize(environment, held, store=store, resource_path=folder)
        told = SCENARIOS[scenario](asked)
    except SDKException as error:
        told = {"refused": str(error)}
    told["tokens"] = plain(store.get_tokens())
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
