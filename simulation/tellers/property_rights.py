"""Mortgages and titles to land and houses: items 47 and 48."""

from simulation.setting import CellValue, Setting, Teller

_USES = ("工业", "商业", "办公", "办公", "厂房", "仓储用地", "商服用地", "住宅", "其他")
_INDUSTRIAL = ("工业", "厂房", "工业用地", "仓储")
_BANKS = ("样例银行", "样例农商银行", "样例城市银行", "样例担保")


def unit_number(index: int, number: int) -> str:
    """Return the 不动产单元号 of one of an enterprise's properties."""
    return f"630105{index:09}F{number:08}"


def _mortgage(s: Setting) -> tuple[CellValue, ...] | None:
    e, number = s.enterprise, s.moment.number
    if number and s.rng.random() < 0.5:
        return None
    # Some have several on one property, some rights name no property.
    unit = unit_number(e.index, int(e.chance(number, 47) * 2)) if s.rng.random() < 0.85 else None
    bank = f"{s.rng.choice(_BANKS)}股份有限公司西宁支行"
    return bank, unit, s.moment.when


def _title(s: Setting) -> tuple[CellValue, ...] | None:
    e, number = s.enterprise, s.moment.number
    if number and s.rng.random() < 0.55:
        return None
    uses = _INDUSTRIAL if e.sector.industrial and s.rng.random() < 0.7 else _USES
    area = round(min(80_000.0, (30 + e.staff * 12) * s.rng.lognormvariate(0, 0.9)), 2)
    return unit_number(e.index, number), s.rng.choice(uses), area, s.rng.choice(("50年", "40年", "70年")), s.moment.when


TELLERS = {
    47: Teller(("mortgagee_name", "real_estate_unit_number", "registration_date"), _mortgage),
    48: Teller(("real_estate_unit_number", "land_use", "area", "use_term", "registration_date"), _title),
}
