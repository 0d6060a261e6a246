"""Indicators of a subject: their definitions, and running sums of them."""
