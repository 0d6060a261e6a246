"""What ``kafka-topics.sh --describe --under-replicated-partitions`` tells, for a machine without Kafka's own scripts.

The stack comes without the jar of that tool. Run by its path, with the tool's arguments.
"""

import argparse

from confluent_kafka.admin import AdminClient


def main() -> None:
    """Print a line for each partition that some of its replicas are behind on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--describe", action="store_true", required=True)
    parser.add_argument("--under-replicated-partitions", action="store_true", required=True)
    found = AdminClient({"bootstrap.servers": parser.parse_args().bootstrap_server}).list_topics(timeout=30)
    for topic in found.topics.values():
        for partition in topic.partitions.values():
            if len(partition.isrs) < len(partition.replicas):
                print(f"Topic: {topic.topic}\tPartition: {partition.id}\tIsr: {partition.isrs}")


if __name__ == "__main__":
    main()
