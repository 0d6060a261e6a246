"""The embedded stack: Kafka, a schema registry and PostgreSQL, all real, from Python packages alone.

endpoints = hub.stack.start(settings, services_only=True)
hub.stack.status(settings)
hub.stack.stop(settings)
"""

from hub.stack.control import start, status, stop

__all__ = ["start", "status", "stop"]
