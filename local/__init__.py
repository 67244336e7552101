"""The template on a local AWS: no account, no Docker."""

from local.stack import LocalStack, LocalStackError

__all__ = ["LocalStack", "LocalStackError"]
