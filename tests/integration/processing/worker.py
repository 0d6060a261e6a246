"""A worker process of a case: ``python -m tests.integration.processing.worker JSON``."""

import json
import logging
import sys
from pathlib import Path

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from monitoring.serving import serve
from processing.app import create_app, run
from tests.integration.processing.cases import CASES

CIPHER = Cipher(KeyRing(b"l" * 32, {1: b"k" * 32}))


def main(arguments: str) -> None:
    """Run until it is told to stop."""
    logging.basicConfig(level=logging.INFO)
    said = json.loads(arguments)
    config = BusConfig(**said["bus"])
    registry = Registry(config)
    processor = CASES[said["case"]].processor(config, registry)
    app = create_app(config, processor, registry, CIPHER, Path(said["folder"]), instance=said["instance"])
    serve(said["port"], "127.0.0.1", app.readiness)
    run(app)


if __name__ == "__main__":
    main(sys.argv.pop(1))
