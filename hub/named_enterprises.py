"""Of whom a command is to say something to a recipient: enterprises by their codes, or all of whom it was told."""

from contextlib import closing
from pathlib import Path

from bus.avro.registry import Registry
from bus.users import PROOF
from catalogue.errors import UsageError
from catalogue.identifiers import uscc
from hub.commands.queries import subject_of
from hub.settings import bus_config, load_settings
from sinks.banks.recording import told_subjects


def named_enterprises(codes: list[str], file: Path | None) -> list[str]:
    """Return the enterprises that were named; raises UsageError naming the line of what is no code, never the code."""
    found = [str(subject_of(code)) for code in codes]
    for number, line in enumerate(file.read_text("utf-8-sig").splitlines() if file else (), 1):
        if text := line.partition("#")[0].strip():
            try:
                found.append(uscc(text))
            except ValueError as wrong:
                raise UsageError(
                    f"{file}, line {number}: {wrong}.",
                    remedy="Write one 统一社会信用代码 a line; nothing was recorded.",
                ) from None
    return found


def told_enterprises(recipient: str) -> list[str]:
    """Return the enterprises of which a recipient was told anything; raises Unavailable."""
    config = bus_config(load_settings(), PROOF)
    with closing(Registry(config)) as registry:
        return list(told_subjects(config, registry, recipient))
