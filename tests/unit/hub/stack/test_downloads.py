"""A cache that is complete needs no network."""

import hashlib
import json
from pathlib import Path

import pytest

from hub.stack import artifacts, downloads

CONTENT = bytes(range(256)) * 10


def test_a_cache_that_is_complete_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock.json"
    entry = {"group": "g", "name": "a", "version": "1", "classifier": ""}
    size, digest = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
    jar = {**entry, "packaging": "jar", "size": size, "sha256": digest}
    lock.write_text(json.dumps({"kafka": [jar], "registry": [{**jar, "packaging": "tar.gz", "version": "2"}]}))
    monkeypatch.setattr(artifacts, "LOCK_FILE", lock)
    cache = tmp_path / "cache"
    assert [artifact.packaging for artifact in downloads.missing(cache)] == ["jar", "tar.gz"]
    file = artifacts.locked("kafka")[0].path(cache / "m2")
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    artifacts.registry_folder(cache).mkdir()
    (artifacts.registry_folder(cache) / "quarkus-run.jar").touch()
    assert downloads.is_complete(cache)
    # The mirror does not exist: asking it would fail.
    assert downloads.download(cache, mirror="http://127.0.0.1:9") == 0
