"""States computed again from the catalogue's events by a plain reference, beside the engine and without its code."""
