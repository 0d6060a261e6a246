"""Customs and tobacco: items 62, 63 and 68."""

import math

from simulation import business
from simulation.enterprises import Enterprise
from simulation.setting import CellValue, Setting, Teller

_TIERS = [
    "一档",
    "二档",
    "三档",
    "四档",
    "五档",
    "六档",
    "七档",
    "八档",
    "九档",
    "十档",
    "十一档",
    "十二档",
    "十三档",
    "十四档",
    "十五档",
    "十六档",
    "十七档",
    "十八档",
    "十九档",
    "二十档",
    "二十一档",
    "二十二档",
    "二十三档",
    "二十四档",
    "二十五档",
    "二十六档",
    "二十七档",
    "二十八档",
    "二十九档",
    "三十档",
]
_DETAIL_MONTHS = 3


def _customs(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    drawn = e.chance(s.moment.number, 62)
    code = f"6301{e.index:06}" if s.moment.number == 0 else f"6302{e.index:06}"
    return code, "注销" if drawn < 0.1 else "正常" if drawn < 0.9 else None


def _customs_registration(s: Setting) -> tuple[CellValue, ...] | None:
    # A second one is rare.
    return None if s.moment.number and s.enterprise.chance(5, 62) < 0.85 else _customs(s)


def _customs_credit(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    if s.moment.number and s.rng.random() < 0.4:
        return None
    seen = s.quality + 1.6 * (s.rng.random() - 0.5)
    level = "高级认证企业" if seen > 1.3 else "失信企业" if seen < -1.6 else "注册登记和备案企业"
    if s.moment.when.year < 2022 and seen > 0.9:
        level = "一般认证企业"
    return f"6301{e.index:06}", level, s.moment.when


def _ordered(e: Enterprise, month: int) -> tuple[int, float]:
    """Return how many cartons were ordered in a month, and for how much."""
    life = e.life
    place = life.at(month)
    if life.till[place] < -1.8 and e.chance(month, 680) < 0.4:
        return 0, 0.0
    cartons = 60 * math.exp(0.6 * e.trait(683)) * life.size[place] * business.noise(e, month, 681, 0.15)
    price = 110 * math.exp(0.25 * e.trait(684)) * business.noise(e, month, 682, 0.03)
    return max(1, round(cartons)), round(max(1, round(cartons)) * price, 2)


def _tobacco(s: Setting) -> tuple[CellValue, ...]:
    e, month = s.enterprise, s.month
    told, total = [], 0.0
    for back in range(_DETAIL_MONTHS):
        cartons, amount = _ordered(e, month - back)
        total += amount
        told.append(f"{(month - back) // 12}-{(month - back) % 12 + 1:02}：订烟数量{cartons} 订烟金额{amount:.2f}")
    tier = 12 + 5 * e.trait(683) + 3 * e.trait(684) + 4 * math.log(e.life.size[e.life.at(month // 3 * 3)])
    return _TIERS[max(0, min(29, round(tier)))], round(total, 2), "；".join(told)


TELLERS = {
    62: Teller(("customs_registration_code", "cancellation_flag"), _customs_registration),
    63: Teller(("customs_registration_code", "credit_level", "credit_level_date"), _customs_credit),
    68: Teller(("tier", "purchase_amount", "order_details"), _tobacco),
}
