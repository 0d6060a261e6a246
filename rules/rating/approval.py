"""Who approves of a model: two persons, so that nobody alone decides how a city's enterprises are rated."""

from collections.abc import Sequence

APPROVERS = 2


def check_approvers(named: Sequence[str]) -> tuple[str, ...]:
    """Return the approvers' names; raises ValueError unless they are two different persons."""
    names = tuple(" ".join(str(name).split()) for name in named)
    if len(names) != APPROVERS or not all(names) or len({name.casefold() for name in names}) != APPROVERS:
        raise ValueError("a model needs two approvers, who are different persons")
    return names
