"""Alerts on SNS."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from tandem.adapters.aws.failures import store_errors

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT = 99  # SNS: "less than 100 characters"
_LONGEST_MESSAGE = 250_000  # bytes; SNS takes 256 KiB with the subject


class SnsAlerts:
    """The alert topic."""

    def __init__(self, client: SNSClient, topic: str) -> None:
        self._client = client
        self._topic = topic

    def send(self, subject: str, message: str) -> None:
        """Send one alert; the subject is made fit for SNS, the message is cut only beyond 250 kB."""
        title = subject_line(subject)
        body = message.encode()[:_LONGEST_MESSAGE].decode(errors="ignore")
        with store_errors("the alert was not sent"):
            self._client.publish(TopicArn=self._topic, Subject=title, Message=body or title)


def subject_line(text: str) -> str:
    """One line of printable ASCII, under 100 characters, never empty: all that SNS takes as a subject."""
    folded = unicodedata.normalize("NFKD", " ".join(text.split()))
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    line = "".join(sign if sign.isprintable() else " " for sign in bare.encode("ascii", "replace").decode())
    return line.strip()[:_LONGEST_SUBJECT].rstrip() or "Tandem"
