"""Takes a notification of Zoho in: checks it, makes its rows due and rings the bell."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tandem import bootstrap

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an API Gateway request. The event is never logged: its path carries a secret."""
    answer = bootstrap.receive(event)
    metrics.add_metric("WebhookAccepted" if answer.notices else "WebhookTurnedAway", MetricUnit.Count, 1)
    logger.info("webhook", extra={"kind": answer.kind, "status": answer.status, "records": answer.notices})
    return {"statusCode": answer.status}
