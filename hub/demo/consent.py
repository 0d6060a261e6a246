"""The story of one consent: asked for, granted, told, withdrawn, and nothing told any more; then everybody proves it.
Between them another bank asks without seeing.

The portal is asked over HTTP as operators do, the enterprise withdraws on its own page, and the bank reads its topic as
its own user. All of it is fictitious, and says so.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from rich.console import Console

from catalogue.load import load_catalogue
from hub.demo.bank_questions import AskingBank
from hub.demo.bank_reader import BankMessage, BankReader
from hub.demo.enterprise_page import EnterprisePage
from hub.demo.portal_operator import PortalOperator
from hub.demo.steps import fill_city, is_proved, output_of, print_step, reconciled, start_command
from hub.demo.story_subject import POWER, TAX, StorySubject
from hub.recipients_folder import name_of
from hub.settings import Settings
from hub.view import view_of

BANK, ASKING_BANK = "yinhe", "qinghe"
ITEMS = (TAX, POWER)
QUESTIONS = ("tax_paid_12m >= 100000", "tax_paid_12m < 100000")
_WITHIN_S = 60.0
# What would be told against a consent, would be told within this time after everything was merged.
_SILENT_S = 3.0


class ConsentStory:
    """Tells it step by step; ``wrong``: what was not as it must be."""

    def __init__(self, settings: Settings, console: Console, subject: StorySubject) -> None:
        self._settings, self._console = settings, console
        self._subject, self._company = subject, subject.enterprise
        names = {item.id: item.zh for item in load_catalogue().items}
        self._bank_zh = name_of(settings, BANK)
        self._items_zh = "、".join(names[item] for item in ITEMS)
        self._operator = PortalOperator(settings)
        self._bank = BankReader(settings, BANK, self._company.uscc)
        self.wrong: list[str] = []

    def close(self) -> None:
        """Leave the portal and Kafka."""
        self._bank.close()
        self._operator.close()

    def tell(self) -> None:
        """Tell all of it; raises HubError where a step cannot be done at all."""
        self._before()
        number = self._asked()
        held = self._granted(number)
        held |= self._changed(number)
        self._verified()
        self._revoked(number, held)
        self._stopped(number)
        self._proved(number)

    def _before(self) -> None:
        self._bank.await_messages(_has_scope, _WITHIN_S)
        said = _last_scope(self._bank.messages)
        self._say(
            "以前 before",
            f"{self._bank_zh} 读到该企业 {len(self._bank.messages)} 条消息；{self._items_zh}：未授权，一条没有",
        )
        self._must(all(said.get(item, {}).get("code") == "NO_CONSENT" for item in ITEMS), "the bank is told NO_CONSENT")
        self._must(not self._of_items(), "the bank knows nothing of the items before the consent")

    def _asked(self) -> str:
        said = self._request(BANK, ITEMS, "STREAM")
        self._must(said["state"] == "REQUESTED", "the consent is asked for")
        self._say("申请 asked", f"{said['number']}：{self._items_zh}，持续推送（STREAM），至 {said['last_day']}")
        return str(said["number"])

    def _request(self, bank: str, items: Sequence[str], mode: str) -> Any:
        return self._operator.request(self._company.uscc, self._company.name, bank, items, mode)

    def _grant(self, number: str) -> float:
        """Let the legal representative sign; return when the portal answered, by the monotonic clock."""
        said = self._operator.grant(number, self._company.rep.name)
        answered_s = time.monotonic()
        self._must(said["state"] == "ACTIVE", "the consent is granted")
        return answered_s

    def _granted(self, number: str) -> set[str]:
        wanted = self._live_records()
        answered_s = self._grant(number)
        self._await(lambda told: len(_reports(told, number)) >= sum(wanted.values()), "the snapshot")
        told = _reports(self._bank.messages, number)
        found = {item: sum(one.item == item for one in told) for item in ITEMS}
        self._must(found == wanted, f"the snapshot is what counts: {wanted}, told {found}")
        scope = _last_scope(self._bank.messages)
        for item in ITEMS:
            self._must(scope[item]["status"] == "AVAILABLE" and scope[item]["consents"] == [number], f"{item} is open")
        took_s = max((one.arrived_s for one in told), default=answered_s) - answered_s
        self._say("授权 granted", f"法定代表人（虚构）签署；快照 {len(told)} 条，最后一条在答复后 {took_s:.1f} 秒到达")
        return {one.value["record_key"] for one in told}

    def _changed(self, number: str) -> set[str]:
        before = len(_reports(self._bank.messages, number))
        begun_s = time.monotonic()
        meter = self._push(1)
        self._await(lambda told: len(_reports(told, number)) > before, "the change")
        told = _reports(self._bank.messages, number)[before:]
        self._must([one.value["data"]["account_number"] for one in told] == [meter], "one new record is told")
        took_s = time.monotonic() - begun_s
        self._say("变化 changed", f"供电公司报送新户号 {meter} 一行：{len(told)} 条到达，自报送起 {took_s:.1f} 秒")
        return {one.value["record_key"] for one in told}

    def _verified(self) -> None:
        """Another bank asks by a consent to questions alone, and sees nothing."""
        with closing(AskingBank(self._settings, ASKING_BANK)) as bank:
            file = self._settings.home / f"{ASKING_BANK}.jwk"
            bank.write_public_key(file)
            output_of(start_command(self._settings, "bank", "rotate", ASKING_BANK, "--key", str(file)), "bank rotate")
            bank.enter()
            refused = bank.ask(self._company.uscc, QUESTIONS[0])
            self._must(refused.get("code") == "NO_CONSENT", f"nothing is answered without a consent: {refused}")
            number = str(self._request(ASKING_BANK, (TAX,), "QUERY")["number"])
            self._grant(number)
            found = [bank.ask(self._company.uscc, question) for question in QUESTIONS]
        answers = [one.get("answer") for one in found]
        self._must(sorted(map(str, answers)) == ["FALSE", "TRUE"], f"one of both answers is TRUE: {found}")
        self._must(all(one.get("consents") == [number] for one in found), "each answer names its consent")
        self._say("核验 verified", f"{name_of(self._settings, ASKING_BANK)} 凭 {number}（核验 QUERY）只问不看：")
        for question, answer in zip(QUESTIONS, answers, strict=True):
            self._say("", f"{question}  →  {answer}")

    def _revoked(self, number: str, held: set[str]) -> None:
        with closing(EnterprisePage(self._operator.link(self._company.uscc))) as page:
            self._must(number in page.consents(), "the enterprise sees its consent")
            answered_s = page.revoke(number)
        self._await(lambda told: len(_withdrawals(told)) >= len(held), "the withdrawal")
        told = _withdrawals(self._bank.messages)
        self._must({one.value["record_key"] for one in told} == held, "everything is withdrawn that was told")
        self._must({one.value["reason"] for one in told} == {"CONSENT_REVOKED"}, "with the reason CONSENT_REVOKED")
        self._must(all(one.value["data"] is None for one in told), "a withdrawal carries no content")
        days = sorted({str(one.value["delete_by"]) for one in told})
        self._must("None" not in days, "each withdrawal says by when to delete")
        took_s = max((one.arrived_s for one in told), default=answered_s) - answered_s
        self._say(
            "撤回 revoked",
            f"企业在自己的页面上撤回；{len(told)} 条 WITHDRAW（CONSENT_REVOKED，{'、'.join(days)} 前删除）",
        )
        self._say("", f"最后一条在页面答复后 {took_s:.1f} 秒到达")

    def _stopped(self, number: str) -> None:
        before = len(self._bank.messages)
        meter = self._push(2)
        proof = reconciled(self._settings)
        self._bank.read_for(_SILENT_S)
        scope, later = _last_scope(self._bank.messages), self._bank.messages[before:]
        self._must(all(scope[item]["code"] == "CONSENT_REVOKED" for item in ITEMS), "the bank is told why it is over")
        self._must(all(one.item not in ITEMS for one in later), "nothing is told any more")
        self._say(
            "停止 stopped", f"又报送新户号 {meter} 一行：已合并，该银行收到 0 条（以后的 {len(later)} 条是公开的）"
        )
        self._must(is_proved(proof), f"reconciliation: difference {proof['difference']}, pending {proof['pending']}")
        self._say("核对 reconcile", f"difference {proof['difference']}, pending {proof['pending']}")

    def _proved(self, number: str) -> None:
        chains = self._json("audit", "verify", "--json", allowed=(0, 1))
        self._must(chains["whole"], f"the chains are whole: {chains['first']}")
        self._say(
            "审计 audit verify",
            f"{chains['entries']:,} 次办理和查询，{chains['steps']:,} 步发布，{chains['released']:,} 条消息：完整",
        )
        seen = self._json("audit", "who-saw", self._company.uscc, "--each", "--json")
        recorded = {
            one["sequence"]
            for one in seen["released"]
            if one["recipient"] == BANK and one["item"] in ITEMS and one["handle"]
        }
        read = {one.value["sequence"] for one in self._of_items()}
        self._must(recorded == read, "who-saw lists what the bank read, and nothing else")
        acts = [one["act"] for one in seen["asked"] if number in one["consents"] and one["outcome"] == "OK"]
        self._say(
            "谁看过 who-saw",
            f"{self._bank_zh}：{len(recorded)} 条（依据 {number}）；办理 {'、'.join(dict.fromkeys(acts))}",
        )
        self._must({"CONSENT_GRANT", "CONSENT_REVOKE"} <= set(acts), "who-saw lists what was done about the consent")

    def _push(self, number: int) -> str:
        file, meter = self._subject.new_reading(self._settings.home / "new" / str(number), number)
        self._json("push", str(file), "--yes", "--json")
        return meter

    def _json(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Any:
        said = output_of(start_command(self._settings, *arguments), " ".join(arguments[:2]), allowed)
        return json.loads(said)

    def _live_records(self) -> dict[str, int]:
        categories = view_of(self._settings).state(self._company.uscc).categories
        return {one.item.id: one.records for group in categories for one in group.items if one.item.id in ITEMS}

    def _of_items(self) -> list[BankMessage]:
        return [one for one in self._bank.messages if one.item in ITEMS]

    def _await(self, what: Callable[[Sequence[BankMessage]], bool], name: str) -> None:
        self._must(self._bank.await_messages(what, _WITHIN_S), f"{name} comes within {_WITHIN_S:.0f} s")

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)
            self._console.print(f"  WRONG: not so: {what}", style="bold red", markup=False, highlight=False)

    def _say(self, step: str, text: str) -> None:
        print_step(self._console, f"{step}  {text}" if step else f"    {text}")


def run_consent_story(
    settings: Settings, console: Console, subject: StorySubject, *, enterprises: int, seed: int
) -> bool:
    """Fill a small city and tell the story; return whether all of it is as it must be."""
    _, proof = fill_city(settings, console, enterprises=enterprises, seed=seed)
    print_step(console, f"\n{subject.enterprise.name}（虚构）{subject.enterprise.uscc}")
    with closing(ConsentStory(settings, console, subject)) as story:
        story.tell()
    console.print(f"{len(story.wrong)} wrong", style="bold", highlight=False)
    return is_proved(proof) and not story.wrong


def _has_scope(told: Sequence[BankMessage]) -> bool:
    return any("items" in one.value for one in told)


def _last_scope(told: Sequence[BankMessage]) -> dict[str, Any]:
    scopes = [one.value["items"] for one in told if "items" in one.value]
    return {one["item"]: one for one in scopes[-1]} if scopes else {}


def _reports(told: Sequence[BankMessage], number: str) -> list[BankMessage]:
    return [one for one in told if one.item and one.value["op"] == "REPORT" and number in one.value["consents"]]


def _withdrawals(told: Sequence[BankMessage]) -> list[BankMessage]:
    return [one for one in told if one.item in ITEMS and one.value["op"] == "WITHDRAW"]
