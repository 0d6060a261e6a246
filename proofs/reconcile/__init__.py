"""The proof, by a scan of its own, that nothing is lost and nothing is there twice (law 2 of the design)."""
