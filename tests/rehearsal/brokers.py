"""One of three brokers is lost with its disk while files are pushed."""

import shlex
import sys
from pathlib import Path

from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

import hub.stack
from bus import clients
from bus.access import client_settings, user_of
from bus.config import BusConfig
from bus.users import ADMIN, file_of
from hub.settings import exact_settings
from hub.stack import control, kafka
from hub.stack.layout import HomeLayout
from tests.chaos.cluster import BROKERS, Cluster
from tests.rehearsal.operator import Operator, Passage
from tests.rehearsal.site import Site
from tests.services import stack_settings
from tests.waiting import until

_LOST, _ANOTHER = 2, 1
_HEAP = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_DESCRIBING = Path(__file__).with_name("kafka_topics.py")


def one_of_three_brokers(folder: Path) -> None:
    """Nothing stops, and the broker that begins with an empty disk is soon worth as much as the others."""
    bare = stack_settings(folder / "a home")
    control.prepare_machine(bare)
    with Cluster(HomeLayout.of(bare)) as cluster:
        variables = {
            "CREDITHUB_KAFKA_BOOTSTRAP": cluster.bootstrap,
            "CREDITHUB_KAFKA_ACCESS": str(cluster.access),
            "CREDITHUB_REPLICATION": str(len(BROKERS)),
        }
        operator = Operator(folder, variables)
        settings = exact_settings(
            home=bare.home,
            cache=bare.stack.cache,
            kafka_bootstrap=cluster.bootstrap,
            kafka_access=cluster.access,
            replication=len(BROKERS),
        )
        site = Site(operator, settings)
        try:
            operator.types("credithub up")
            _lose_one(site, cluster)
        finally:
            hub.stack.stop(settings)


def _lose_one(site: Site, cluster: Cluster) -> None:
    site.push(1)
    before = site.content()
    _write_admin_properties(site, cluster)
    disk = cluster.lose(_LOST)
    site.push(2)
    after = site.content()
    assert after.states != before.states
    line = _lines(site)
    named = next(file for file in disk.parent.glob("kafka-*/data/meta.properties") if file.parent.parent != disk)
    cluster_id = next(row for row in named.read_text("utf-8").splitlines() if row.startswith("cluster.id="))
    site.operator.types(
        f"CLUSTER_ID={cluster_id.partition('=')[2]}\ncd {shlex.quote(str(disk))}\n{line['kafka-storage.sh']}"
    )
    cluster.start(_LOST)
    until(lambda: not site.operator.types(line["kafka-topics.sh"]).strip(), "no partition waits", patience_s=300)
    # What only this one and a third have now must be all there is.
    cluster.kill(_ANOTHER)
    assert site.content() == after
    cluster.start(_ANOTHER)
    until(cluster.is_whole, "three brokers", patience_s=300)
    site.push(4)
    site.reconciled()
    site.until_proven()


def _write_admin_properties(site: Site, cluster: Cluster) -> None:
    """Let the cluster's administrator in by the brokers' common door, and write what the guide's line logs in with."""
    administrator = file_of(cluster.access, ADMIN)
    user, password = user_of(client_settings(administrator))
    wanted = UserScramCredentialUpsertion(
        user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode()
    )
    client = clients.admin(BusConfig(cluster.bootstrap, "", client_file=str(administrator)))
    for done in client.alter_user_scram_credentials([wanted]).values():
        done.result(30)
    login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'
    text = f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={login}\n"
    (site.operator.checkout / "admin.properties").write_text(text, "utf-8")


def _lines(site: Site) -> dict[str, str]:
    """Return the guide's lines by the program that they call, each of which can be called now."""
    # The jars of the stack come without Kafka's own scripts.
    storage = [*kafka.java_command(HomeLayout.of(site.settings).cache, _HEAP), "kafka.tools.StorageTool"]
    scripts = {"kafka-storage.sh": storage, "kafka-topics.sh": [sys.executable, str(_DESCRIBING)]}
    for name, arguments in scripts.items():
        script, command = site.operator.programs / name, shlex.join(arguments)
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
        script.chmod(0o755)
    return {line.split()[0]: line for line in str(Passage.BROKER).splitlines()}
