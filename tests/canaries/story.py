"""The story that is told on the hub, phase by phase; each has settled before the next begins."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from hub.settings import Settings
from tests.builders.client_keys import ClientKey
from tests.canaries.askers import Asker
from tests.canaries.canary import Phase
from tests.canaries.desk import Desk
from tests.canaries.hooks import Hooks
from tests.canaries.operators import Operators
from tests.canaries.places import Ledger, Say
from tests.canaries.plan import LATE, VISITED
from tests.canaries.planted import Planted
from tests.canaries.wrongly import WrongRequests

TERM_S: Final = 30.0
"""How long a consent lasts whose request names no last day."""
_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class Story:
    """Everybody who has a part in it."""

    settings: Settings
    ledger: Ledger
    planted: Planted
    hooks: Hooks
    desk: Desk
    operators: Operators
    askers: Mapping[str, Asker]
    say: Say

    def tell(self) -> None:
        """Tell all of it."""
        operators, files = self.operators, self.planted.files
        operators.begin(Phase.BEGUN)
        operators.end(Phase.BEGUN)
        time.sleep(TERM_S + _AFTER_S)
        self.desk.push(files[Phase.FIRST])
        self._settle(Phase.FIRST)
        operators.begin(Phase.GRANTED)
        granted_s = time.monotonic()
        self._settle(Phase.GRANTED)
        operators.end(Phase.ENDED)
        time.sleep(max(0.0, granted_s + TERM_S + _AFTER_S - time.monotonic()))
        self._settle(Phase.ENDED)
        self.desk.push(files[Phase.SECOND])
        self._settle(Phase.SECOND)
        self._ask(Phase.ASKED)
        self._ask_wrongly()
        self.desk.look(self.planted.subjects, operators.numbers_of(VISITED[0]))
        self.say("operators looked, and everybody asked wrongly")
        operators.end(Phase.CLOSED)
        self.hooks.open()
        self.desk.resume(LATE)
        self._settle(Phase.CLOSED)
        self._ask(Phase.CLOSED)

    def _settle(self, phase: Phase) -> None:
        self.desk.settle()
        self.hooks.settle(self.settings, self.ledger, phase)
        self.operators.check(phase)
        self.say(f"{phase.name} has settled")

    def _ask(self, phase: Phase) -> None:
        """Have every recipient ask all he can, and an enterprise look at its pages."""
        for asker in self.askers.values():
            asker.ask_everything(phase, self.planted.subjects)
        visited, stranger = VISITED
        visit = self.operators.visit(visited)
        visit.look(self.operators.numbers_of(visited))
        visit.look_at_others(self.operators.numbers_of(stranger))
        visit.close()
        self.say(f"everybody asked in {phase.name}")

    def _ask_wrongly(self) -> None:
        subject, mistakes = self.planted.subjects[VISITED[0]], self.planted.mistakes
        askers = [*self.askers.values()]
        for asker, other in zip(askers, askers[1:] + askers[:1], strict=True):
            asker.ask_wrongly(mistakes, other.cursor, subject)
        wrong = WrongRequests(self.settings, self.ledger, mistakes)
        wrong.ask(subject, self.operators.numbers_of(VISITED[0])[0])
        wrong.type(self.desk.terminal)


@contextmanager
def story_of(
    settings: Settings,
    ledger: Ledger,
    planted: Planted,
    keys: Mapping[str, ClientKey],
    hooks: Hooks,
    desk: Desk,
    say: Say,
) -> Iterator[Story]:
    """Open what those who have a part need, on a hub that runs."""
    with ExitStack() as opened:
        operators = opened.enter_context(closing(Operators(settings, ledger, planted.enterprises, planted.deposits)))
        askers = {name: opened.enter_context(closing(Asker(settings, ledger, name, key))) for name, key in keys.items()}
        yield Story(settings, ledger, planted, hooks, desk, operators, askers, say)
