"""Awards: items 23 and 24."""

from datetime import datetime, time

from simulation.setting import CellValue, Setting, Teller

_METHODS = ("公开招标", "公开招标", "竞争性磋商", "竞争性谈判", "询价", "单一来源")
_GOES_ON = 0.58  # who has won once may win again
_FOREIGN = 0.02


def _amount(s: Setting) -> float:
    return round(s.enterprise.revenue * min(1.5, s.rng.lognormvariate(-3.0, 1.1)) + 2000, 2)


def _goes_on(s: Setting) -> bool:
    return s.moment.number == 0 or s.rng.random() < _GOES_ON


def _procurement(s: Setting) -> tuple[CellValue, ...] | None:
    if not _goes_on(s):
        return None
    buyer = f"西宁样例采购单位{s.rng.randrange(45):02}"
    amount = None if s.rng.random() < 0.03 else _amount(s)
    return buyer, f"样例采购项目{s.serial + 1:05}", s.rng.choice(_METHODS), amount, s.moment.when


def _tender(s: Setting) -> tuple[CellValue, ...] | None:
    if not _goes_on(s):
        return None
    announced = datetime.combine(s.moment.when, time(9, s.serial % 60))
    currency = "840" if s.rng.random() < _FOREIGN else "156"
    return (
        f"样例24-{s.moment.when.year}-{s.serial + 1:06}", f"{s.serial % 3 + 1}", announced, announced, _amount(s) * 2,
        currency,
        f"样例交易系统{s.rng.choice((1, 1, 1, 2, 2, 3, 4))}",
    )  # fmt: skip


TELLERS = {
    23: Teller(("buyer_name", "project_name", "procurement_method", "award_amount", "completion_date"), _procurement),
    24: Teller(
        ("transaction_code", "lot_number", "first_announced_at", "data_timestamp", "award_price", "price_currency_code",
         "trading_system_code"), _tender,
    ),
}  # fmt: skip
