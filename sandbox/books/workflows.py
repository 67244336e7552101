"""Workflow rules and retry policies of the Books org (Books dossier 7).

Keys beyond those in the dossier, the paths and the numbers of a retry policy stand in no source: they are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.ids import IdSource
from sandbox.limits import PLANS_WITH_RULES, LimitPlan
from sandbox.replies import BooksError, Json
from sandbox.shapes import number_of, objects_of

EVENTS = ("create", "edit", "delete")
ACTIONS = ("alert", "fieldupdate", "webhook", "customfunction", "pushnotification")
MOST_CRITERIA, MOST_FIELD_UPDATES, MOST_RETRIES = 10, 3, 10


def events_of(told: Any) -> set[str]:
    """Return which of create, edit and delete are named, whatever is around the words."""
    names = told if isinstance(told, list) else [told]
    return {event for event in EVENTS if any(event in str(name).lower() for name in names)}


class Workflows:
    """The rules of the org in their order, and its retry policies."""

    def __init__(self, ids: IdSource, limits: Callable[[], LimitPlan], plan: str) -> None:
        self._ids = ids
        self._limits = limits
        self._plan = plan
        self.rules: dict[str, Json] = {}
        self.policies: dict[str, Json] = {}

    def fires(self, webhook_id: str, entity: str, operation: str) -> bool:
        """Return whether an active rule of the entity sends a webhook at an operation."""
        return any(
            rule["is_active"] and rule["entity"] == entity and operation in events_of(rule["rule_type"])
            for rule in self.rules.values()
            if webhook_id in _webhooks(rule)
        )

    def create(self, body: Json) -> Json:
        """Add a rule; raises BooksError for a wrong one and at the limits of plan, org and module."""
        rule = _checked({"rule_type": "created_or_edited", "instant_actions": [], **body})
        limits = self._limits()
        if limits.books_rules_per_org is not None and self._plan not in PLANS_WITH_RULES:
            raise BooksError(4, "Workflow rules are not available in your plan.")
        same = sum(1 for r in self.rules.values() if r["entity"] == rule["entity"])
        for held, most, where in (
            (same, limits.books_rules_per_module, "module"),
            (len(self.rules), limits.books_rules_per_org, "organization"),
        ):
            if most is not None and held >= most:
                raise BooksError(
                    4, f"You have reached the maximum number of workflow rules for this {where}."
                )
        made = {**rule, "workflow_id": self._ids.draw(), "is_active": True}
        self.rules[made["workflow_id"]] = made
        return made

    def get(self, workflow_id: str) -> Json:
        """Return a rule; raises BooksError 1002."""
        found = self.rules.get(workflow_id)
        if found is None:
            raise BooksError(1002, "Workflow does not exist.", 404)
        return found

    def change(self, workflow_id: str, body: Json) -> Json:
        """Change what is sent of a rule; raises BooksError."""
        kept = {name: value for name, value in body.items() if name not in ("workflow_id", "is_active")}
        self.rules[workflow_id] = _checked({**self.get(workflow_id), **kept})
        return self.rules[workflow_id]

    def reorder(self, ids: list[str]) -> None:
        """Put the rules into an order that names each of them; raises BooksError."""
        if sorted(ids) != sorted(self.rules):
            raise BooksError(4, "Invalid value passed for workflow_ids")
        self.rules = {i: self.rules[i] for i in ids}

    def put_policy(self, policy_id: str | None, body: Json) -> Json:
        """Add or change a retry policy: how often again, and after how many minutes. Raises BooksError."""
        held = {} if policy_id is None else self.policy(policy_id)
        merged = {"max_retries": 3, "interval_minutes": 5, **held, **body}
        for name, most in (("max_retries", MOST_RETRIES), ("interval_minutes", 1_440)):
            if not 0 < number_of(merged[name], 0) <= most:
                raise BooksError(4, f"Invalid value passed for {name}")
        if not merged.get("policy_name"):
            raise BooksError(4, "Invalid value passed for policy_name")
        made = {**merged, "retry_policy_id": policy_id or self._ids.draw()}
        self.policies[made["retry_policy_id"]] = made
        return made

    def policy(self, policy_id: str) -> Json:
        """Return a retry policy; raises BooksError 1002."""
        found = self.policies.get(policy_id)
        if found is None:
            raise BooksError(1002, "Retry policy does not exist.", 404)
        return found

    def retries(self, policy_id: str) -> tuple[float, ...] | None:
        """Return the seconds after each failed try until the next, or None without a policy."""
        policy = self.policies.get(policy_id)
        if policy is None:
            return None
        return (number_of(policy["interval_minutes"], 0) * 60.0,) * number_of(policy["max_retries"], 0)


def _webhooks(rule: Json) -> list[str]:
    actions = (a for a in objects_of(rule["instant_actions"]) if a.get("type") == "webhook")
    return [str(a.get("webhook_id") or a.get("action_id")) for a in actions]


def _checked(rule: Json) -> Json:
    actions = rule.get("instant_actions")
    for wrong, name in (
        (not rule.get("workflow_name"), "workflow_name"),
        (not isinstance(rule.get("entity"), str), "entity"),
        (not events_of(rule.get("rule_type")), "rule_type"),
        (not isinstance(actions, list), "instant_actions"),
        (any(a.get("type") not in ACTIONS for a in objects_of(actions)), "instant_actions"),
        (len(objects_of(rule.get("criteria"))) > MOST_CRITERIA, "criteria"),
        (len(objects_of(rule.get("field_update"))) > MOST_FIELD_UPDATES, "field_update"),
        (len(_webhooks({"instant_actions": actions})) > 1, "instant_actions"),
    ):
        if wrong:
            raise BooksError(4, f"Invalid value passed for {name}")
    return rule
