"""Write the sample city: a folder per unit, a file per item, unit and period, and the list of it all."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from catalogue.load import load_catalogue
from catalogue.model import Catalogue, Item
from simulation.dirt import Dirt, spoil
from simulation.enterprises import found_city
from simulation.moves import FLAG_TITLES, FLAGGED
from simulation.records import records
from simulation.writing import file_format, habit, shown, write

MANIFEST = "样例清单.json"
NOTICE = "说明.txt"
_NOTICE_TEXT = (
    "本文件夹内全部为虚构的样例数据，仅供试用和测试。\n"
    "企业名称均含“样例”；公民身份号码的地区码 809999 不存在；电话为 1990000 号段；邮箱为 example.com。\n"
    "如与真实的单位或个人相同，纯属巧合。\n"
)


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One written file: ``file`` is relative to the sample's folder, ``period`` "" where rows carry their own."""

    file: str
    item: str
    seq: int
    unit: str
    period: str
    format: str
    rows: int
    dirty_rows: int
    dirt: tuple[Dirt, ...]


def write_city(
    folder: Path,
    *,
    enterprises: int,
    seed: int,
    dirty: float,
    as_of: date,
    catalogue: Catalogue | None = None,
    on_item: Callable[[Item], None] = lambda item: None,
) -> tuple[SampleFile, ...]:
    """Write all items' files under ``folder`` and return what was written.

    ``dirty`` is the share of rows with an error, 0 to 1. The same arguments give the same bytes.
    """
    catalogue = catalogue or load_catalogue()
    city = found_city(enterprises, seed, as_of)
    written: list[SampleFile] = []
    for item in catalogue.items:
        on_item(item)
        style = habit(item)
        header = [*(field.zh for field in item.fields), *(FLAG_TITLES if item.seq in FLAGGED else ())]
        groups: dict[tuple[str, str], list[list[object]]] = {}
        for row in records(item, city, seed, as_of):
            groups.setdefault((row.unit, row.label), []).append(shown(item, row.values, row.added, style))
        kind = file_format(item, max(map(len, groups.values()), default=0))
        for (unit, period), rows in sorted(groups.items()):
            unit_zh = catalogue.units[unit].zh
            unit_folder = folder / unit_zh
            if not unit_folder.exists():
                unit_folder.mkdir(parents=True)
                (unit_folder / NOTICE).write_text(_NOTICE_TEXT, encoding="utf-8")
            rng = random.Random(f"{seed}:dirt:{item.id}:{unit}:{period}")
            rows, dirt = _soil(item, rows, dirty, rng)
            name = f"{item.zh}_{period or as_of.isoformat()}.{kind.split('-')[0]}".replace("/", "_")
            title = f"{item.zh}（样例）{period} 数据日期：{as_of.isoformat()}"
            write(unit_folder / name, kind, header, rows, title, as_of)
            written.append(
                SampleFile(f"{unit_zh}/{name}", item.id, item.seq, unit, period, kind, len(rows), len(dirt), dirt)
            )
    listed = {
        "enterprises": enterprises, "seed": seed, "dirty": dirty, "as_of": as_of.isoformat(),
        "files": [asdict(file) for file in written],
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(listed, ensure_ascii=False, indent=1), encoding="utf-8")
    return tuple(written)


def _soil(
    item: Item, rows: list[list[object]], share: float, rng: random.Random
) -> tuple[list[list[object]], tuple[Dirt, ...]]:
    if share <= 0:
        return rows, ()
    soiled: list[list[object]] = []
    dirt: list[Dirt] = []
    for row in rows:
        if rng.random() >= share:
            soiled.append(row)
            continue
        changed, error = spoil(row, item, len(soiled) + 1, rng)
        soiled.append(changed)
        if error.effect == "duplicate":
            soiled.append(list(changed))
            error = replace(error, row=len(soiled))
        dirt.append(error)
    return soiled, tuple(dirt)
