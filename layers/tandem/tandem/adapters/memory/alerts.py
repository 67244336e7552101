"""Alerts in memory."""

from __future__ import annotations


class MemoryAlerts:
    """Keeps (subject, message) of every alert in `sent`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, subject: str, message: str) -> None:
        """Keep one alert."""
        self.sent.append((subject, message))
