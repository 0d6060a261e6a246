"""``credithub bank`` on the real broker: who comes, changes, goes and comes back; nobody loses anything by a fault."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bus import clients, topics, users
from bus.access import AccessDenied, client_settings
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue.errors import CatalogueError, HubError, UsageError
from hub.commands import bank
from hub.preparation import prepare_recipients
from hub.recipients_folder import banks_of, removed_of, take_away
from hub.settings import Settings, load_settings
from rules.release.recipient_messages import RecipientVersion
from sinks.banks.recipients import bank_ids
from sinks.banks.recording import published_recipients
from tests import kafka
from tests.services import Services, own_access
from tests.waiting import until

ONE, OTHER = "91630102MA0000000D", "91630102MA0000001G"
_XINGHAI = (
    "# 虚构机构，仅供示例。\nid: xinghai\nzh: 星海样例担保\nkind: guarantor\ncategories: [tax]\nportfolio: list\n"
)
PARTITIONS = 2


@pytest.fixture
def hub(stack: Services, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Return the settings of a hub with topics of its own, whose recipients are the samples."""
    named = {
        "HOME": str(tmp_path / "home"), "KAFKA_BOOTSTRAP": stack.bootstrap, "REGISTRY_URL": stack.registry_url,
        "KAFKA_ACCESS": str(own_access(stack.client_file, tmp_path / "access")), "POSTGRES_DSN": stack.postgres_dsn,
        "UPSTREAM_URL": "unused", "TOPIC_PREFIX": topic_prefix, "PARTITIONS": str(PARTITIONS),
    }  # fmt: skip
    for name, value in named.items():
        monkeypatch.setenv(f"CREDITHUB_{name}", value)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    prepare_recipients(settings)
    yield settings
    kafka.delete_topics(stack.bus(topic_prefix))


@pytest.fixture
def config(hub: Settings, stack: Services, topic_prefix: str) -> BusConfig:
    """Return the bus, as who may everything."""
    return stack.bus(topic_prefix, partitions=PARTITIONS)


@pytest.fixture
def as_bank(hub: Settings, config: BusConfig) -> Callable[[str], BusConfig]:
    """Return the function that gives the bus as a bank sees it."""
    folder = hub.client_files
    assert folder is not None

    def seen(name: str) -> BusConfig:
        user = users.bank_user(name)
        return replace(config, principal=user, client_file=str(users.file_of(folder, user)))

    return seen


