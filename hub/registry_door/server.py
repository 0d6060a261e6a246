"""How the door listens: who connects is the client, and nothing is logged of each request."""

import uvicorn

from hub.certificates.folder import ServerPem
from hub.registry_door.app import RegistryDoor
from hub.registry_door.connections import CountedConnection

_MOST_CONNECTIONS = 1024
_LEAVE_S = 3


def door_config(app: RegistryDoor, host: str, port: int, pem: ServerPem | None) -> uvicorn.Config:
    """Return uvicorn's configuration; by https when there is a certificate."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CountedConnection,
        ws="none",
        access_log=False,
        log_config=None,
        # A client is who connects, not who a header says.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        # Clients keep connections open, and would hold up its end.
        timeout_graceful_shutdown=_LEAVE_S,
        ssl_certfile=pem.identity if pem else None,
    )
