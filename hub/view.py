"""What the read side needs of the settings."""

from catalogue.load import load_catalogue
from hub.database_access import DatabaseRole
from hub.settings import Settings, bus_config, endpoints
from queries.view import View
from rules.indicators.definitions import load_indicators


def view_of(settings: Settings) -> View:
    """Return the read side of the hub that the settings name."""
    dsn = endpoints(settings).database(DatabaseRole.READER)
    return View(bus_config(settings), dsn, load_catalogue(), load_indicators())
