"""A fictitious city to try the hub on: enterprises, their records, the files units send."""
