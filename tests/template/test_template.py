"""What the template promises, read from its text: several of these cannot be seen on the local AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

Resources = dict[str, dict[str, Any]]

TABLES = ("StateTable", "HistoryTable")
COMMON = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"}
SETTINGS = {
    "ReceiveWebhookFunction": {"STATE_TABLE", "CHANGE_QUEUE_URL", "WEBHOOK_SECRET"},
    "SyncChangesFunction": {
        "STATE_TABLE",
        "HISTORY_TABLE",
        "DEAD_LETTER_QUEUE_URL",
        "ALERT_TOPIC_ARN",
        "OAUTH_SECRET",
        "HISTORY_DAYS",
    },
    "ReconcileFunction": {
        "STATE_TABLE",
        "HISTORY_TABLE",
        "CHANGE_QUEUE_URL",
        "ALERT_TOPIC_ARN",
        "OAUTH_SECRET",
        "RECONCILE_EVERY_MINUTES",
        "HISTORY_DAYS",
    },
    "RetryDeadLettersFunction": {
        "STATE_TABLE",
        "HISTORY_TABLE",
        "DEAD_LETTER_QUEUE_URL",
        "ALERT_TOPIC_ARN",
        "HISTORY_DAYS",
    },
}
# Properties that would fix a name, and so forbid a second stack or a replacement.
PHYSICAL_NAMES = {
    "AlarmName",
    "AliasName",
    "FunctionName",
    "GroupName",
    "LayerName",
    "LogGroupName",
    "QueueName",
    "RoleName",
    "TableName",
    "TopicName",
}


def of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of one type, by logical id."""
    return {name: item["Properties"] for name, item in resources.items() if item["Type"] == kind}


def walk(value: Any) -> Iterator[Any]:
    """`value` and everything in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        yield from walk(part)


# --- names and tables -------------------------------------------------------------------------------------


def test_no_resource_has_a_physical_name(resources: Resources) -> None:
    """Several stacks live in one account, and a replacement never collides with what it replaces."""
    for name, item in resources.items():
        named = PHYSICAL_NAMES & set(item["Properties"])
        if item["Type"] == "AWS::Lambda::Permission":
            named -= {"FunctionName"}  # which function, not how it is called
        assert not named, name
        if item["Type"] not in {"AWS::ApiGatewayV2::Api", "AWS::IAM::Role"}:
            assert "Name" not in item["Properties"], name


@pytest.mark.parametrize("table", TABLES)
def test_table_outlives_the_stack(resources: Resources, table: str) -> None:
    """No delete, replacement or slip of the hand takes the links or the history away."""
    assert resources[table]["DeletionPolicy"] == "Retain"
    assert resources[table]["UpdateReplacePolicy"] == "Retain"
    properties = resources[table]["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("table", "indexes"), [("StateTable", {"due", "waits", "links"}), ("HistoryTable", {"run"})]
)
def test_index_is_sparse_and_holds_keys_only(resources: Resources, table: str, indexes: set[str]) -> None:
    """An index has keys of its own (absent: not in it) and never says what is in a row."""
    properties = resources[table]["Properties"]
    assert properties["KeySchema"] == keys("pk", "sk")
    assert {index["IndexName"] for index in properties["GlobalSecondaryIndexes"]} == indexes
    for index in properties["GlobalSecondaryIndexes"]:
        name = index["IndexName"]
        assert index["KeySchema"] == keys(f"{name}_pk", f"{name}_sk")
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    """A key schema."""
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


# --- the way of a change ----------------------------------------------------------------------------------


def test_webhooks_are_throttled_at_the_door(resources: Resources) -> None:
    """A flood costs little and stops nothing else in the account."""
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 100}


def test_the_path_of_a_webhook_is_logged_nowhere(resources: Resources) -> None:
    """The path carries a secret."""
    (stage,) = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    assert not {"AccessLogSettings", "AccessLogSetting"} & set(stage)


def test_the_only_way_in_is_a_post_with_a_secret(resources: Resources) -> None:
    """One route, written as plain resources: SAM's own events have no routes on the local AWS."""
    (route,) = of_type(resources, "AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "POST /hooks/{side}/{connection}/{secret}"
    events = [item.get("Events", {}) for item in of_type(resources, "AWS::Serverless::Function").values()]
    assert {event["Type"] for some in events for event in some.values()} == {"SQS"}


@pytest.mark.parametrize(
    ("queue", "function"),
    [("ChangeQueue", "SyncChangesFunction"), ("DeadLetterQueue", "RetryDeadLettersFunction")],
)
def test_a_message_stays_hidden_while_it_is_worked_on(
    resources: Resources, queue: str, function: str
) -> None:
    """Six times the function's time-out, as AWS asks for."""
    timeout = resources[function]["Properties"]["Timeout"]
    assert resources[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_a_message_that_cannot_be_read_is_dead_lettered_after_five_tries(resources: Resources) -> None:
    """And it is kept for 14 days, encrypted like the bell."""
    change, dead = resources["ChangeQueue"]["Properties"], resources["DeadLetterQueue"]["Properties"]
    assert change["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": "DeadLetterQueue.Arn"},
        "maxReceiveCount": 5,
    }
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert change["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True
    assert "FifoQueue" not in change


def test_each_bell_wakes_one_drain_at_once(resources: Resources) -> None:
    """Batch of one, no window (AWS may wait 20 s on a quiet queue with any), partial failures, a bounded fleet."""
    (event,) = resources["SyncChangesFunction"]["Properties"]["Events"].values()
    assert event["Properties"] == {
        "Queue": {"Fn::GetAtt": "ChangeQueue.Arn"},
        "BatchSize": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}},
    }


