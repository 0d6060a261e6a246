"""What may be released, to whom."""
