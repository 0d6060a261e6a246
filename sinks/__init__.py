"""Idempotent deliveries: national platform, banks, PostgreSQL."""
