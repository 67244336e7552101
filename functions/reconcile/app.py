"""The tick: reads the feeds whose time has come and rings for what is due."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tandem import bootstrap

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(_event: dict[str, Any], context: object) -> dict[str, Any]:
    """One tick over all connections."""
    report = bootstrap.tick(context)
    metrics.add_metric("Tick", MetricUnit.Count, 1)
    metrics.add_metric("RowsHinted", MetricUnit.Count, report.hinted)
    logger.info("tick", extra={"feeds": report.polled, "pages": report.pages, "hinted": report.hinted})
    return {"polled": report.polled, "hinted": report.hinted, "rung": report.rung}
