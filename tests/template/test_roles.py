"""Who may do what."""

from __future__ import annotations

from typing import Any

import pytest

Resources = dict[str, dict[str, Any]]
Rights = set[tuple[str, str]]

STATE_RIGHTS: Rights = {
    *(
        (f"dynamodb:{verb}", "StateTable.Arn")
        for verb in (
            "BatchGetItem",
            "BatchWriteItem",
            "ConditionCheckItem",
            "DeleteItem",
            "DescribeTable",
            "GetItem",
            "PutItem",
            "Query",
            "UpdateItem",
        )
    ),
    *(("dynamodb:Query", f"${{StateTable.Arn}}/index/{index}") for index in ("due", "waits", "links")),
}
PUT_HISTORY: Rights = {("dynamodb:PutItem", "HistoryTable.Arn")}
ALERT: Rights = {
    ("sns:Publish", "AlertTopic"),
    ("kms:Decrypt", "AlertKey.Arn"),
    ("kms:GenerateDataKey", "AlertKey.Arn"),
}
RING: Rights = {("sqs:SendMessage", "ChangeQueue.Arn")}
READ_OAUTH: Rights = {("secretsmanager:GetSecretValue", "OAuthSecret.Id")}


def take_from(queue: str) -> Rights:
    """The rights of one that consumes `queue`."""
    return {
        (f"sqs:{verb}", f"{queue}.Arn") for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    }


def log_to(group: str) -> Rights:
    """The rights of one that writes into `group`."""
    return {(f"logs:{verb}", f"{group}.Arn") for verb in ("CreateLogStream", "PutLogEvents")}


EXPECTED: dict[str, Rights] = {
    "ReceiveWebhook": {
        ("dynamodb:GetItem", "StateTable.Arn"),
        ("dynamodb:UpdateItem", "StateTable.Arn"),
        ("secretsmanager:GetSecretValue", "WebhookSecret.Id"),
        *RING,
    },
    "SyncChanges": {
        *STATE_RIGHTS,
        *PUT_HISTORY,
        *READ_OAUTH,
        *ALERT,
        *take_from("ChangeQueue"),
        ("sqs:SendMessage", "DeadLetterQueue.Arn"),
    },
    "Reconcile": {*STATE_RIGHTS, *PUT_HISTORY, *READ_OAUTH, *ALERT, *RING},
    "RetryDeadLetters": {
        *(
            (f"dynamodb:{verb}", "StateTable.Arn")
            for verb in ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
        ),
        *PUT_HISTORY,
        *ALERT,
        *take_from("DeadLetterQueue"),
    },
}


def as_list(value: Any) -> list[Any]:
    """One or many, as many."""
    return value if isinstance(value, list) else [value]


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """Every statement of a role's policies."""
    return [
        item for policy in role["Properties"]["Policies"] for item in policy["PolicyDocument"]["Statement"]
    ]


def rights(role: dict[str, Any]) -> Rights:
    """Every (action, resource) that a role allows; the resource as the template names it."""
    return {
        (action, next(iter(resource.values())) if isinstance(resource, dict) else resource)
        for statement in statements(role)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


@pytest.mark.parametrize("function", EXPECTED)
def test_role_has_exactly_the_rights_that_its_function_needs(resources: Resources, function: str) -> None:
    """A right more is a hole, a right less is an outage: both are a change of this table."""
    assert rights(resources[f"{function}Role"]) == EXPECTED[function] | log_to(f"{function}Log")


def test_no_role_has_a_wildcard(resources: Resources) -> None:
    """Actions and resources are named one by one, and nothing is allowed by exception."""
    roles = {name: item for name, item in resources.items() if item["Type"] == "AWS::IAM::Role"}
    for name, role in roles.items():
        for statement in statements(role):
            assert statement["Effect"] == "Allow", name
            assert not {"NotAction", "NotResource"} & set(statement), name
        assert not [right for right in rights(role) if "*" in "".join(right)], name


def test_each_function_has_a_role_of_its_own(resources: Resources) -> None:
    """A shared role would give each function the rights of the other."""
    functions = {
        name: item for name, item in resources.items() if item["Type"] == "AWS::Serverless::Function"
    }
    roles = {name: item["Properties"]["Role"]["Fn::GetAtt"] for name, item in functions.items()}
    assert roles == {name: name.replace("Function", "Role.Arn") for name in functions}
    assert set(functions) == {f"{name}Function" for name in EXPECTED}


def test_a_managed_policy_comes_with_tracing_only(resources: Resources) -> None:
    """Nothing of AWS's own broad policies is attached while tracing is off."""
    for name in EXPECTED:
        attached = resources[f"{name}Role"]["Properties"]["ManagedPolicyArns"]["Fn::If"]
        assert attached[0] == "IsTraced"
        assert attached[2] == {"Ref": "AWS::NoValue"}


def test_schedules_may_start_their_two_functions_only(resources: Resources) -> None:
    """The role of the schedules can start nothing else."""
    assert rights(resources["ScheduleRole"]) == {
        ("lambda:InvokeFunction", "ReconcileFunction.Arn"),
        ("lambda:InvokeFunction", "RetryDeadLettersFunction.Arn"),
    }


def test_only_alarms_publish_through_the_topic_policy(resources: Resources) -> None:
    """The default policy would let everyone in the account publish."""
    (statement,) = resources["AlertTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_alarms_may_use_the_key_of_the_topic(resources: Resources) -> None:
    """Without it an alarm would fire and no e-mail would leave."""
    policy = resources["AlertKey"]["Properties"]["KeyPolicy"]["Statement"]
    alarms = next(item for item in policy if item["Sid"] == "Alarms")
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert resources["AlertTopic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "AlertKey"}
