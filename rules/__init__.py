"""The pure decisions: merge, indicators, projection. No I/O, no clock."""
