"""The portal of the recipients' tests: banks with tokens send back to it."""

from tests.integration.portal.recipients.conftest import dsn, world

__all__ = ["dsn", "world"]
