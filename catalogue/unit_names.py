"""Responsible units by any name that people write: of a folder, or behind --unit."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

from catalogue.errors import FileRefused
from catalogue.model import Unit

# A city's own name before its bureau: 西宁市税务局, 市税务局.
_CITY = re.compile(r"^[\u4e00-\u9fff]{2,3}市(?=[\u4e00-\u9fff]{2})")
_MOST_OFFERED = 4


class UnitNames:
    """Finds units by id, Chinese name or alias, with or without the city's name before it."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: dict[str, set[str]] = {}
        self._shown: dict[str, str] = {}
        for unit in units:
            for name in (unit.id, unit.zh, *unit.aliases):
                self._shown[name] = unit.zh
                for form in _forms(name):
                    self._units.setdefault(form, set()).add(unit.id)

    def find(self, name: str) -> str | None:
        """Return the unit that a name is of; None when it is of none, or of several."""
        for form in _forms(name):
            units = self._units.get(form, set())
            if len(units) == 1:
                return next(iter(units))
        return None

    def called(self, name: str) -> str:
        """Return the unit that a name is of; raises FileRefused, which offers the nearest, when there is none."""
        unit = self.find(name)
        if unit is not None:
            return unit
        nearest = self.nearest(name)
        offer = f"是不是：{'、'.join(nearest)}？" if nearest else "请写清单里的单位名称或常用简称。"
        raise FileRefused(f"不认识责任单位“{name}”。", remedy=offer)

    def nearest(self, name: str) -> list[str]:
        """Return the Chinese names of the units that a name resembles most."""
        abbreviated = [shown for known, shown in self._shown.items() if _abbreviates(name, known)]
        similar = difflib.get_close_matches(name, self._shown, n=2 * _MOST_OFFERED, cutoff=0.4)
        return list(dict.fromkeys([*abbreviated, *(self._shown[known] for known in similar)]))[:_MOST_OFFERED]


def _forms(name: str) -> tuple[str, ...]:
    """Return what a name may be looked up as, the most literal first."""
    plain = "".join(unicodedata.normalize("NFKC", name).split()).lower()
    city = _CITY.sub("", plain)
    return tuple(dict.fromkeys((plain, city, city.removeprefix("市"), f"市{city}")))


def _abbreviates(name: str, known: str) -> bool:
    """Whether all characters of a name stand in another one, in that order."""
    rest = iter(known)
    return len(name) > 1 and all(character in rest for character in name)
