"""A whole hub of its own: started, told a story, searched, stopped and searched again."""

import json
from pathlib import Path

import hub.stack
from hub.settings import Settings, exact_settings
from rules.release.recipient_files import definition_yaml
from tests.builders.client_keys import ClientKey
from tests.canaries.askers import CARD
from tests.canaries.desk import Desk
from tests.canaries.hooks import hooks
from tests.canaries.in_files import (
    look_at_metrics,
    look_at_schemas,
    look_into_files,
    look_into_stores,
    look_into_upstream,
)
from tests.canaries.in_kafka import KafkaLook
from tests.canaries.in_postgres import look_into_postgres
from tests.canaries.places import Ledger, Say
from tests.canaries.plan import RECIPIENTS
from tests.canaries.planted import Planted
from tests.canaries.story import TERM_S, story_of
from tests.canaries.talk import Terminal


class Stage:
    """One hub, with everything in a folder of its own; programs come from the cache of ``outer``."""

    def __init__(self, folder: Path, outer: Settings, planted: Planted, ledger: Ledger, say: Say) -> None:
        self._folder, self._outer, self._planted, self._ledger, self._say = folder, outer, planted, ledger, say
        self._keys = {one.id: ClientKey.ed25519() for one in RECIPIENTS}
        self._definitions = {one.id: one.definition(self._keys[one.id]) for one in RECIPIENTS}

    def play(self) -> None:
        """Start the hub, tell the story, and look everywhere."""
        ledger, own = self._ledger, self._folder / "hooks"
        with hooks(own) as hooked:
            settings = self._settings(hooked.authorities(own / "authorities.pem"))
            self._lay_recipients(settings)
            try:
                hub.stack.start(settings)
                self._say("the hub is up")
                hooked.register(settings, self._definitions)
                desk = Desk(Terminal(settings, ledger, self._folder), self._folder)
                self._prepare(desk)
                with story_of(settings, ledger, self._planted, self._keys, hooked, desk, self._say) as story:
                    story.tell()
                    self._look(settings)
            finally:
                hub.stack.stop(settings)
        look_into_files(settings, ledger)
        look_into_stores(settings, ledger)
        self._say("looked into files, logs and stores")

    def _settings(self, authorities: Path) -> Settings:
        stack = self._outer.stack
        return exact_settings(
            home=self._folder / "home",
            cache=(stack.cache or self._outer.home / "cache").resolve(),
            jar_repository=stack.jar_repository,
            portal_term_days=TERM_S / 86_400,
            webhooks_ca=authorities,
        )

    def _lay_recipients(self, settings: Settings) -> None:
        folder = settings.home / "recipients"
        folder.mkdir(parents=True)
        for name, definition in self._definitions.items():
            (folder / f"{name}.yaml").write_text(definition_yaml(definition), "utf-8")

    def _prepare(self, desk: Desk) -> None:
        """Do what operators do before anything comes."""
        card = self._folder / "card.json"
        card.write_text(json.dumps(CARD), "utf-8")
        subjects = self._planted.subjects
        for one in RECIPIENTS:
            desk.register_card(one.id, card)
            if one.listed:
                desk.list_enterprises(one.id, [subjects[number] for number in one.listed])

    def _look(self, settings: Settings) -> None:
        ledger = self._ledger
        kafka = KafkaLook(settings, ledger, [one.id for one in RECIPIENTS])
        kafka.look()
        kafka.look_as_banks()
        look_into_postgres(settings, ledger)
        look_at_schemas(settings, ledger)
        look_into_upstream(settings, ledger)
        look_at_metrics(settings, ledger)
        self._say("looked into topics, tables, schemas and metrics")
