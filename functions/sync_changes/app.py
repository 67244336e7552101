"""The writer: one drain for each bell."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tandem import bootstrap
from tandem.core.errors import BadInputError, StoreError

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Report only messages that cannot be read, or came while the table was out of reach: SQS gives them again."""
    failed = []
    for record in event["Records"]:
        try:
            report = bootstrap.sync(record["body"], context)
        except (BadInputError, StoreError) as error:
            logger.warning("bell not handled", extra={"error": type(error).__name__})
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        metrics.add_metric("RowsHandled", MetricUnit.Count, sum(report.outcomes.values()))
        metrics.add_metric("DeadLetters", MetricUnit.Count, report.outcomes.get("dead_letter", 0))
        logger.info(
            "drain", extra={"rounds": report.rounds, "outcomes": report.outcomes, "calls": report.calls}
        )
    return {"batchItemFailures": failed}
