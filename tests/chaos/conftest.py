"""The running services that the short form shares with the integration tests."""

from tests.integration.conftest import settings

__all__ = ["settings"]
