"""Water, power and gas: items 64–66."""

import math
from datetime import timedelta

from simulation import business
from simulation.enterprises import Enterprise
from simulation.setting import CellValue, Setting, Teller

_WATER, _POWER, _GAS = 640, 650, 660
_DETAIL_MONTHS = 3
_PRICE = {_WATER: 4.5, _GAS: 2.6}
_COLDEST = 0  # January
_SECOND_METER_SHARE = 0.35
_MISSED = 0.004
_TOOK_OVER = 0.1  # the others had another account before, of which the tables say nothing more


def _water_or_gas(e: Enterprise, month: int, about: int) -> float:
    life = e.life
    place = life.at(month)
    per_head = e.sector.water_m3 if about == _WATER else e.sector.gas_m3
    trait = e.trait(about)
    heads = e.staff * (life.heads[place] + life.size[place]) / 2
    heating = 1 + (0.1 if about == _WATER else 0.8) * math.cos((month % 12 - _COLDEST) * math.pi / 6)
    usage = heads * per_head * math.exp(0.5 * trait) * heating * business.noise(e, month, about, 0.13)
    # Closed for a month, or the meter was not read.
    return 0.0 if e.chance(month, about + 1) < 0.008 - 0.01 * min(0.0, life.till[place]) else round(usage, 1)


def _bills(about: int) -> Teller:
    usage_zh = "用水量" if about == _WATER else "燃气用量"

    def tell(s: Setting) -> tuple[CellValue, ...] | None:
        e, month = s.enterprise, s.month
        if e.chance(month, about + 2) < _MISSED:
            return None
        used = [_water_or_gas(e, month - back, about) for back in range(_DETAIL_MONTHS)]
        told: list[str] = []
        for back in range(_DETAIL_MONTHS):
            at = month - back
            due = used[back] * _PRICE[about]
            # Paid in the end mostly: what a record still calls unpaid, a later one does not.
            pays = e.pays(at, about + 3) or (back > 0 and e.chance(at, about + 4) < 0.5)
            paid = due if pays else due * 0.5 if e.chance(at, about + 5) < 0.2 else 0.0
            told.append(f"{at // 12}-{at % 12 + 1:02}：{usage_zh}{used[back]:.1f} 应缴金额{due:.2f} 实缴金额{paid:.2f}")
        owes, mean = not e.pays(month, about + 3), round(sum(used) / _DETAIL_MONTHS, 2)
        return "；".join(told), mean, round(mean * business.noise(e, month, about + 6, 0.05), 2), owes

    return Teller(("payment_details", "average_usage_3m", "average_usage_6m", "in_arrears"), tell)


def _power(e: Enterprise, month: int) -> float:
    life = e.life
    place = life.at(month)
    # Machines stop before people go.
    busy = e.staff * (0.7 * life.size[place] + 0.3 * life.heads[place])
    swing = (1 + (business.season(e, month) - 1) * 0.7) * business.noise(e, month, _POWER, 0.1)
    stands = life.till[place] < -2.2 and e.chance(month, _POWER + 1) < 0.25
    return 0.0 if stands else busy * e.sector.power_kwh * math.exp(0.5 * e.trait(_POWER)) * swing


def _electricity(s: Setting) -> tuple[CellValue, ...] | None:
    e, month, part = s.enterprise, s.month, s.moment.part
    opened = e.founded + timedelta(days=15 + int(e.chance(2, 65) * 0.8 * (e.ended - e.founded).days))
    if e.chance(month, _POWER + 2) < _MISSED or (part == 0 and e.chance(3, 65) < _TOOK_OVER and s.moment.end < opened):
        return None
    share = 1.0
    if e.chance(0, 65) < 0.12:
        # The second meter came some time, and takes a part from then on.
        second = max(opened, e.ended - timedelta(days=int(e.chance(1, 65) * 1700)))
        if part == 1:
            opened = second
        if s.moment.start < opened:
            return None
        if part == 1 or s.moment.start >= second:
            share = _SECOND_METER_SHARE if part == 1 else 1 - _SECOND_METER_SHARE
    usage = round(_power(e, month) * share, 1)
    kind = "大工业" if e.sector.industrial and (e.staff > 15 or part == 1) else "一般工商业"
    price = 0.62 * business.noise(e, month, _POWER + 3, 0.04)
    level = "高" if e.staff > 40 else "中" if e.staff > 8 else "低"
    drawn = s.quality + 2 * (e.chance(month // 3, _POWER + 4) - 0.5)
    risk = "高" if drawn < -1.6 else "中" if drawn < -0.4 else "低"
    owes = not e.pays(month, _POWER + 5, ease=0.15)
    return (
        f"65{e.index:08}{part or ''}", opened, kind, level, risk, usage, round(usage * (month % 12 + 1) * 0.97, 1),
        round(usage * price, 2), round(usage * price * 1.02, 2), round(usage * price * 0.99, 2), owes,
    )  # fmt: skip


TELLERS = {
    64: _bills(_WATER),
    65: Teller(
        ("account_number", "account_open_date", "usage_type", "value_level", "risk_level", "monthly_usage",
         "cumulative_usage", "average_amount_3m", "average_amount_6m", "average_amount_12m", "in_arrears"),
         _electricity,
    ),
    66: _bills(_GAS),
}  # fmt: skip
