"""The shared services of the integration tests."""

from tests.integration.conftest import settings, stack, topic_prefix

__all__ = ["settings", "stack", "topic_prefix"]
