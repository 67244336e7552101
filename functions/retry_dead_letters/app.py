"""Takes dead letters back into the flow."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tandem import bootstrap

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Give rows whose tries were used up a new chance, or open a case for them."""
    counts = bootstrap.redriver().redrive().counts
    metrics.add_metric("LettersHandled", MetricUnit.Count, sum(counts.values()))
    logger.info("redrive", extra={"letters": counts})
    return counts
