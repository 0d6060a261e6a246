"""Sends recipients what their topics tell them, to a URL of theirs: Standard Webhooks, in order, by https alone."""
