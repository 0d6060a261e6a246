"""Where the recipients' files of this hub lie, and how they come and go.

The first preparation of a hub copies the shipped samples there; until then these count.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bus.crypto.private_files import folder_alone, written_beside
from catalogue.errors import CatalogueError, UsageError
from hub.settings import Settings
from rules.release.recipient_files import definition_yaml, load_recipient
from rules.release.recipients import RecipientDefinition, is_recipient_id
from sinks.banks.recipients import BANKS, REMOVED, bank_ids, removed_ids


def recipients_folder(settings: Settings) -> Path:
    """Return the folder whose files count; raises UsageError for one that is named and is not there."""
    own = _own_folder(settings)
    if own.is_dir():
        return own
    if settings.recipients is not None:
        raise UsageError(
            f"There is no folder {str(own)!r} of recipients.",
            remedy="Make it, or leave CREDITHUB_RECIPIENTS unset: then <home>/recipients is used.",
        )
    return BANKS


def banks_of(settings: Settings) -> tuple[str, ...]:
    """Return the ids of this hub's recipients, sorted; raises as ``recipients_folder`` and ``bank_ids`` do."""
    return bank_ids(recipients_folder(settings))


def removed_of(settings: Settings) -> tuple[str, ...]:
    """Return the ids of those that were removed; raises as ``banks_of`` does."""
    return removed_ids(recipients_folder(settings))


def name_of(settings: Settings, recipient: str) -> str:
    """Return the Chinese name of a recipient, also of one that was removed; its id, where no file tells the name."""
    folder = recipients_folder(settings)
    if not is_recipient_id(recipient):
        return recipient
    for file in (folder / f"{recipient}.yaml", folder / REMOVED / f"{recipient}.yaml"):
        # A file that somebody is mending, or that went away, must not hide from an enterprise what it granted.
        with suppress(CatalogueError, OSError):
            return load_recipient(file).zh
    return recipient


def filed(settings: Settings) -> set[str]:
    """Return the ids of those who have a file in the hub's own folder, removed or not; of samples nobody has."""
    own = _own_folder(settings)
    return {*bank_ids(own), *removed_ids(own)}


def begin_with_samples(settings: Settings) -> None:
    """Make the hub's own folder, with the samples in it, unless there is one; raises as ``lay`` does."""
    if recipients_folder(settings) != BANKS:
        return
    own = _own_folder(settings)
    unfinished = own.with_name(f"{own.name}.new")
    with _told(own):
        # In one step: who is killed here has made nothing.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name in bank_ids(BANKS):
            shutil.copyfile(BANKS / f"{name}.yaml", unfinished / f"{name}.yaml")
        unfinished.rename(own)


def lay(settings: Settings, definition: RecipientDefinition, text: str | None = None) -> None:
    """Lay a recipient's file into the folder; ``text``: as it was written, with its comments.

    Raises UsageError where nothing can be written.
    """
    with _made(settings) as folder:
        _write(folder / f"{definition.id}.yaml", text or definition_yaml(definition))
        (folder / REMOVED / f"{definition.id}.yaml").unlink(missing_ok=True)


def take_away(settings: Settings, definition: RecipientDefinition) -> None:
    """Move a recipient's file to those of the removed ones; raises as ``lay`` does."""
    with _made(settings) as folder:
        (folder / REMOVED).mkdir(exist_ok=True)
        file, removed = folder / f"{definition.id}.yaml", folder / REMOVED / f"{definition.id}.yaml"
        if file.exists():
            os.replace(file, removed)
        elif not removed.exists():
            _write(removed, definition_yaml(definition))


def _own_folder(settings: Settings) -> Path:
    return (settings.recipients or settings.home / "recipients").expanduser().absolute()


@contextmanager
def _made(settings: Settings) -> Iterator[Path]:
    """Open the hub's own folder to be written, alone."""
    recipients_folder(settings)
    own = _own_folder(settings)
    with _told(own):
        own.mkdir(parents=True, exist_ok=True)
        with folder_alone(own):
            yield own


@contextmanager
def _told(own: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise UsageError(
            f"The folder {str(own)!r} of recipients cannot be written: {exc.strerror}.",
            remedy="Let the hub's user write there, or name another in CREDITHUB_RECIPIENTS.",
        ) from exc


def _write(file: Path, text: str) -> None:
    with written_beside(file, text) as fresh:
        os.replace(fresh, file)
