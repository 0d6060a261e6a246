"""Recipients as they were published, for the commands that name one."""

from contextlib import closing

from bus.avro.registry import Registry
from catalogue.errors import UsageError
from hub.settings import bus_config, load_settings
from rules.release.recipient_messages import RecipientVersion
from sinks.banks.recording import published_recipients


def newest_recipients() -> dict[str, RecipientVersion]:
    """Return the newest version of each by its id, sorted, those that were removed included."""
    config = bus_config(load_settings())
    with closing(Registry(config)) as registry:
        return dict(sorted(published_recipients(config, registry).items()))


def known_recipient(recipient: str) -> RecipientVersion:
    """Return a recipient as it was published; raises UsageError naming those that there are."""
    newest = newest_recipients()
    if recipient not in newest:
        known = f"Use one of: {', '.join(newest)}." if newest else "Add it with `credithub bank apply FILE`."
        raise UsageError(f"There is no recipient {recipient!r}.", remedy=known)
    return newest[recipient]


def present_recipient(recipient: str) -> RecipientVersion:
    """Return a recipient that was not removed; raises UsageError for another, and as ``known_recipient`` does."""
    version = known_recipient(recipient)
    if version.is_removed:
        raise UsageError(
            f"{recipient} was removed.",
            remedy=f"`credithub bank show {recipient} > {recipient}.yaml`, and `apply` that file.",
        )
    return version
