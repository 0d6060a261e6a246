"""What ``kafka-topics.sh --describe --under-replicated-partitions`` tells, for a machine without Kafka's own scripts.

The stack comes without the jar of that tool. Run by its path, with the tool's arguments.
"""

import argparse
import re
from pathlib import Path

from confluent_kafka.admin import AdminClient


def login(file: Path) -> dict[str, str]:
    """Return what Kafka's own tools are told in a file of properties, as librdkafka names it."""
    told = dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines())
    named = dict(re.findall(r'(username|password)="([^"]*)"', told.pop("sasl.jaas.config")))
    return {**told, **{f"sasl.{name}": value for name, value in named.items()}}


def main() -> None:
    """Print a line for each partition that some of its replicas are behind on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--describe", action="store_true", required=True)
    parser.add_argument("--under-replicated-partitions", action="store_true", required=True)
    parser.add_argument("--command-config", type=Path, required=True)
    arguments = parser.parse_args()
    settings = {"bootstrap.servers": arguments.bootstrap_server, **login(arguments.command_config)}
    found = AdminClient(settings).list_topics(timeout=30)
    for topic in found.topics.values():
        for partition in topic.partitions.values():
            if len(partition.isrs) < len(partition.replicas):
                print(f"Topic: {topic.topic}\tPartition: {partition.id}\tIsr: {partition.isrs}")


if __name__ == "__main__":
    main()
