"""What the intake needs of the settings."""

from bus.users import PUSH
from hub.database_access import DatabaseRole
from hub.settings import Settings, bus_config, endpoints
from producers.submissions.config import IntakeConfig
from queries.stored_names import StoredNames


def intake_config(settings: Settings, *, dry_run: bool = False) -> IntakeConfig:
    """Return the intake's part of the settings. A dry run needs neither a running stack nor a key file."""
    receipts = settings.home / "receipts"
    if dry_run:
        return IntakeConfig(receipts, settings.region)
    config = bus_config(settings, PUSH)
    registered = StoredNames(config, endpoints(settings).database(DatabaseRole.READER))
    return IntakeConfig(receipts, settings.region, config, settings.keys, registered)
