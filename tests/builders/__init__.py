"""What tests are made of: events, records, changes and states with defaults for what a test is not about.

Everybody in here is fictitious.
"""
