"""The proof that nothing is lost and nothing is double (law 2 of the design), by a scan of its own."""
