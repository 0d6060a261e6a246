"""The proof that never ends: each pass reads what came since the proven moment."""
