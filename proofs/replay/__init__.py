"""States computed again from the catalogue's events by a plain reference, without the engine's code."""
