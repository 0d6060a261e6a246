"""In which order a subject's messages of two kinds must have come, where each kind has an order and both have none."""

from collections.abc import Iterator, Mapping, Sequence


def interleaved(
    first: int, records: Sequence[int], entries: Sequence[int], told: Mapping[int, bool]
) -> Iterator[tuple[int, int, bool]]:
    """Yield (sequence, content, whether it is an entry of a list) of all that was due, from the sequence ``first`` on.

    ``told``: of each sequence that was told, whether it is an entry. Where none was told, it is one of the kind of
    which less was told than was due: so a loss is one missing message, and moves none that come after it.
    """
    wanted = range(first, first + len(records) + len(entries))
    left = {False: list(reversed(records)), True: list(reversed(entries))}
    to_come = {kind: sum(told.get(sequence) is kind for sequence in wanted) for kind in left}
    for sequence in wanted:
        kind = told.get(sequence)
        if kind is None:
            kind = len(left[True]) > to_come[True]
        else:
            to_come[kind] -= 1
        if not left[kind]:
            kind = not kind
        yield sequence, left[kind].pop(), kind
