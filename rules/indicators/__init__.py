"""Indicators of a subject: the language of their definitions, the plain way to their values, and the quick one."""
