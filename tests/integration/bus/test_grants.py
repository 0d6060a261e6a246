"""Kafka's users may what the table says and nothing else; who is refused hears it at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import confluent_kafka
import confluent_kafka.admin
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from bus import clients, topics, users
from bus.access import AccessDenied, client_settings
from bus.config import BusConfig
from bus.grants import grant, write_client_file
from bus.principals import RELEASE_GROUP, principals
from bus.reading.offsets import watermarks
from bus.reading.scan import scan
from bus.reading.topic_reader import TopicReader
from bus.users import ADMIN, file_of
from catalogue.load import load_catalogue
from processing.output import Output
from processing.transaction import PartitionProducer
from tests.kafka import own_topics, send
from tests.services import Services, own_access
from tests.waiting import until

CATALOGUE = load_catalogue()
BANKS = ("qinghe", "yinhe")
YINHE = users.bank_user("yinhe")
PENALTIES = "catalogue.administration.v1"
# Refusals of the broker take some milliseconds; what is waited for is a busy machine.
_AT_ONCE_S = 10.0


@pytest.fixture(scope="module")
def admin(stack: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusConfig]:
    """Return the bus as its administrator, with topics, users and a message in every topic."""
    folder = own_access(stack.client_file, tmp_path_factory.mktemp("grants") / "access")
    config = replace(stack.bus("grants.", partitions=1), client_file=str(file_of(folder, ADMIN)))
    names = [topics.bank_topic(bank) for bank in BANKS] + [topics.CHANGE, topics.SUBMISSION, PENALTIES]
    with own_topics(config, names, BANKS):
        grant(config, folder, principals(CATALOGUE, BANKS))
        for name in names:
            send(config, name, [("key", b"value")])
        yield config


@pytest.fixture
def as_user(admin: BusConfig) -> Callable[[str], BusConfig]:
    """Return the function that gives the bus as a user sees it."""
    folder = Path(admin.client_file).parent
    return lambda user: replace(admin, principal=user, client_file=str(file_of(folder, user)))


def write(config: BusConfig, topic: str) -> str:
    """Write a message and return the name of the error; "" when the broker took it."""
    told: list[str] = []
    # Idempotent, who may write nowhere would be refused before it comes to the topic.
    producer = clients.producer(config, **{"linger.ms": 0, "enable.idempotence": False})
    producer.produce(config.topic(topic), b"forged", on_delivery=lambda e, _: told.append(e.name() if e else ""))
    producer.flush(_AT_ONCE_S)
    return told[0]


def test_a_bank_reads_its_own_topic(as_user: Callable[[str], BusConfig]) -> None:
    config = as_user(YINHE)
    assert [message.value() for message in scan(config, topics.bank_topic("yinhe"))] == [b"value"]


@pytest.mark.attack(by="a user of Kafka", wants="the messages of a topic that is not his")
@pytest.mark.parametrize(
    ("user", "topic"),
    [
        (YINHE, topics.bank_topic("qinghe")),
        (YINHE, topics.CHANGE),
        (YINHE, PENALTIES),
        (users.RELEASE, topics.SUBMISSION),
        (users.SINK_UPSTREAM, PENALTIES),
        (users.CLOCK, topics.CHANGE),
        # So it is of one that does not exist: nobody learns which topics there are.
        (YINHE, "nothing.v1"),
    ],
)
def test_a_foreign_topic_is_refused_at_once(as_user: Callable[[str], BusConfig], user: str, topic: str) -> None:
    config, began = as_user(user), time.monotonic()
    with pytest.raises(AccessDenied, match="authorization failed"):
        next(scan(config, topic))
    with pytest.raises(AccessDenied, match="authorization failed"):
        watermarks(config, [(topic, 0)], admin=clients.admin(config))
    with pytest.raises(AccessDenied, match="authorization failed"):
        TopicReader(config).partitions([topic])
    assert time.monotonic() - began < _AT_ONCE_S


@pytest.mark.attack(by="a user of Kafka", wants="an event that nobody reported, in a topic that others read")
@pytest.mark.parametrize(
    ("user", "topic"),
    [
        (YINHE, topics.bank_topic("yinhe")),
        (users.QUERIES, topics.CHANGE),
        (users.PROOF, topics.CHANGE),
        (users.PUSH, topics.CHANGE),
        (users.WORKER, PENALTIES),
        (users.SINK_POSTGRES, topics.CHANGE),
        (users.RELEASE, topics.CHANGE),
        (users.SINK_UPSTREAM, topics.bank_topic("yinhe")),
        (users.SINK_WEBHOOKS, topics.CHANGE),
    ],
)
def test_no_event_is_forged(as_user: Callable[[str], BusConfig], user: str, topic: str) -> None:
    assert write(as_user(user), topic) == "TOPIC_AUTHORIZATION_FAILED"


def test_who_may_write_does(as_user: Callable[[str], BusConfig]) -> None:
    assert write(as_user(users.PUSH), PENALTIES) == ""
    for bank in BANKS:
        assert write(as_user(users.RELEASE), topics.bank_topic(bank)) == ""


@pytest.mark.attack(by="another process", wants="to fence the release by its transactional id")
def test_nobody_else_fences_the_release(as_user: Callable[[str], BusConfig]) -> None:
    own = PartitionProducer(as_user(users.RELEASE), RELEASE_GROUP, 0)
    with pytest.raises(AccessDenied, match="authorization failed"):
        PartitionProducer(as_user(users.SINK_UPSTREAM), RELEASE_GROUP, 0)
    own.begin()
    told = Output()
    told.headed[topics.bank_topic("yinhe")].append((b"k", b"v", [("op", b"REPORT")]))
    own.send(told, [])
    own.commit()
    own.close()


@pytest.mark.attack(by="who guesses a bank's password", wants="to come in as the bank")
def test_a_wrong_password_is_told_at_once(as_user: Callable[[str], BusConfig], tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    write_client_file(file, {**client_settings(Path(as_user(YINHE).client_file)), "sasl.password": "guessed"})
    config, began = replace(as_user(YINHE), client_file=str(file)), time.monotonic()
    for make in (clients.producer, lambda c: clients.consumer(c, c.own("x")), clients.aiokafka_settings):
        with pytest.raises(AccessDenied, match="does not let this user in"):
            make(config)
    assert time.monotonic() - began < _AT_ONCE_S


@pytest.mark.attack(by="who reaches Kafka's port without a password", wants="the list of topics")
def test_nobody_comes_in_without_a_user(admin: BusConfig) -> None:
    settings = {"bootstrap.servers": admin.bootstrap, "log_level": 0}
    for more in ({}, {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "admin",
                      "sasl.password": "admin"}):  # fmt: skip
        stranger = confluent_kafka.admin.AdminClient({**settings, **more})
        with pytest.raises(confluent_kafka.KafkaException):
            stranger.list_topics(timeout=3)


@pytest.mark.attack(by="a bank", wants="to delete topics, or to give itself and others rights and passwords")
def test_a_bank_administrates_nothing(admin: BusConfig, as_user: Callable[[str], BusConfig]) -> None:
    client = clients.admin(as_user(YINHE))
    own, foreign = (admin.topic(topics.bank_topic(bank)) for bank in reversed(BANKS))
    right = AclBinding(
        ResourceType.TOPIC, foreign, ResourcePatternType.LITERAL, f"User:{admin.topic(YINHE)}", "*", AclOperation.READ,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    password = UserScramCredentialUpsertion(
        admin.topic(users.PREPARE), ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"known"
    )
    answers = {
        **client.delete_topics([own, foreign]),
        **client.create_acls([right]),
        **client.alter_user_scram_credentials([password]),
        **client.create_topics([NewTopic(f"{own}.more", 1, 1)]),
    }
    assert len(answers) == 5
    for answer in answers.values():
        with pytest.raises(confluent_kafka.KafkaException, match=r"(?i)authorization"):
            answer.result(30)
    assert {own, foreign} <= clients.admin(admin).list_topics(timeout=30).topics.keys()


def test_a_table_that_says_less_takes_rights_away(admin: BusConfig, as_user: Callable[[str], BusConfig]) -> None:
    folder, (one,) = Path(admin.client_file).parent, [p for p in principals(CATALOGUE, BANKS) if p.name == users.CLOCK]
    topic = topics.SUBMISSION
    grant(admin, folder, [replace(one, reads=(*one.reads, topic))])
    assert len(list(scan(as_user(users.CLOCK), topic))) == 1
    grant(admin, folder, [one])

    def is_refused() -> bool:
        try:
            return not list(scan(as_user(users.CLOCK), topic))
        except AccessDenied:
            return True

    until(is_refused, "the clock reads the submissions no more")


def test_a_rotated_password_is_taken_up_by_who_lives(admin: BusConfig, as_user: Callable[[str], BusConfig]) -> None:
    folder = Path(admin.client_file).parent
    config = as_user(users.PUSH)
    before = client_settings(Path(config.client_file))
    # It has not connected yet when its password is changed.
    with closing(clients.consumer(config, config.own("x"))) as living:
        grant(admin, folder, [p for p in principals(CATALOGUE, BANKS) if p.name == users.PUSH], anew=[users.PUSH])
        after = client_settings(Path(config.client_file))
        assert before["sasl.username"] == after["sasl.username"]
        assert before["sasl.password"] != after["sasl.password"]
        old = folder / "old.json"
        write_client_file(old, dict(before))
        assert not clients.lets_in(replace(config, client_file=str(old)))
        assert clients.lets_in(config)
        living.assign([confluent_kafka.TopicPartition(config.topic(PENALTIES), 0, 0)])
        until(lambda: living.poll(1.0) is not None, "it reads")


def test_what_was_granted_holds_at_once(stack: Services, tmp_path: Path) -> None:
    """The controller answers a new ACL before whoever decides by it has read it: `bank apply` was refused so."""
    folder = own_access(stack.client_file, tmp_path / "access")
    config = replace(stack.bus("at-once.", partitions=1), client_file=str(file_of(folder, ADMIN)))
    asking = clients.admin(config)
    for turn in range(10):
        bank = f"bank-{turn}"
        grant(config, folder, principals(CATALOGUE, [bank]))
        name = config.topic(topics.bank_topic(bank))
        entered = clients.admin(replace(config, client_file=str(file_of(folder, users.PREPARE))))
        entered.create_topics([NewTopic(name, 1, 1)], validate_only=True)[name].result()
        assert {acl.name for acl in asking.describe_acls(_topic_acls(name)).result()} == {name}


def _topic_acls(name: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.TOPIC, name, ResourcePatternType.LITERAL, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
