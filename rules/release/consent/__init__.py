"""Consent (授权) as data: what an enterprise lets a recipient see, and what became of it."""