def test_the_writer_cannot_ring_its_own_bell(resources: Resources) -> None:
    """AWS stops a function that feeds its own queue after 16 hops."""
    assert (
        "CHANGE_QUEUE_URL" not in resources["SyncChangesFunction"]["Properties"]["Environment"]["Variables"]
    )


def test_the_tick_comes_each_minute_and_is_not_repeated_late(resources: Resources) -> None:
    """A tick that failed is made good by the next one."""
    tick = resources["TickSchedule"]["Properties"]
    assert tick["ScheduleExpression"] == "rate(1 minute)"
    assert tick["Target"]["Arn"] == {"Fn::GetAtt": "ReconcileFunction.Arn"}
    assert tick["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60
    assert resources["ReconcileFunction"]["Properties"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def test_letters_are_taken_back_at_the_interval_of_the_setting(resources: Resources) -> None:
    """`rate(1 minutes)` is no rate, so one minute is written apart."""
    redrive = resources["RedriveSchedule"]["Properties"]
    assert redrive["ScheduleExpression"] == {
        "Fn::If": [
            "RedriveEveryMinute",
            "rate(1 minute)",
            {"Fn::Sub": "rate(${RedriveEveryMinutes} minutes)"},
        ]
    }
    assert redrive["Target"]["Arn"] == {"Fn::GetAtt": "RetryDeadLettersFunction.Arn"}


# --- the functions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", SETTINGS)
def test_function_gets_the_settings_that_it_needs_and_no_other(
    template: dict[str, Any], resources: Resources, function: str
) -> None:
    """The webhook secret is named to receive_webhook alone, the OAuth secret never to it."""
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    assert set(common) == COMMON
    assert set(resources[function]["Properties"]["Environment"]["Variables"]) == SETTINGS[function]


def test_functions_run_on_arm64_with_both_layers(template: dict[str, Any]) -> None:
    """What the layers are built for is what the functions run on."""
    common = template["Globals"]["Function"]
    assert (common["Runtime"], common["Architectures"]) == ("python3.13", ["arm64"])
    assert common["Layers"] == [{"Ref": "DepsLayer"}, {"Ref": "TandemLayer"}]
    for layer in of_type(template["Resources"], "AWS::Serverless::LayerVersion").values():
        assert (layer["CompatibleRuntimes"], layer["CompatibleArchitectures"]) == (["python3.13"], ["arm64"])


def test_each_function_logs_into_a_group_that_forgets(resources: Resources) -> None:
    """A group that Lambda makes by itself would keep everything for ever."""
    for name, function in of_type(resources, "AWS::Serverless::Function").items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert group == name.replace("Function", "Log")
        assert resources[group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_tracing_is_off_unless_asked_for(template: dict[str, Any]) -> None:
    """Traces cost money and are seldom read."""
    assert template["Parameters"]["Tracing"]["Default"] == "PassThrough"
    assert template["Globals"]["Function"]["Tracing"] == {"Ref": "Tracing"}


# --- secrets and alerts -----------------------------------------------------------------------------------


def test_no_secret_is_in_the_template_or_passed_through_it(
    template: dict[str, Any], resources: Resources
) -> None:
    """Secrets start empty, functions get their names only, and no parameter takes a secret."""
    assert {item["SecretString"] for item in of_type(resources, "AWS::SecretsManager::Secret").values()} == {
        "{}"
    }
    for function in of_type(resources, "AWS::Serverless::Function").values():
        variables = function["Environment"]["Variables"]
        assert variables.get("OAUTH_SECRET", {"Fn::GetAtt": "OAuthSecret.Id"}) == {
            "Fn::GetAtt": "OAuthSecret.Id"
        }
        assert variables.get("WEBHOOK_SECRET", {"Fn::GetAtt": "WebhookSecret.Id"}) == {
            "Fn::GetAtt": "WebhookSecret.Id"
        }
    assert not [text for text in walk(template) if isinstance(text, str) and "{{resolve:" in text]
    assert not [
        name for name in template["Parameters"] if "secret" in name.lower() or "token" in name.lower()
    ]


@pytest.mark.parametrize(
    ("alarm", "metric", "dimension", "fires"),
    [
        (
            "DeadLettersAlarm",
            "AWS/SQS ApproximateNumberOfMessagesVisible Maximum",
            {"Name": "QueueName", "Value": {"Fn::GetAtt": "DeadLetterQueue.QueueName"}},
            "GreaterThanOrEqualToThreshold 1, missing notBreaching",
        ),
        (
            "WorkerErrorsAlarm",
            "AWS/Lambda Errors Sum",
            {"Name": "FunctionName", "Value": {"Ref": "SyncChangesFunction"}},
            "GreaterThanOrEqualToThreshold 1, missing notBreaching",
        ),
        (
            "MissedTicksAlarm",
            "AWS/Lambda Invocations Sum",
            {"Name": "FunctionName", "Value": {"Ref": "ReconcileFunction"}},
            "LessThanThreshold 1, missing breaching",
        ),
        (
            "TickErrorsAlarm",
            "AWS/Lambda Errors Sum",
            {"Name": "FunctionName", "Value": {"Ref": "ReconcileFunction"}},
            "GreaterThanOrEqualToThreshold 3, missing notBreaching",
        ),
    ],
)
def test_alarm_watches_what_it_names_and_tells_a_person(
    resources: Resources, alarm: str, metric: str, dimension: dict[str, Any], fires: str
) -> None:
    """Alarms are proved on the text, since the local AWS ignores their dimensions."""
    found = resources[alarm]["Properties"]
    assert f"{found['Namespace']} {found['MetricName']} {found['Statistic']}" == metric
    assert found["Dimensions"] == [dimension]
    assert f"{found['ComparisonOperator']} {found['Threshold']}, missing {found['TreatMissingData']}" == fires
    assert found["AlarmActions"] == found["OKActions"] == [{"Ref": "AlertTopic"}]
    assert found["AlarmDescription"].count(".") >= 1


def test_every_alarm_is_checked_above(resources: Resources) -> None:
    """An alarm added to the template is added to the table of the test before this one."""
    assert set(of_type(resources, "AWS::CloudWatch::Alarm")) == {
        "DeadLettersAlarm",
        "WorkerErrorsAlarm",
        "MissedTicksAlarm",
        "TickErrorsAlarm",
    }


def test_mail_is_subscribed_only_where_an_address_is_given(resources: Resources) -> None:
    """An empty address is no subscription, not a broken one."""
    assert resources["AlertSubscription"]["Condition"] == "HasAlertEmail"
    assert resources["AlertSubscription"]["Properties"]["Endpoint"] == {"Ref": "AlertEmail"}


def test_the_operator_finds_everything_in_the_outputs(template: dict[str, Any]) -> None:
    """The command, the demo and the tests know a stack by these alone."""
    assert set(template["Outputs"]) == {
        "ApiUrl",
        "ApiId",
        "StateTableName",
        "HistoryTableName",
        "ChangeQueueUrl",
        "DeadLetterQueueUrl",
        "AlertTopicArn",
        "OAuthSecretArn",
        "WebhookSecretArn",
        "ReceiveWebhookFunctionName",
        "SyncChangesFunctionName",
        "ReconcileFunctionName",
        "RetryDeadLettersFunctionName",
    }
