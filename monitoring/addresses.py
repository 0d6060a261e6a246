"""Addresses as they may be logged and shown: without what lets somebody in."""

_WITHHELD = "…"


def shown_address(address: str) -> str:
    """Return an address without user, password and parameters; of one that is no URL, nothing that may be a password.

    An address may be wrong: it is shown then, too, by the error that says so.
    """
    scheme, separator, rest = address.rpartition("://")
    place, _, parameters = rest.partition("?")
    if "=" in place or ("@" in parameters and "@" not in place):
        return scheme + separator + _WITHHELD
    return scheme + separator + place.rpartition("@")[2].partition("#")[0]
