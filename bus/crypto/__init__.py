"""Encryption and linking of personal data."""
