"""The story of a consent, on a hub of its own on the shared services: every step is as it must be."""

import uuid
from io import StringIO
from pathlib import Path

import hub.stack
from bus.crypto.keys import create_key_file
from hub.demo.consent import run_consent_story
from hub.demo.story_subject import story_subject
from hub.settings import Settings, changed_settings
from hub.terminal import Terminal
from tests.chaos.site import beside

ENTERPRISES, SEED = 10, 1
STEPS = (
    "before",
    "asked",
    "granted",
    "changed",
    "verified",
    "revoked",
    "stopped",
    "reconcile",
    "audit verify",
    "who-saw",
)


def test_the_story_is_told_and_nothing_of_it_is_wrong(settings: Settings, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    create_key_file(keys)
    shared = changed_settings(settings, key_file=keys, partitions=2)
    own = changed_settings(
        beside(shared, f"story{uuid.uuid4().hex[:8]}", tmp_path / "home"), upstream_url=None, workers=1
    )
    own.home.mkdir()
    written = StringIO()
    said = Terminal(file=written, soft_wrap=True)
    try:
        is_whole = run_consent_story(own, said, story_subject(ENTERPRISES, SEED), enterprises=ENTERPRISES, seed=SEED)
    finally:
        hub.stack.stop(own, purge=True)
    text = written.getvalue()
    print(text)
    assert is_whole
    assert [step for step in STEPS if f" {step}  " not in text] == []
