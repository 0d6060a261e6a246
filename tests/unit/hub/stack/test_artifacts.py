"""What is pinned."""

from hub.stack import artifacts, versions


def test_every_pinned_file_has_a_checksum_and_the_versions_are_those_we_name() -> None:
    jars, archive = artifacts.locked("kafka"), artifacts.locked("registry")
    assert len(jars) > 40
    assert all(len(artifact.sha256) == 64 and artifact.size > 0 for artifact in (*jars, *archive))
    assert {artifact.version for artifact in jars if artifact.name == "kafka_2.13"} == {versions.KAFKA}
    assert [artifact.version for artifact in archive] == [versions.REGISTRY]
