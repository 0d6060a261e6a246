"""Write ``artifacts.lock.json`` anew: ``python -m hub.stack.relock`` after a version below was changed.

Resolves with jgo into an empty folder and records what came with size and SHA-256; commit the result.
"""

import json
import tempfile
from pathlib import Path

from jgo import EnvironmentBuilder, MavenContext

from hub.stack import versions
from hub.stack.artifacts import LOCK_FILE, sha256_of


def _entry(file: Path, repository: Path, classifier: str = "") -> dict[str, str | int]:
    *group, name, version, file_name = file.relative_to(repository).parts
    packaging = "tar.gz" if file_name.endswith(".tar.gz") else file_name.rsplit(".", 1)[1]
    return {
        "group": ".".join(group), "name": name, "version": version, "classifier": classifier,
        "packaging": packaging, "size": file.stat().st_size, "sha256": sha256_of(file),
    }  # fmt: skip


def main() -> None:
    """Resolve, download and record."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "m2"
        maven = MavenContext(repo_cache=repository)
        EnvironmentBuilder(context=maven, cache_dir=Path(folder) / "jars").from_endpoint(
            f"org.apache.kafka:kafka_2.13:{versions.KAFKA}+org.slf4j:slf4j-simple:{versions.SLF4J}"
        )
        jars = [_entry(jar, repository) for jar in sorted(repository.rglob("*.jar"))]
        registry = maven.project("io.apicurio", "apicurio-registry-app").at_version(versions.REGISTRY)
        archive = registry.artifact(classifier="all", packaging="tar.gz").resolve()
        content = {"kafka": jars, "registry": [_entry(archive, repository, "all")]}
        LOCK_FILE.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
