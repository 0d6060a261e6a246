"""The department adapters: map, validate, encrypt, encode, send."""
