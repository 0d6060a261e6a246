"""Whom a row is about: the index of registered enterprises, and the rows that waited for it."""
