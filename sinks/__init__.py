"""Idempotent deliveries: the platform above, banks, PostgreSQL."""
