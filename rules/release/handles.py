"""Handles: what a recipient knows a record by. Nobody can join two recipients' records on them."""

import hmac


class Handles:
    """The handles of one recipient; the same record has the same one, as long as the recipient is."""

    def __init__(self, key: bytes) -> None:
        # To begin with the key is half of the work.
        self._begun = hmac.new(key, digestmod="sha256")

    def __call__(self, subject: str, item: str, record_key: str) -> str:
        """Return the handle of a record: the first 128 bits of an HMAC-SHA-256, hex."""
        text = f"{subject}\0{item}\0{record_key}".encode(errors="surrogatepass")
        handle = self._begun.copy()
        handle.update(text)
        return handle.hexdigest()[:32]
