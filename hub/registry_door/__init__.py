"""The registry's door for banks: a server that reads to them the schemas of their topics, and nothing else.

Why it is written so: decision 20.
"""
