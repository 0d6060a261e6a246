"""Apache Kafka in KRaft mode: one node that is broker and controller, formatted once.

A cluster of several brokers is a later issue: `BrokerNode` is where its nodes would differ.
"""

import base64
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from bus.access import at, login
from catalogue.errors import StackError
from hub.stack import artifacts, preflight
from hub.stack.layout import HomeLayout
from hub.stack.ports import LOOPBACK
from hub.stack.status import write_private

_FEW_CORES = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_MANY_CORES = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
NODE = "node"
"""The user of the nodes among themselves, and of whoever makes the other users."""
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
# Who says that the broker begins, is there and ends; others tell a line for each topic that is made.
_TELLING = ("BrokerLifecycleManager", "BrokerServer", "ControllerServer", "KafkaRaftServer")


@dataclass(frozen=True, slots=True)
class BrokerNode:
    """One node: its id, its folder, its three ports, and the password by which nodes know each other."""

    node_id: int
    folder: Path
    port: int
    internal_port: int
    controller_port: int
    password: str = field(repr=False)
    identity: Path | None = None
    """The private key and certificate (PEM) by which clients know it; None: their connections are not encrypted."""

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def administrator(self) -> dict[str, str]:
        """Return the client file of whoever makes users and ACLs: the node itself, by its own door."""
        return at(f"{LOOPBACK}:{self.internal_port}", login(NODE, self.password, "PLAIN"))

    @property
    def properties_file(self) -> Path:
        return self.folder / "server.properties"


def properties(node: BrokerNode) -> str:
    """Return the node's server.properties; listens on the loopback interface only."""
    listeners = {"CLIENT": node.port, "INTERNAL": node.internal_port, "CONTROLLER": node.controller_port}
    protocols = dict.fromkeys(listeners, "SASL_PLAINTEXT") | ({"CLIENT": "SASL_SSL"} if node.identity else {})
    plain = f'{_PLAIN} required username="{NODE}" password="{node.password}" user_{NODE}="{node.password}";'
    return f"""\
process.roles=broker,controller
node.id={node.node_id}
controller.quorum.voters={node.node_id}@{LOOPBACK}:{node.controller_port}
listeners={",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listeners.items())}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listener.security.protocol.map={",".join(f"{name}:{protocol}" for name, protocol in protocols.items())}
log.dirs={node.folder / "data"}

# Users come by CLIENT, and may what their ACLs say (bus/principals.py). Their passwords lie in the broker's own log, so
# the nodes, which need one before there is a log, and whoever makes the users come by doors of their own.
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config={_SCRAM} required;
listener.name.internal.sasl.enabled.mechanisms=PLAIN
listener.name.internal.plain.sasl.jaas.config={plain}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{NODE}
allow.everyone.if.no.acl.found=false
{_encryption(node.identity)}

# Topics are created on purpose, with their partitions and retention; a mistyped name must fail.
auto.create.topics.enable=false
# There is one node.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Fifty partitions each, the default, cost a small machine seconds at every start.
offsets.topic.num.partitions=8
# Ten years: a sink that had nothing to do for a week must not find its position forgotten.
offsets.retention.minutes=5256000
transaction.state.log.num.partitions=8
# Workers come one by one in a demo and in tests; waiting 3 s for more of them helps nobody.
group.initial.rebalance.delay.ms=0
# After kill -9 the controller refuses the broker until its former session has ended: 9 s by default.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
# Members ask for sessions of 6 s; anything shorter than 3 s would flap on a busy machine.
group.min.session.timeout.ms=3000
# A worker that was killed inside a transaction blocks read_committed readers for at most this long.
transaction.max.timeout.ms=900000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# Retention is each topic's own. Data is left to the page cache, which outlives a killed broker;
# losing the machine's power is what replicas are for.
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.threads=1
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
background.threads=4
message.max.bytes=10485760
replica.fetch.max.bytes=10485760
"""


def _encryption(identity: Path | None) -> str:
    if identity is None:
        return ""
    return f"listener.name.client.ssl.keystore.type=PEM\nlistener.name.client.ssl.keystore.location={identity}\n"


def java_command(cache: Path, heap: tuple[str, ...], *options: str) -> list[str]:
    """Return the start of a command line that runs a class of Kafka's."""
    return [
        str(preflight.java()),
        *heap,
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        *(f"-Dorg.slf4j.simpleLogger.log.kafka.server.{name}=info" for name in _TELLING),
        # What Kafka 4.1's own jars do; else five lines of warning in a log of one line a fact.
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage.internals.log=error",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        *options,
        "-cp",
        artifacts.kafka_classpath(cache),
    ]


def broker_command(layout: HomeLayout, node: BrokerNode) -> tuple[str, ...]:
    """Return the command that runs the broker; 768 MB of heap carry the demo with room to spare."""
    # On few cores the optimizing compiler takes time from everything else: with the quick one a broker needs half.
    collector = _FEW_CORES if (os.cpu_count() or 1) <= 4 else _MANY_CORES
    heap = ("-Xms256m", "-Xmx768m", *collector, "-XX:+ExitOnOutOfMemoryError")
    return (*java_command(layout.cache, heap), "kafka.Kafka", str(node.properties_file))


def new_cluster_id() -> str:
    """Return a random cluster id as Kafka writes it: 16 bytes in URL-safe Base64, with no dash first."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not text.startswith("-"):
            return text


def _cluster_id(data: Path) -> str:
    try:
        lines = (data / "meta.properties").read_text("utf-8").splitlines()
        return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))
    except (OSError, StopIteration) as exc:
        raise StackError(
            f"{data} holds topics, but no meta.properties that tells of which cluster they are.",
            remedy="Restore the whole folder from its backup, or move it away to begin anew.",
        ) from exc


def prepare(layout: HomeLayout, node: BrokerNode) -> None:
    """Write the configuration, and format the log folder unless that was finished before.

    Raises StackError when the formatting fails.
    """
    node.folder.mkdir(parents=True, exist_ok=True)
    write_private(node.properties_file, properties(node))
    finished = node.folder / "formatted"
    if finished.exists():
        return
    data = node.folder / "data"
    if any(entry.is_dir() for entry in data.glob("*-[0-9]*")):
        # Topics from a backup or another disk, without our mark that the formatting was finished: never delete them.
        finished.write_text(_cluster_id(data), "utf-8")
        return
    # A formatting that was interrupted: no data is in it yet.
    shutil.rmtree(data, ignore_errors=True)
    cluster_id = new_cluster_id()
    tool = java_command(layout.cache, ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"))
    done = subprocess.run(
        [*tool, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(node.properties_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(
            f"Kafka's data folder cannot be formatted: {(done.stderr or done.stdout).strip()[-300:]}",
            remedy=f"Look at {node.folder}; `credithub down --purge` removes it with all data.",
        )
    finished.write_text(cluster_id, "utf-8")
