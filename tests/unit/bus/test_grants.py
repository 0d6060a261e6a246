"""The commands for a Kafka that others run; what the embedded broker is told is in the integration tests."""

import json
import shlex
from pathlib import Path

from bus.access import client_settings, login
from bus.config import BusConfig
from bus.grants import commands, has_admin, write_client_file
from bus.principals import principals
from bus.users import ADMIN, file_of
from catalogue.load import load_catalogue


def test_the_commands_give_each_right_once() -> None:
    config = BusConfig("kafka.example:9092", "", topic_prefix="x.")
    (bank,) = [one for one in principals(load_catalogue(), ("yinhe",)) if not one.is_of_the_hub]
    head = [
        "kafka-acls.sh",
        "--bootstrap-server",
        "kafka.example:9092",
        "--command-config",
        "admin.properties",
        "--add",
    ]
    who = ["--allow-principal", "User:x.bank.yinhe", "--operation", "Read"]
    assert [shlex.split(line) for line in commands(config, [bank])] == [
        [*head, *who, "--topic", "x.bank.yinhe.v1", "--resource-pattern-type", "literal"],
        [*head, *who, "--group", "x.bank.yinhe.", "--resource-pattern-type", "prefixed"],
    ]


def test_a_client_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    file = file_of(tmp_path, ADMIN)
    assert not has_admin(tmp_path)
    for password in ("one", "two"):
        write_client_file(file, login("node", password, "PLAIN"))
        assert client_settings(file)["sasl.password"] == password
    assert has_admin(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text("utf-8"))["sasl.mechanism"] == "PLAIN"
