"""Every schema of the hub: the rows of indicators are among them, and none of their columns ever goes."""

from catalogue.load import load_catalogue
from catalogue.schema_versions import generated, released
from rules.release.labels import current_labels
from rules.release.schemas import every_schema, releasable_schemas

CATALOGUE = load_catalogue()


def test_each_group_has_a_row_of_its_own() -> None:
    own = every_schema(CATALOGUE).keys() - generated(CATALOGUE).keys()
    assert {"bank/administration/PenaltyIndicators.avsc", "bank/CrossIndicators.avsc"} <= own
    assert len(own) == len(current_labels().indicator_groups)
    assert releasable_schemas(CATALOGUE) == every_schema(CATALOGUE)


def test_a_column_that_banks_have_never_goes() -> None:
    """Who fills tables from rows would keep the last value for ever: it has to be told as null."""
    schemas = every_schema(CATALOGUE)
    for path in schemas.keys() - generated(CATALOGUE).keys():
        columns = {field["name"] for field in schemas[path]["fields"]}
        for version in released(path):
            assert {field["name"] for field in version["fields"]} <= columns
