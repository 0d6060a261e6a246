"""Versions of the services; ``docker-compose.yml`` names the same ones, and a test compares them."""

KAFKA = "4.1.1"
REGISTRY = "3.3.3"
SLF4J = "1.7.36"
POSTGRES_MAJOR = 18
