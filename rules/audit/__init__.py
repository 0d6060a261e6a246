"""What an entry of the audit log (``audit.v1``) says."""
