"""A package, so that what its tests share ends behind the last of them, and not with the session."""