def _says(*arguments: str) -> str:
    """Run `credithub bank …` and return what it prints; raises what it raised."""
    app = typer.Typer()
    app.callback()(lambda: None)
    bank.register(app)
    done = CliRunner().invoke(app, ["bank", *arguments])
    if isinstance(done.exception, HubError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def _newest(config: BusConfig) -> dict[str, RecipientVersion]:
    with closing(Registry(config)) as registry:
        found = [published_recipients(config, registry, partition) for partition in range(PARTITIONS)]
    assert all(one == found[0] for one in found)
    return found[0]


def _xinghai(folder: Path, text: str = _XINGHAI) -> str:
    file = folder / "new.yaml"
    file.write_text(text, "utf-8")
    return str(file)


def test_a_bank_comes_changes_goes_and_comes_back(
    hub: Settings, config: BusConfig, as_bank: Callable[[str], BusConfig], tmp_path: Path
) -> None:
    assert _newest(config).keys() == set(bank_ids())
    assert "xinghai 已发布为第 1 版" in _says("apply", _xinghai(tmp_path))
    first = _newest(config)["xinghai"]
    assert banks_of(hub) == tuple(sorted((*bank_ids(), "xinghai")))
    assert "无变化" in _says("apply", _xinghai(tmp_path))
    assert _newest(config)["xinghai"] == first
    # It has a topic, which it reads and nobody else's.
    name = topics.bank_topic("xinghai")
    kafka.send(config, name, [("key", b"told")])
    own = as_bank("xinghai")
    assert [message.value() for message in scan(own, name)] == [b"told"]
    with pytest.raises(AccessDenied):
        next(scan(own, topics.bank_topic("yinhe")))
    assert json.loads(_says("apply", _xinghai(tmp_path, _XINGHAI.replace("[tax]", "[tax, market]")), "--json")) == [
        {"id": "xinghai", "published_version": 2}
    ]
    shown = json.loads(_says("show", "xinghai", "--json"))
    assert (shown["version"], shown["definition"]["categories"]) == (2, ["market", "tax"])
    before = client_settings(Path(own.client_file))
    with closing(clients.consumer(own, own.own("x"))) as living:
        living.list_topics(config.topic(name), timeout=30)
        assert "已移除（第 3 版）" in _says("remove", "xinghai")

        def is_refused() -> bool:
            (seen,) = living.list_topics(config.topic(name), timeout=30).topics.values()
            return seen.error is not None

        until(is_refused, "a connection that stands reads no more")
    assert not Path(own.client_file).exists()
    assert (_newest(config)["xinghai"].is_removed, "xinghai" in banks_of(hub)) == (True, False)
    # What it was told is withdrawn there.
    assert config.topic(name) in clients.admin(config).list_topics(timeout=30).topics
    with pytest.raises(UsageError, match="xinghai was removed"):
        _says("rotate", "xinghai")
    (tmp_path / "back.yaml").write_text(_says("show", "xinghai"), "utf-8")
    assert "已发布为第 4 版" in _says("apply", str(tmp_path / "back.yaml"))
    assert _newest(config)["xinghai"].handle_key == first.handle_key
    assert client_settings(Path(own.client_file))["sasl.password"] != before["sasl.password"]
    assert [message.value() for message in scan(own, name)] == [b"told"]
    assert {one["id"]: one["version"] for one in json.loads(_says("list", "--json"))} == {
        **dict.fromkeys(bank_ids(), 1), "xinghai": 4,
    }  # fmt: skip


def test_a_list_and_a_request_to_be_told_again(config: BusConfig, tmp_path: Path) -> None:
    _says("apply", _xinghai(tmp_path))
    assert "已加入名单 2 户，0 户原已如此" in _says("portfolio", "xinghai", "add", ONE, OTHER)
    assert "已移出名单 1 户" in _says("portfolio", "xinghai", "remove", OTHER)
    listed = tmp_path / "list.txt"
    listed.write_text(f"# 名单\n{ONE}\n{OTHER} # 虚构\n\n", "utf-8")
    assert json.loads(_says("portfolio", "xinghai", "add", "--file", str(listed), "--json")) == {
        "changed": [OTHER], "given": 2,
    }  # fmt: skip
    listed.write_text(f"{ONE}\n{ONE[:-1]}X\n", "utf-8")
    with pytest.raises(UsageError, match=r"list\.txt, line 2: 统一社会信用代码的校验码不对") as refused:
        _says("portfolio", "xinghai", "remove", "--file", str(listed))
    # What somebody wrote there may be a person's number.
    assert f"{ONE[:-1]}X" not in str(refused.value)
    assert _says("portfolio", "xinghai", "list").split() == [ONE, OTHER]
    with pytest.raises(UsageError, match="has no list"):
        _says("portfolio", "yinhe", "add", ONE)
    assert "第 1 号请求" in _says("resend", "yinhe", ONE)
    assert "第 2 号请求" in _says("resend", "xinghai", ONE)
    said = [value for value in kafka.values(config, topics.RECIPIENT) if value.get("is_resend")]
    assert {(one["recipient"], one["subject"], one["is_in"]) for one in said} == {
        ("yinhe", ONE, False), ("xinghai", ONE, True),
    }  # fmt: skip


def test_of_two_files_one_of_which_is_wrong_none_is_applied(hub: Settings, config: BusConfig, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(_XINGHAI.replace("xinghai", "other").replace("[tax]", "[taxes]"), "utf-8")
    with pytest.raises(CatalogueError, match=r"wrong\.yaml, line 2: categories: there is no 'taxes'"):
        _says("apply", _xinghai(tmp_path), str(wrong))
    with pytest.raises(UsageError, match="Two files say who xinghai is"):
        _says("apply", _xinghai(tmp_path), _xinghai(tmp_path))
    assert banks_of(hub) == bank_ids()
    assert _newest(config).keys() == set(bank_ids())
    with pytest.raises(UsageError, match="There is no recipient 'xinghai'"):
        _says("remove", "xinghai")


def test_a_folder_that_is_lost_takes_nothing_from_anybody(hub: Settings, config: BusConfig, tmp_path: Path) -> None:
    _says("apply", _xinghai(tmp_path))
    _says("remove", "qinghe")
    before = _newest(config)
    (hub.home / "recipients").rename(hub.home / "lost")
    assert prepare_recipients(hub) == []
    assert _newest(config) == before
    # Nor does anybody come back who was removed, as a sample would.
    assert (banks_of(hub), removed_of(hub)) == (("xinghai", "yinhe"), ("qinghe",))
    assert json.loads(_says("show", "qinghe", "--json"))["is_removed"]


def test_who_is_killed_while_he_removes_is_removed_by_the_next_preparation(hub: Settings, config: BusConfig) -> None:
    take_away(hub, _newest(config)["yinhe"].definition)
    (gone,) = prepare_recipients(hub)
    assert (gone.recipient, gone.version, gone.is_removed) == ("yinhe", 2, True)
    assert prepare_recipients(hub) == []


@pytest.mark.attack(by="a bank that was removed", wants="what its former password still opens")
def test_a_former_password_lets_nobody_in(as_bank: Callable[[str], BusConfig], tmp_path: Path) -> None:
    own = as_bank("yinhe")
    kept = tmp_path / "kept.json"
    kept.write_bytes(Path(own.client_file).read_bytes())
    kept.chmod(0o600)
    entering = replace(own, client_file=str(kept))
    assert clients.lets_in(entering)
    _says("remove", "yinhe")
    until(lambda: not clients.lets_in(entering), "the broker lets it in no more")
