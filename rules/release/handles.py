"""Handles: what a recipient knows a record by. Nobody can join two recipients' records on them."""

import hmac


class Handles:
    """The handles of one recipient; the same record has the same one, as long as the recipient is."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, subject: str, item: str, record_key: str) -> str:
        """Return the handle of a record: the first 128 bits of an HMAC-SHA-256, hex."""
        text = f"{subject}\0{item}\0{record_key}".encode(errors="surrogatepass")
        return hmac.digest(self._key, text, "sha256").hex()[:32]
