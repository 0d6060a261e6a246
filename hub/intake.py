"""What the intake needs of the settings."""

from hub.settings import Settings, bus_config
from producers.submissions.config import IntakeConfig


def intake_config(settings: Settings, *, dry_run: bool = False) -> IntakeConfig:
    """Return the intake's part of the settings. A dry run needs neither a running stack nor a key file."""
    receipts = settings.home / "receipts"
    if dry_run:
        return IntakeConfig(receipts, settings.region)
    return IntakeConfig(receipts, settings.region, bus_config(settings), settings.keys)
