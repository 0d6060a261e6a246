"""Each bank's own topic."""
