"""One cell: by the field's name where the records must fit together, else by its codes or its type."""

from catalogue.model import Field, Item
from simulation.named_values import by_name
from simulation.setting import DrawCell
from simulation.typed_values import by_type


def cell_for(field: Field, item: Item) -> DrawCell:
    """Return how the cells of ``field`` are drawn."""
    special = by_name(field, item)
    if special is not None:
        return special
    if field.codes:
        shown = tuple(field.codes) if item.seq % 2 else tuple(field.codes.values())
        if field.name.endswith("currency") or "currency_code" in field.name or field.name.endswith("id_type"):
            return lambda s: shown[0]
        return lambda s: s.rng.choice(shown)
    return by_type(field, item)
