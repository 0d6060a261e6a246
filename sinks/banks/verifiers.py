"""Who can verify what this hub signed: by the public keys that were published (``keys.v1``)."""

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.fingerprints import published_signing_keys
from bus.crypto.signing import Ed25519Verifier, Verifier


class PublishedVerifiers:
    """Who can verify what is signed with a key; a key that is new is asked for once."""

    def __init__(self, config: BusConfig, registry: Registry) -> None:
        self._config, self._registry = config, registry
        self._verifier: Verifier | None = None
        self._known: set[str] = set()

    def of(self, kid: str) -> Verifier:
        """Return what knows the key, if anybody does; raises Unavailable while Kafka or the registry is away."""
        if self._verifier is None or kid not in self._known:
            published = published_signing_keys(self._config, self._registry)
            self._verifier, self._known = Ed25519Verifier(published.values()), {*published, kid}
        return self._verifier
