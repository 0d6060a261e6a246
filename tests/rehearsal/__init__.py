"""What `docs/operations.md` says of back-up and restore, typed as it stands there, on a hub of its own."""
