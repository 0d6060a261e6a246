"""The hub's own authority and the certificates that it signs: what TLS between the hub and its clients needs."""
