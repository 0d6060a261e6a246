"""``credithub bank`` on the real broker: who comes, changes, goes and comes back; nobody loses anything by a fault."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bus import clients, topics, users
from bus.access import AccessDenied, client_settings
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue.errors import CatalogueError, UsageError
from hub.preparation import prepare_recipients
from hub.recipients_folder import banks_of, removed_of, take_away
from hub.settings import Settings
from rules.release.recipient_messages import RecipientVersion
from sinks.banks.recipients import bank_ids
from sinks.banks.recording import published_recipients
from tests import kafka
from tests.builders.client_keys import ClientKey
from tests.integration.hub.commands.conftest import PARTITIONS, XINGHAI, recipient_file
from tests.waiting import until

ONE, OTHER = "91630102MA0000000D", "91630102MA0000001G"


@pytest.fixture
def as_bank(hub: Settings, config: BusConfig) -> Callable[[str], BusConfig]:
    """Return the function that gives the bus as a bank sees it."""
    folder = hub.client_files
    assert folder is not None

    def seen(name: str) -> BusConfig:
        user = users.bank_user(name)
        return replace(config, principal=user, client_file=str(users.file_of(folder, user)))

    return seen


def _newest(config: BusConfig) -> dict[str, RecipientVersion]:
    with closing(Registry(config)) as registry:
        found = [published_recipients(config, registry, partition) for partition in range(PARTITIONS)]
    assert all(one == found[0] for one in found)
    return found[0]


def test_a_bank_comes_changes_goes_and_comes_back(
    says: Callable[..., str], hub: Settings, config: BusConfig, as_bank: Callable[[str], BusConfig], tmp_path: Path
) -> None:
    assert _newest(config).keys() == set(bank_ids())
    assert "xinghai 已发布为第 1 版" in says("apply", recipient_file(tmp_path))
    first = _newest(config)["xinghai"]
    assert banks_of(hub) == tuple(sorted((*bank_ids(), "xinghai")))
    assert "无变化" in says("apply", recipient_file(tmp_path))
    assert _newest(config)["xinghai"] == first
    # It has a topic, which it reads and nobody else's.
    name = topics.bank_topic("xinghai")
    kafka.send(config, name, [("key", b"told")])
    own = as_bank("xinghai")
    assert [message.value() for message in scan(own, name)] == [b"told"]
    with pytest.raises(AccessDenied):
        next(scan(own, topics.bank_topic("yinhe")))
    assert json.loads(says("apply", recipient_file(tmp_path, XINGHAI.replace("[tax]", "[tax, market]")), "--json")) == [
        {"id": "xinghai", "published_version": 2}
    ]
    shown = json.loads(says("show", "xinghai", "--json"))
    assert (shown["version"], shown["definition"]["categories"]) == (2, ["market", "tax"])
    before = client_settings(Path(own.client_file))
    with closing(clients.consumer(own, own.own("x"))) as living:
        living.list_topics(config.topic(name), timeout=30)
        assert "已移除（第 3 版）" in says("remove", "xinghai")

        def is_refused() -> bool:
            (seen,) = living.list_topics(config.topic(name), timeout=30).topics.values()
            return seen.error is not None

        until(is_refused, "a connection that stands reads no more")
    assert not Path(own.client_file).exists()
    assert (_newest(config)["xinghai"].is_removed, "xinghai" in banks_of(hub)) == (True, False)
    # What it was told is withdrawn there.
    assert config.topic(name) in clients.admin(config).list_topics(timeout=30).topics
    with pytest.raises(UsageError, match="xinghai was removed"):
        says("rotate", "xinghai")
    (tmp_path / "back.yaml").write_text(says("show", "xinghai"), "utf-8")
    assert "已发布为第 4 版" in says("apply", str(tmp_path / "back.yaml"))
    assert _newest(config)["xinghai"].handle_key == first.handle_key
    assert client_settings(Path(own.client_file))["sasl.password"] != before["sasl.password"]
    assert [message.value() for message in scan(own, name)] == [b"told"]
    assert {one["id"]: one["version"] for one in json.loads(says("list", "--json"))} == {
        **dict.fromkeys(bank_ids(), 1), "xinghai": 4,
    }  # fmt: skip


def test_a_list_and_a_request_to_be_told_again(says: Callable[..., str], config: BusConfig, tmp_path: Path) -> None:
    says("apply", recipient_file(tmp_path))
    assert "已加入名单 2 户，0 户原已如此" in says("portfolio", "xinghai", "add", ONE, OTHER)
    assert "已移出名单 1 户" in says("portfolio", "xinghai", "remove", OTHER)
    listed = tmp_path / "list.txt"
    listed.write_text(f"# 名单\n{ONE}\n{OTHER} # 虚构\n\n", "utf-8")
    assert json.loads(says("portfolio", "xinghai", "add", "--file", str(listed), "--json")) == {
        "changed": [OTHER], "given": 2,
    }  # fmt: skip
    listed.replace(tmp_path / "both.txt")
    listed.write_text(f"{ONE}\n{ONE[:-1]}X\n", "utf-8")
    with pytest.raises(UsageError, match=r"list\.txt, line 2: 统一社会信用代码的校验码不对") as refused:
        says("portfolio", "xinghai", "remove", "--file", str(listed))
    # What somebody wrote there may be a person's number.
    assert f"{ONE[:-1]}X" not in str(refused.value)
    assert says("portfolio", "xinghai", "list").split() == [ONE, OTHER]
    with pytest.raises(UsageError, match="has no list"):
        says("portfolio", "yinhe", "add", ONE)
    assert "第 1 号请求" in says("resend", "yinhe", ONE)
    assert "第 2 号请求" in says("resend", "xinghai", ONE)
    # Nobody was told anything, and nothing is missing.
    assert "0 户企业" in says("resend", "yinhe", "--all")
    assert json.loads(says("resend", "xinghai", "--file", str(tmp_path / "both.txt"), "--json")) == {"asked": 2}
    with pytest.raises(UsageError, match="of whom"):
        says("resend", "yinhe", ONE, "--all")
    assert "无需声明" in says("lost", "yinhe", "--reason", "样例：误删")
    with pytest.raises(UsageError, match="reason"):
        says("lost", "yinhe", "--reason", "两行\n样例")
    with pytest.raises(UsageError, match="no recipient 'nobody'"):
        says("lost", "nobody", "--reason", "样例")
    said = [value for value in kafka.values(config, topics.RECIPIENT) if value.get("is_resend")]
    assert {(one["recipient"], one["subject"], one["is_in"]) for one in said} == {
        ("yinhe", ONE, False), ("xinghai", ONE, True), ("xinghai", OTHER, True),
    }  # fmt: skip


def test_of_two_files_one_of_which_is_wrong_none_is_applied(
    says: Callable[..., str], hub: Settings, config: BusConfig, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(XINGHAI.replace("xinghai", "other").replace("[tax]", "[taxes]"), "utf-8")
    with pytest.raises(CatalogueError, match=r"wrong\.yaml, line 2: categories: there is no 'taxes'"):
        says("apply", recipient_file(tmp_path), str(wrong))
    with pytest.raises(UsageError, match="Two files say who xinghai is"):
        says("apply", recipient_file(tmp_path), recipient_file(tmp_path))
    assert banks_of(hub) == bank_ids()
    assert _newest(config).keys() == set(bank_ids())
    with pytest.raises(UsageError, match="There is no recipient 'xinghai'"):
        says("remove", "xinghai")


def test_a_folder_that_is_lost_takes_nothing_from_anybody(
    says: Callable[..., str], hub: Settings, config: BusConfig, tmp_path: Path
) -> None:
    says("apply", recipient_file(tmp_path))
    says("remove", "qinghe")
    before = _newest(config)
    (hub.home / "recipients").rename(hub.home / "lost")
    assert prepare_recipients(hub) == []
    assert _newest(config) == before
    # Nor does anybody come back who was removed, as a sample would.
    assert (banks_of(hub), removed_of(hub)) == (("xinghai", "yinhe"), ("qinghe",))
    assert json.loads(says("show", "qinghe", "--json"))["is_removed"]


def test_who_is_killed_while_he_removes_is_removed_by_the_next_preparation(hub: Settings, config: BusConfig) -> None:
    take_away(hub, _newest(config)["yinhe"].definition)
    (gone,) = prepare_recipients(hub)
    assert (gone.recipient, gone.version, gone.is_removed) == ("yinhe", 2, True)
    assert prepare_recipients(hub) == []


@pytest.mark.attack(by="a bank that was removed", wants="what its former password still opens")
def test_a_former_password_lets_nobody_in(
    says: Callable[..., str], as_bank: Callable[[str], BusConfig], tmp_path: Path
) -> None:
    own = as_bank("yinhe")
    kept = tmp_path / "kept.json"
    kept.write_bytes(Path(own.client_file).read_bytes())
    kept.chmod(0o600)
    entering = replace(own, client_file=str(kept))
    assert clients.lets_in(entering)
    says("remove", "yinhe")
    until(lambda: not clients.lets_in(entering), "the broker lets it in no more")


_CARD = {
    "id": "sme2026", "zh": "样例评分卡", "base": 500,
    "variables": [
        {"indicator": "tax_paid_12m", "bins": [{"below": 100000, "points": -20}, {"points": 10.5}], "missing": 0}
    ],
}  # fmt: skip


def test_public_keys_are_exchanged_and_the_password_stays(
    says: Callable[..., str], hub: Settings, config: BusConfig, tmp_path: Path
) -> None:
    says("apply", recipient_file(tmp_path))
    folder = hub.client_files
    assert folder is not None
    before = users.file_of(folder, users.bank_user("xinghai")).read_text("utf-8")
    pairs = [ClientKey.ed25519(), ClientKey.p256()]
    files = []
    for number, pair in enumerate(pairs):
        files.append(tmp_path / f"{number}.jwk")
        files[-1].write_text(json.dumps(pair.public.jwk()), "utf-8")
    said = says("rotate", "xinghai", "--key", str(files[0]), "--key", str(files[1]))
    assert "已发布为第 2 版" in said
    assert all(pair.public.kid in said for pair in pairs)
    assert _newest(config)["xinghai"].definition.keys == tuple(pair.public for pair in pairs)
    assert pairs[0].public.x in says("show", "xinghai")
    assert "第 3 版" in says("rotate", "xinghai", "--key", str(files[1]))
    assert users.file_of(folder, users.bank_user("xinghai")).read_text("utf-8") == before
    files[0].write_text(json.dumps(pairs[0].public.jwk() | {"d": "AAAA"}), "utf-8")
    with pytest.raises(CatalogueError, match="private part"):
        says("rotate", "xinghai", "--key", str(files[0]))
    assert _newest(config)["xinghai"].version == 3


def test_scorecards_are_registered_listed_and_removed(
    says: Callable[..., str], hub: Settings, config: BusConfig, tmp_path: Path
) -> None:
    file = tmp_path / "sme.json"
    file.write_text(json.dumps(_CARD), "utf-8")
    assert "已登记为第 1 版" in says("scorecard", "apply", "yinhe", str(file))
    assert "无变化" in says("scorecard", "apply", "yinhe", str(file))
    file.write_text(json.dumps(_CARD | {"base": 600}), "utf-8")
    assert json.loads(says("scorecard", "apply", "yinhe", str(file), "--json")) == [
        {"card": "sme2026", "published_version": 2}
    ]
    (listed,) = json.loads(says("scorecard", "list", "yinhe", "--json"))
    assert (listed["version"], listed["definition"]["base"]) == (2, "600")
    assert says("scorecard", "list", "qinghe") == ""
    for wrong, said in (({"base": "x"}, "不是数"), ({"variables": []}, "应有1至")):
        file.write_text(json.dumps(_CARD | wrong), "utf-8")
        with pytest.raises(UsageError, match=said):
            says("scorecard", "apply", "yinhe", str(file))
    finer = json.loads(json.dumps(_CARD))
    finer["variables"][0]["bins"][0]["below"] = 100001
    file.write_text(json.dumps(finer), "utf-8")
    with pytest.raises(UsageError, match="不能与"):
        says("scorecard", "apply", "yinhe", str(file))
    assert "已停用（第 3 版）" in says("scorecard", "remove", "yinhe", "sme2026")
    assert says("scorecard", "list", "yinhe") == ""
    with pytest.raises(UsageError, match="no scorecard"):
        says("scorecard", "remove", "yinhe", "sme2026")
    with pytest.raises(UsageError, match="no recipient"):
        says("scorecard", "list", "nobody")
