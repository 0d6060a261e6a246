"""Three brokers, each controller too, on one machine: replication 3, two in-sync replicas, no unclean election.

The same artefacts and settings as the embedded single broker (``hub.stack.kafka``); only what a cluster needs differs.
"""

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bus import clients
from bus.access import at, login
from bus.config import BusConfig
from bus.grants import write_client_file
from bus.users import ADMIN, file_of
from hub.stack import kafka, ports
from hub.stack.layout import HomeLayout
from hub.stack.status import write_private
from tests.chaos.processes import Process, until

BROKERS = (1, 2, 3)
_FIRST_PORT = 19092
_HEAP = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
_ANSWER_S = 5.0
_GRACE_S = 20.0
# Everything a broker's start and the copying of what it missed may take on two busy cores.
_UP_WITHIN_S = 120.0


class Cluster:
    """The brokers of one folder; use as a context."""

    def __init__(self, layout: HomeLayout) -> None:
        self._layout = layout
        password = secrets.token_urlsafe()
        self._given = given = ports.Ports(layout.run / "cluster-ports.json")
        self._nodes = {
            number: kafka.BrokerNode(
                number,
                layout.home / f"kafka-{number}",
                given.give(f"broker-{number}", _FIRST_PORT + 3 * number),
                given.give(f"internal-{number}", _FIRST_PORT + 3 * number + 1),
                given.give(f"controller-{number}", _FIRST_PORT + 3 * number + 2),
                password,
            )
            for number in BROKERS
        }
        self.brokers = {
            number: Process(
                f"broker-{number}",
                (*kafka.java_command(layout.cache, _HEAP), "kafka.Kafka", str(node.properties_file)),
                layout.log_file(f"broker-{number}"),
                dict(os.environ),
            )
            for number, node in self._nodes.items()
        }
        self._known: AdminClient | None = None
        layout.access.mkdir(mode=0o700, exist_ok=True)
        # One that is away does not keep its users from being made.
        doors = ",".join(f"{ports.LOOPBACK}:{node.internal_port}" for node in self._nodes.values())
        self._administrator = file_of(layout.access, ADMIN)
        write_client_file(self._administrator, at(doors, login(kafka.NODE, password, "PLAIN")))

    @property
    def access(self) -> Path:
        """The folder of the client files, in which preparations make those of the hub's users."""
        return self._administrator.parent

    @property
    def bootstrap(self) -> str:
        """Return the addresses of all three."""
        return ",".join(node.bootstrap for node in self._nodes.values())

    def __enter__(self) -> "Cluster":
        cluster_id = kafka.new_cluster_id()
        for node in self._nodes.values():
            self._format(node, cluster_id)
        self.start(*BROKERS)
        until(self.is_whole, "three brokers", _UP_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        for broker in self.brokers.values():
            broker.kill()
        self._given.close()

    def start(self, *numbers: int) -> None:
        """Start brokers, and do not wait for them."""
        for number in numbers:
            self.brokers[number].start()

    def tend(self) -> None:
        """Start brokers again that ended by themselves: one gives up when a start takes it a minute."""
        for broker in self.brokers.values():
            broker.tend()

    def kill(self, number: int) -> None:
        """End a broker as the loss of its machine would."""
        self.brokers[number].kill()

    def lose(self, number: int) -> Path:
        """End a broker and its disk; return the folder of its ``server.properties``, which is all that is left."""
        self.kill(number)
        node = self._nodes[number]
        shutil.rmtree(node.folder / "data")
        return node.folder

    def restart(self) -> float:
        """Stop all three in good order, start them again, and return for how long none ran."""
        for broker in self.brokers.values():
            broker.wanted = False
            broker.signal(15)
        for broker in self.brokers.values():
            # The last ones have no controller left that could release them.
            broker.stop(_GRACE_S)
        gone = time.monotonic()
        self.start(*BROKERS)
        return time.monotonic() - gone

    def leaders(self) -> dict[int, int]:
        """Return of how many partitions each broker is the leader."""
        found = dict.fromkeys(BROKERS, 0)
        for topic in self._admin().list_topics(timeout=_ANSWER_S).topics.values():
            for partition in topic.partitions.values():
                found[partition.leader] = found.get(partition.leader, 0) + 1
        return found

    def is_whole(self) -> bool:
        """Whether every broker is there and every partition has all its replicas in sync."""
        return not self.missing()

    def missing(self) -> str:
        """Return what a whole cluster has and this one has not; "" when it has all."""
        try:
            seen = self._admin().list_topics(timeout=_ANSWER_S)
        except KafkaException:
            return "no broker answers"
        if len(seen.brokers) < len(BROKERS):
            return f"only the brokers {sorted(seen.brokers)} are there"
        behind = [
            f"{topic.topic}/{partition.id} at {sorted(set(partition.replicas) - set(partition.isrs))}"
            for topic in seen.topics.values()
            for partition in topic.partitions.values()
            if len(partition.isrs) < len(partition.replicas)
        ]
        return f"{len(behind)} partitions have not all replicas in sync: {behind[0]}" if behind else ""

    def _admin(self) -> AdminClient:
        if self._known is None:
            config = BusConfig(self.bootstrap, "", client_file=str(self._administrator))
            self._known = clients.admin(config, log_level=0)
        return self._known

    def _format(self, node: kafka.BrokerNode, cluster_id: str) -> None:
        shutil.rmtree(node.folder, ignore_errors=True)
        node.folder.mkdir(parents=True)
        write_private(node.properties_file, self._properties(node))
        tool = kafka.java_command(self._layout.cache, ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"))
        format_it = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(node.properties_file)]
        subprocess.run([*tool, *format_it], check=True, capture_output=True)

    def _properties(self, node: kafka.BrokerNode) -> str:
        """Return the single broker's properties, with what three of them need in its place."""
        voters = ",".join(f"{n.node_id}@{ports.LOOPBACK}:{n.controller_port}" for n in self._nodes.values())
        ours = {
            "controller.quorum.voters": voters,
            "default.replication.factor": "3",
            "min.insync.replicas": "2",
            "unclean.leader.election.enable": "false",
            # Else a broker that was killed once leads nothing for five minutes, and its next death hurts nobody.
            "leader.imbalance.check.interval.seconds": "10",
            "offsets.topic.replication.factor": "3",
            "transaction.state.log.replication.factor": "3",
            "transaction.state.log.min.isr": "2",
            "share.coordinator.state.topic.replication.factor": "3",
            "share.coordinator.state.topic.min.isr": "2",
        }
        lines = [line for line in kafka.properties(node).splitlines() if line.split("=")[0] not in ours]
        return "\n".join([*lines, *(f"{name}={value}" for name, value in ours.items())]) + "\n"


def home_of(folder: Path) -> Path:
    """Return the folder, made anew where something was left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
