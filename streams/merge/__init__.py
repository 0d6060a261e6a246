"""The merge: reports of records become winning records, indicators and the states of subjects."""
