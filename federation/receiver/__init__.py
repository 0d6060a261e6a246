"""The reference upstream node: the other side of ``sinks/upstream``, with its own store and its own validation.

It imports nothing of the sinks or the rules: what it finds wrong, it finds by itself.
"""
