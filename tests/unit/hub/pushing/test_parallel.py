"""Which files may overtake each other."""

from pathlib import Path

import pytest

from hub.pushing.parallel import groups

LISTS = ["名单_全量_1.csv", "名单_全量_2.csv"]


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        (None, [LISTS, ["纳税.csv"], ["许可.csv"]]),
        (False, [LISTS[1:], ["纳税.csv"], LISTS[:1], ["许可.csv"]]),
        (True, [["许可.csv", LISTS[0], "纳税.csv", LISTS[1]]]),
    ],
)
def test_whole_lists_of_a_folder_keep_their_order(tmp_path: Path, full: bool | None, expected: list[list[str]]) -> None:
    files = []
    for size, name in enumerate(("许可.csv", LISTS[0], "纳税.csv", LISTS[1]), start=1):
        files.append(tmp_path / name)
        files[-1].write_bytes(b"x" * size)
    assert [[path.name for path in group] for group in groups(files, full)] == expected
