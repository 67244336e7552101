"""Books webhooks, workflow rules and retry policies (Books dossier 7)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.books.http_contacts import done
from sandbox.books.http_settings import paged, rows_of
from sandbox.outbox import Delivery
from sandbox.pipeline import Call
from sandbox.replies import Json, Reply
from sandbox.shapes import texts_of


def list_webhooks(call: Call) -> Reply:
    """GET /settings/webhooks."""
    hooks = call.world.books.webhooks
    return paged(call, list(hooks.hooks.values()), "webhooks", "Webhooks", hooks.described)


def get_webhook(call: Call) -> Reply:
    """GET /settings/webhooks/{id}."""
    hooks = call.world.books.webhooks
    return done("success", webhook=hooks.described(hooks.get(call.params["id"])))


def create_webhook(call: Call) -> Reply:
    """POST /settings/webhooks: it is told of every event that it names; by switch only through a rule."""
    hooks = call.world.books.webhooks
    hook = hooks.from_settings(call.json_object())
    return done("The webhook has been created.", 201, webhook=hooks.described(hook))


def update_webhook(call: Call) -> Reply:
    """PUT /settings/webhooks/{id}."""
    hooks = call.world.books.webhooks
    hook = hooks.change(call.params["id"], call.json_object())
    return done("The webhook has been updated.", webhook=hooks.described(hook))


def delete_webhook(call: Call) -> Reply:
    """DELETE /settings/webhooks/{id}."""
    hooks = call.world.books.webhooks
    del hooks.hooks[hooks.get(call.params["id"]).webhook_id]
    return done("The webhook has been deleted.")


def list_workflows(call: Call) -> Reply:
    """GET /settings/workflows?entity=: in the order in which they run."""
    rules = call.world.books.workflows.rules.values()
    entity = call.query.get("entity")
    return paged(call, [r for r in rules if entity in (None, r["entity"])], "workflows", "Workflows", dict)


def create_workflow(call: Call) -> Reply:
    """POST /settings/workflows."""
    rule = call.world.books.workflows.create(call.json_object())
    return done("The workflow has been created.", 201, workflow=rule)


def get_workflow(call: Call) -> Reply:
    """GET /settings/workflows/{id}."""
    return done("success", workflow=call.world.books.workflows.get(call.params["id"]))


def update_workflow(call: Call) -> Reply:
    """PUT /settings/workflows/{id}: only the sent keys change."""
    rule = call.world.books.workflows.change(call.params["id"], call.json_object())
    return done("The workflow has been updated.", workflow=rule)


def delete_workflow(call: Call) -> Reply:
    """DELETE /settings/workflows/{id}."""
    workflows = call.world.books.workflows
    del workflows.rules[workflows.get(call.params["id"])["workflow_id"]]
    return done("The workflow has been deleted.")


def mark_workflow(active: bool) -> Callable[[Call], Reply]:
    """Return the handler of POST /settings/workflows/{id}/activate or deactivate."""

    def mark(call: Call) -> Reply:
        call.world.books.workflows.get(call.params["id"])["is_active"] = active
        return done(f"The workflow has been marked as {'active' if active else 'inactive'}.")

    return mark


def reorder_workflows(call: Call) -> Reply:
    """PUT /settings/workflows/reorder {workflow_ids}."""
    call.world.books.workflows.reorder(texts_of(call.json_object().get("workflow_ids")))
    return done("The workflows have been reordered.")


def list_policies(call: Call) -> Reply:
    """GET /settings/workflows/retrypolicies."""
    policies = list(call.world.books.workflows.policies.values())
    return paged(call, policies, "retry_policies", "Retry Policies", dict)


def put_policy(call: Call) -> Reply:
    """POST /settings/workflows/retrypolicies and PUT .../{id} {policy_name, max_retries, interval_minutes}."""
    policy_id = call.params.get("id")
    policy = call.world.books.workflows.put_policy(policy_id, call.json_object())
    return done("The retry policy has been saved.", 200 if policy_id else 201, retry_policy=policy)


def delete_policy(call: Call) -> Reply:
    """DELETE /settings/workflows/retrypolicies/{id}; its webhooks are tried once from then on."""
    workflows = call.world.books.workflows
    del workflows.policies[workflows.policy(call.params["id"])["retry_policy_id"]]
    return done("The retry policy has been deleted.")


def _action(call: Call) -> Callable[[Delivery], Json]:
    time = call.world.books.render.time
    return lambda delivery: {
        "action_type": "webhook",
        "webhook_id": delivery.source.removeprefix("webhook "),
        "entity_id": delivery.record_ids[0],
        "status": delivery.state,
        "http_status": delivery.http_status,
        "attempts": delivery.attempts,
        "created_time": time(delivery.created),
    }


def _webhook_deliveries(call: Call) -> list[Delivery]:
    hooks = call.world.books.webhooks.hooks
    deliveries = call.world.outbox.deliveries
    return [d for d in deliveries if d.source.removeprefix("webhook ") in hooks]


def list_logs(call: Call) -> Reply:
    """GET /settings/workflows/logs: every webhook that went out, the latest first."""
    return paged(call, _webhook_deliveries(call)[::-1], "logs", "Workflow Logs", _action(call))


def list_failed(call: Call) -> Reply:
    """GET /settings/workflows/failedactions: webhooks whose last try was not answered with 2xx."""
    failed = [d for d in _webhook_deliveries(call)[::-1] if d.state == "failed"]
    return paged(call, failed, "failed_actions", "Failed Actions", _action(call))


_W, _R = "/settings/workflows", "/settings/workflows/retrypolicies"
ENDPOINTS = rows_of(
    [
        ("GET", "/settings/webhooks", list_webhooks, "settings.READ"),
        ("POST", "/settings/webhooks", create_webhook, "settings.CREATE"),
        ("GET", "/settings/webhooks/{id}", get_webhook, "settings.READ"),
        ("PUT", "/settings/webhooks/{id}", update_webhook, "settings.UPDATE"),
        ("DELETE", "/settings/webhooks/{id}", delete_webhook, "settings.DELETE"),
        ("GET", _W, list_workflows, "settings.READ"),
        ("POST", _W, create_workflow, "settings.CREATE"),
        ("PUT", f"{_W}/reorder", reorder_workflows, "settings.UPDATE"),
        ("GET", f"{_W}/logs", list_logs, "settings.READ"),
        ("GET", f"{_W}/failedactions", list_failed, "settings.READ"),
        ("GET", _R, list_policies, "settings.READ"),
        ("POST", _R, put_policy, "settings.CREATE"),
        ("PUT", f"{_R}/{{id}}", put_policy, "settings.UPDATE"),
        ("DELETE", f"{_R}/{{id}}", delete_policy, "settings.DELETE"),
        ("GET", f"{_W}/{{id}}", get_workflow, "settings.READ"),
        ("PUT", f"{_W}/{{id}}", update_workflow, "settings.UPDATE"),
        ("DELETE", f"{_W}/{{id}}", delete_workflow, "settings.DELETE"),
        ("POST", f"{_W}/{{id}}/activate", mark_workflow(active=True), "settings.CREATE"),
        ("POST", f"{_W}/{{id}}/deactivate", mark_workflow(active=False), "settings.CREATE"),
    ]
)
