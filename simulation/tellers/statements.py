"""Financial statements, a quarter each: items 19–21."""

from simulation import business
from simulation.enterprises import Enterprise
from simulation.setting import CellValue, Setting, Teller

_MISSED, _MISSED_WHEN_BAD = 0.01, 0.05


def _is_missed(e: Enterprise, month: int) -> bool:
    """Whether no statements of a quarter were filed: mostly of those whose business stands still."""
    bad = max(0.0, -1.2 - e.life.till[e.life.at(month)])
    return e.chance(month, 190) < _MISSED + _MISSED_WHEN_BAD * bad


def _balance(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    if _is_missed(e, month):
        return None
    total = business.assets(e, month)
    current = round(total * business.current_share(e, month), 2)
    fixed = round(total - current, 2)
    total = round(current + fixed, 2)
    debts = total * business.debt_ratio(e, month)
    short = round(debts * business.short_share(e) * business.noise(e, month, 191, 0.03), 2)
    short = min(short, round(debts, 2))
    long = round(debts - short, 2)
    # Without long debts the column is left empty.
    return s.moment.start, current, fixed, total, short, long or None, round(total - short - long, 2), total


def _income(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    if _is_missed(e, month):
        return None
    sales = business.revenue(e, month, 3)
    net = sales * business.margin(e, month) if sales else -e.revenue * 0.004
    total = net / 0.85 if net > 0 else net
    extra = sales * 0.015 * (e.chance(0, 201) - 0.3) * (0.5 + e.chance(month, 202))
    return s.moment.start, round(sales, 2), round(total - extra, 2), round(total, 2), round(net, 2)


def _cash(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    if _is_missed(e, month):
        return None
    sales = business.revenue(e, month, 3)
    inflow = sales * (1.02 + 0.08 * e.traits[8]) * business.noise(e, month, "cash", 0.17)
    kept = 0.03 + 0.035 * e.life.till[e.life.at(month)] + 0.1 * (e.chance(month, 211) - 0.5)
    outflow = inflow - sales * kept + (0.003 * e.revenue if not sales else 0)
    return s.moment.start, round(inflow, 2), round(outflow, 2), round(round(inflow, 2) - round(outflow, 2), 2)


TELLERS = {
    19: Teller(
        ("period_start", "current_assets", "non_current_assets", "total_assets", "current_liabilities",
         "non_current_liabilities", "total_equity", "total_liabilities_and_equity"), _balance,
    ),
    20: Teller(("period_start", "operating_revenue", "operating_profit", "total_profit", "net_profit"), _income),
    21: Teller(
        ("period_start", "operating_cash_inflow", "operating_cash_outflow", "operating_cash_net"), _cash,
    ),
}  # fmt: skip
