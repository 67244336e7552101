"""What stands before a handler: token, scope, org, limits, planted answers; and the headers after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import TYPE_CHECKING

from sandbox.accounts.tokens import AccessToken, Accounts, grants_scope, throttled
from sandbox.faults import Fault
from sandbox.limits import BOOKS_DAILY
from sandbox.replies import BooksError, CrmError, Json, Reply, SandboxError
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.pipeline import Call

DEFAULT_CRM_CREDITS = 55_000
DAY = 86_400


def org_of(world: World, call: Call) -> str | None:
    """Return the org that a call is about."""
    if call.product == "books":
        return call.query.get("organization_id")
    return world.crm_org_id if call.product == "crm" else None


def _presented(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("zoho-oauthtoken", "bearer") else None


def token_of(accounts: Accounts, headers: Mapping[str, str]) -> AccessToken | None:
    """Return the live access token that a call presents, if it does."""
    token = _presented(headers)
    return None if token is None else accounts.find(token)


def date_header(world: World, product: str) -> str:
    """Return the Date of an answer, by the product's own clock."""
    clock = {"crm": world.crm_clock, "books": world.books_clock}.get(product, world.clock)
    return formatdate(clock.now(), usegmt=True)


def authorise(call: Call, needs: Sequence[str]) -> None:
    """Judge token, scopes and org; raises the product's 401."""
    if call.product == "accounts":
        return
    if call.token is None:
        raise _bad_token(call, missing=_presented(call.headers) is None)
    if not all(grants_scope(call.token.grant.scopes, need) for need in needs):
        raise _no_scope(call)
    if call.product == "books" and call.endpoint != "GET /books/v3/organizations":
        _check_org(call)


def _bad_token(call: Call, missing: bool) -> SandboxError:
    if call.product == "books":
        if missing:
            return BooksError(14, "Invalid value passed for authtoken.", 401)
        return BooksError(57, "You are not authorized to perform this operation", 401)
    if missing:
        return CrmError("AUTHENTICATION_FAILURE", "Authentication failed", status=401)
    return CrmError(call.world.switches.crm_token_code, "invalid oauth token", status=401)


def _no_scope(call: Call) -> SandboxError:
    if call.product == "books":
        return BooksError(57, "You are not authorized to perform this operation", 401)
    return CrmError("OAUTH_SCOPE_MISMATCH", "Unauthorized", status=401)


def _check_org(call: Call) -> None:
    org = call.query.get("organization_id")
    if not org:
        raise BooksError(4, "Invalid value passed for organization_id")
    bound = call.token.grant.books_orgs if call.token else None
    if org != call.world.books_org_id or (bound is not None and org not in bound):
        text = f"This user is not associated with the CompanyID/CompanyName:{org}."
        raise BooksError(6041, text, call.world.switches.wrong_org_status)


def enter(world: World, call: Call, heavy: bool) -> Callable[[], None]:
    """Count the call as in flight; return what counts it out again."""
    meter = world.meter

    def count(step: int) -> None:
        if call.product == "books":
            meter.books_flying += step
        elif call.product == "crm":
            meter.crm_flying += step
            meter.crm_heavy_flying += step if heavy else 0

    count(1)
    return lambda: count(-1)


def spend(call: Call, cost: int, heavy: bool) -> None:
    """Charge the call to its org's limits; raises the product's 429."""
    if call.product == "books":
        _spend_books(call)
    elif call.product == "crm":
        _spend_crm(call, cost, heavy)


def _spend_books(call: Call) -> None:
    world, meter, plan = call.world, call.world.meter, call.world.limits
    now = world.clock.now()
    if plan.books_in_flight is not None and meter.books_flying > plan.books_in_flight:
        raise books_limit(call, 1070)
    if plan.books_per_minute is not None:
        if now < meter.books_blocked_until:
            raise books_limit(call, 44)
        if meter.books_minute.count(now, 60 / plan.time_scale) >= plan.books_per_minute:
            meter.books_blocked_until = now + world.switches.block_seconds_after_44 / plan.time_scale
            raise books_limit(call, 44)
    if plan.books_per_day is not None and meter.books_day.today(plan.time_scale) >= plan.books_per_day:
        raise books_limit(call, 45)
    meter.books_minute.add(now)
    meter.books_day.add(1, plan.time_scale)


