"""What an operator types in the run, and a department; whatever a terminal shows is searched."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalogue.load import load_catalogue
from tests.canaries.city import Files
from tests.canaries.places import Kind
from tests.canaries.rights import Kept, Nothing, Returned
from tests.canaries.talk import Terminal

_KEPT = Kept()
# While one proof is made a consent's end may be written down, which is on its way then.
_PROOFS, _WITHIN_S = 5, 300
# Some of each kind are given back; each takes a process of its own.
_MOST_RETURNED = 8
# One of the fields whose values come from canaries, and an indicator that is computed of them.
_EXPLAINED = ("tax.payment.tax_amount", "tax_paid_12m", "rating")


class Desk:
    """One terminal."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal, self._folder = terminal, folder
        self.receipts: list[dict[str, Any]] = []

    def push(self, files: Files) -> None:
        """Push what departments wrote, as they do; fails where another row is taken than those that are sound."""
        said = self.terminal.type(Kind.RECEIPTS, "push-dir", str(files.folder), "--json", allowed=(0, 1))
        receipts = [json.loads(line) for line in said.splitlines()]
        assert sum(one["accepted"] for one in receipts) == files.sound
        assert sum(one["rows"] for one in receipts) == files.rows
        self.receipts += receipts

    def settle(self) -> None:
        """Wait until nothing is on its way; fails where something is lost or doubled."""
        for _ in range(_PROOFS):
            said = self.terminal.type(Kind.COMMANDS, "reconcile", "--wait", str(_WITHIN_S), "--json", allowed=(0, 1))
            proof = json.loads(said)
            assert proof["difference"] == 0, said
            if proof["pending"] == 0:
                return
        raise AssertionError(f"something is always on its way: {said}")

    def list_enterprises(self, recipient: str, codes: Sequence[str]) -> None:
        """Put enterprises on a recipient's list."""
        self.terminal.type(Kind.COMMANDS, "bank", "portfolio", recipient, "add", *codes)

    def register_card(self, recipient: str, card: Path) -> None:
        """Register a scorecard."""
        self.terminal.type(Kind.COMMANDS, "bank", "scorecard", "apply", recipient, str(card))

    def resume(self, recipient: str) -> None:
        """Have a webhook tried at once."""
        self.terminal.type(Kind.COMMANDS, "bank", "webhook", "resume", recipient)

    def look(self, subjects: Sequence[str], consents: Sequence[str]) -> None:
        """Look at all that the commands show: of data what officials work with, of everything else nothing."""
        shown = self.terminal.type
        for subject in subjects[:2]:
            for more in ((), ("--json",)):
                shown(Kind.COMMANDS, "state", subject, *more, rule=_KEPT, place="state")
                shown(Kind.COMMANDS, "rating", "show", subject, *more, place="rating show")
                shown(Kind.COMMANDS, "audit", "who-saw", subject, "--each", *more)
            for field in _EXPLAINED:
                shown(Kind.COMMANDS, "explain", subject, field, rule=_KEPT, place="explain")
            shown(Kind.COMMANDS, "consent", "list", "--subject", subject)
        for number in consents:
            shown(Kind.COMMANDS, "consent", "show", number)
        for words in (
            ("status",), ("status", "--json"), ("consent", "list"), ("consent", "deletions"), ("outcomes",),
            ("consent", "verify", "--topic"), ("audit", "verify"),
            ("bank", "list"), ("bank", "show", "yinhe"), ("bank", "portfolio", "huangshui", "list"),
            ("bank", "webhook", "show", "yinhe"), ("rejected", "list"), ("waiting", "list"), ("lists", "show"),
            ("rating", "coverage"), ("verify-state", "--all"), ("keys", "list"), ("access", "show"),
            ("logs", "portal", "-n", "1000"),
        ):  # fmt: skip
            shown(Kind.COMMANDS, *words, allowed=range(4))
        exported = self._folder / "audit.jsonl"
        shown(Kind.COMMANDS, "audit", "export", str(exported))
        self.terminal.look(Kind.COMMANDS, "an exported log", Nothing(), exported.read_bytes())
        self._give_back()

    def _give_back(self) -> None:
        """Have rows given back to who sent them, and look at what everybody else is shown of them."""
        units = {unit.id: unit.zh for unit in load_catalogue().units.values()}
        refused = [one for one in self.receipts if one["rejected"] and one["unresolved"]]
        for receipt in refused[:: max(1, len(refused) // _MOST_RETURNED)]:
            number, file = receipt["submission_id"], self._folder / f"{receipt['submission_id']}.xlsx"
            self.terminal.type(Kind.RECEIPTS, "receipt", number, place="receipt")
            self.terminal.type(Kind.COMMANDS, "rejected", "list", number, "--json")
            self.terminal.type(Kind.COMMANDS, "waiting", "list", number)
            self.terminal.type(Kind.RECEIPTS, "receipt", number, "-o", str(file), place="receipt -o")
            sent = f"{units[receipt['unit']]}/{Path(receipt['file']).stem}"
            self.terminal.look(Kind.RETURNED, f"rows of {sent}", Returned(sent), file.read_bytes())
