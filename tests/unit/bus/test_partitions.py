"""The partition of a subject, as every Java client computes it."""

from bus.partitions import partition_of


def test_partitions_are_those_of_kafkas_murmur2() -> None:
    # Apache Kafka's own vectors (UtilsTest.testMurmur2), made positive as its partitioner does.
    for text, murmur in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)):
        assert partition_of(text, 1 << 30) == (murmur & 0x7FFFFFFF) % (1 << 30)
    assert 0 <= partition_of("91630102MAX000015H", 8) < 8
