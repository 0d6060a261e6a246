"""All schemas of the registry in one archive, with their ids: without these no message could be read.

Apicurio's own format and its own interface, for by the Confluent API (mode IMPORT) it gives each schema a new id.
"""

import httpx

from bus import clients
from bus.config import BusConfig
from catalogue.errors import Unavailable, UsageError

_CONFLUENT = "/apis/ccompat/"
_ADMIN = "/apis/registry/v3/admin"
_NOT_EMPTY = 409
# Both kinds of id, whichever the Confluent API answers by.
_KEEP_IDS = {"X-Registry-Preserve-GlobalId": "true", "X-Registry-Preserve-ContentId": "true"}
_REMEDY = "See `credithub status`."


def is_archivable(config: BusConfig) -> bool:
    """Whether the registry is an Apicurio, whose schemas can be archived with their ids."""
    return _CONFLUENT in config.registry_url


def archived(config: BusConfig) -> bytes:
    """Return all schemas with their ids and levels. Raises UsageError for another registry than Apicurio."""
    return _asked(config, "GET", "/export", {}, b"").content


def restore(config: BusConfig, archive: bytes) -> None:
    """Put the schemas of an archive into an empty registry, under their former ids.

    Raises UsageError for a registry that is not empty, or is no Apicurio.
    """
    headers = {"Content-Type": "application/zip", **_KEEP_IDS}
    if _asked(config, "POST", "/import?requireEmptyRegistry=true", headers, archive).status_code == _NOT_EMPTY:
        raise UsageError(
            f"The registry {config.shown_registry} holds schemas already: theirs would be other ids.",
            remedy="Name an empty database for it, start it anew, and import before anything else runs.",
        )


def _asked(config: BusConfig, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    if not is_archivable(config):
        raise UsageError(
            f"The registry {config.shown_registry} is no Apicurio.",
            remedy="Back it up and restore it by its own means.",
        )
    base = config.registry_url.partition(_CONFLUENT)[0]
    try:
        with clients.registry_admin(base) as client:
            response = client.request(method, _ADMIN + path, headers=headers, content=body)
    except httpx.HTTPError as exc:
        raise Unavailable(f"The registry does not answer: {type(exc).__name__}.", remedy=_REMEDY) from exc
    if response.is_error and response.status_code != _NOT_EMPTY:
        raise Unavailable(f"The registry refused with {response.status_code}.", remedy="See `credithub logs registry`.")
    return response
