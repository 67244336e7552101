"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Speed is measured in a benchmark, never in a timed test: a busy machine must not fail a property.
settings.register_profile("tandem", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tandem")
