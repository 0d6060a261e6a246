"""The 68 items as data, and the pure values every stage speaks in. No network, no clock."""