def books_limit(call: Call, code: int) -> BooksError:
    """Return a Books 429 (Books dossier 8)."""
    world = call.world
    limit = world.limits.books_per_day or BOOKS_DAILY.get(world.config.books_plan, 5_000)
    texts = {
        44: "For security reasons your account/organization has been blocked for some time as you have exceeded "
        "the maximum number of requests per minute.",
        45: f"You have exceeded the maximum call rate limit of {limit}.",
        1070: "You have reached the maximum number of in process requests.",
    }
    waits = {44: world.switches.block_seconds_after_44, 45: world.meter.books_day.seconds_left(), 1070: 1}
    headers = {"Retry-After": str(waits[code])} if world.switches.retry_after_on_429 else {}
    return BooksError(code, texts[code], 429, headers)


def _spend_crm(call: Call, cost: int, heavy: bool) -> None:
    meter, plan = call.world.meter, call.world.limits
    if plan.crm_in_flight is not None and meter.crm_flying > plan.crm_in_flight:
        raise crm_limit(call)
    if heavy and plan.crm_sub_in_flight is not None and meter.crm_heavy_flying > plan.crm_sub_in_flight:
        raise crm_limit(call)
    now = call.world.clock.now()
    used = meter.crm_credits.used(now, DAY / plan.time_scale)
    if plan.crm_credits_per_day is not None and used + cost > plan.crm_credits_per_day:
        raise crm_limit(call)
    meter.crm_credits.add(now, cost)


def crm_limit(call: Call) -> CrmError:
    """Return a CRM 429, the same for credits and concurrency (CRM dossier 8)."""
    return CrmError(
        call.world.switches.rate_code_crm, "Too many requests. Please try again later.", status=429
    )


def headers(world: World, call: Call) -> dict[str, str]:
    """Return the quota headers of a product (Books dossier 8, CRM dossier 8)."""
    scale = world.limits.time_scale
    if call.product == "books":
        limit = world.limits.books_per_day or BOOKS_DAILY.get(world.config.books_plan, 5_000)
        used = world.meter.books_day.today(scale)
        return {
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(max(0, limit - used)),
            "X-Rate-Limit-Reset": str(world.meter.books_day.seconds_left(scale)),
        }
    if call.product == "crm":
        limit = world.limits.crm_credits_per_day or DEFAULT_CRM_CREDITS
        left = limit - world.meter.crm_credits.used(world.clock.now(), DAY / scale)
        return {"X-API-CREDITS-REMAINING": str(max(0, left))} if left <= limit / 2 else {}
    return {}


def server_error(call: Call, status: int, code: str = "INTERNAL_ERROR") -> Reply:
    """Return a 5xx in the product's shape; `code` is that of CRM."""
    if call.product == "books":
        return Reply(status, {"code": 1000, "message": "Internal Error. Please contact support."})
    if call.product == "crm":
        body: Json = {
            "code": code,
            "details": {},
            "message": "Internal Server Error",
            "status": "error",
        }
        return Reply(status, body)
    return Reply(status, {"error": "general_error"})


def planted_answer(call: Call, fault: Fault) -> Reply | None:
    """Return what a fault before the commit answers, or None when the call goes on."""
    name, options = fault.name, fault.options
    if name.endswith("_down"):
        return server_error(call, int(options.get("status", 503)))
    if name == "error_before_commit":
        code = str(options.get("code", "INTERNAL_ERROR"))
        return server_error(call, int(options.get("status", 500)), code)
    if name == "html_error":
        return Reply(502, content=b"<html><body>Bad Gateway</body></html>", media_type="text/html")
    if name in ("rate_minute", "rate_day", "rate_in_flight"):
        reply = _planted_limit(call, name)
        hint = {"Retry-After": str(options["retry_after"])} if "retry_after" in options else {}
        return Reply(reply.status, reply.body, {**reply.headers, **hint})
    if name == "books_43_on_200":
        return Reply(200, {"code": 43, "message": "You have exceeded the maximum number of requests."})
    return _planted_token(call, name)


def _planted_limit(call: Call, name: str) -> Reply:
    if call.product != "books":
        return crm_limit(call).reply()
    return books_limit(call, {"rate_minute": 44, "rate_day": 45, "rate_in_flight": 1070}[name]).reply()


def _planted_token(call: Call, name: str) -> Reply | None:
    if call.product == "accounts":
        if name == "token_throttled":
            return Reply(200, throttled(call.world.switches.token_throttle_error))
        error = {"token_revoked": "invalid_code", "wrong_data_centre": "invalid_client"}.get(name)
        return Reply(200, {"error": error}) if error else None
    if name == "scope_mismatch":
        return _no_scope(call).reply()
    if name in ("token_revoked", "wrong_data_centre"):
        return _bad_token(call, missing=False).reply()
    return None
