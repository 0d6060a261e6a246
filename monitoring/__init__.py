"""Metrics, health, alert rules and dashboards."""
