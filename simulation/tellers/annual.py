"""Annual reports and spot checks: items 6–10 and 12."""

from datetime import date, timedelta

from simulation import business
from simulation.reporting import annual_report_day
from simulation.setting import CellValue, Setting, Teller
from simulation.tellers.market import holder, subscribed

_PUBLISHED_ABOUT = 70
_SPOT_CHECK_MONTHS = (0, 12)


def _is_published(s: Setting, about: int) -> bool:
    # Who publishes once does so mostly.
    e = s.enterprise
    return 0.6 * e.chance(0, _PUBLISHED_ABOUT + about) + 0.4 * e.chance(s.month, _PUBLISHED_ABOUT + about) < 0.55


def _basic(s: Setting) -> tuple[CellValue, ...] | None:
    e, filed = s.enterprise, annual_report_day(s.enterprise, s.moment.end.year)
    if filed is None:
        return None
    is_idle = e.life.size[e.life.at(s.month)] < 0.12 or e.ended < s.moment.end
    status = ("歇业" if e.chance(s.month, 61) < 0.6 else "停业") if is_idle else "开业"
    heads = max(1, round(s.staff * (1 + 0.15 * e.traits[6]) * business.noise(e, s.month, 62, 0.1)))
    return s.moment.end.year, status, heads, min(filed, s.as_of), _is_published(s, 0)


def _assets(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    if annual_report_day(e, s.moment.end.year) is None:
        return None
    # What the report says is not quite what the tax bureau reads.
    revenue = business.revenue(e, s.month, 12) * business.noise(e, s.month, 71, 0.12)
    if e.chance(s.month, 72) < 0.05:
        revenue *= 1.6
    total = business.assets(e, s.month) * business.noise(e, s.month, 73, 0.08)
    debts = total * min(1.5, business.debt_ratio(e, s.month) * business.noise(e, s.month, 74, 0.06))
    net = revenue * business.margin(e, s.month) * business.noise(e, s.month, 75, 0.15)
    main = revenue * min(1.0, 0.7 + 0.3 * e.chance(0, 76) + 0.08 * e.chance(s.month, 76))
    burden = max(0.002, 0.028 + 0.012 * e.traits[7] + 0.008 * (e.chance(s.month, 77) - 0.5))
    gross = net / 0.85 if net > 0 else net
    amounts = (total, debts, revenue, main, gross, net, revenue * burden, total - debts)
    return *(round(amount, 2) for amount in amounts), _is_published(s, 1)


def _contribution(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    if s.moment.part >= len(e.holders) or annual_report_day(e, s.moment.end.year) is None:
        return None
    _, name, _ = holder(e, s.moment.part)
    amount, until, method = subscribed(e, s.moment.part)
    # The capital was raised in some year, of a few.
    if e.chance(0, 81) < 0.12 and s.moment.number < 1 + int(e.chance(1, 81) * 2):
        amount = round(amount * (0.3 + 0.5 * e.chance(2, 81)))
    return name, max(1, amount), until, method


def _equity_change(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    if annual_report_day(e, s.moment.end.year) is None:
        return None
    invests = e.chance(s.moment.end.year // 2, 91) < 0.35
    if s.rng.random() < 0.25:
        return invests, e.holders[0].name, None, None, None, None
    before = (
        round(s.rng.choice((10, 20, 30, 51, 60, 67, 80, 100)) + s.rng.random() * 3, 1) if s.rng.random() < 0.9 else 51
    )
    after = round(before * s.rng.choice((0.0, 0.3, 0.5, 0.7, 0.9)), 1)
    when = s.moment.start + timedelta(days=s.rng.randrange(360))
    receiver = f"西宁样例受让{s.rng.randrange(40):02}有限公司" if s.rng.random() < 0.5 else e.holders[-1].name
    return invests, e.holders[0].name, min(100, before), after, min(when, e.ended), receiver


def _guarantee(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    if annual_report_day(e, s.moment.end.year) is None or s.rng.random() < 0.12 + 0.3 * s.moment.part:
        return None
    began = date(s.moment.end.year - int(s.rng.random() * 2), 1 + s.rng.randrange(12), 15)
    ends = began + timedelta(days=365 * s.rng.choice((1, 1, 2, 3, 5)))
    amount = round(e.revenue * s.rng.lognormvariate(-2.0, 1.0), -2) + 1000.0
    method = s.rng.choice(("一般保证", "连带保证", "连带保证", "未约定"))
    bank = f"样例银行股份有限公司西宁{s.rng.choice('东西南北')}支行"
    debtor = f"西宁样例债务人{s.rng.randrange(200):03}有限公司"
    return bank, debtor, amount, began, ends, method, method, e.chance(s.month, _PUBLISHED_ABOUT + 2) < 0.45


def _spot_check(s: Setting) -> tuple[CellValue, ...] | None:
    if s.moment.number not in _SPOT_CHECK_MONTHS:
        return None
    e = s.enterprise
    failed = sum(
        e.chance(year, 121) < 0.12 - 0.06 * s.quality for year in range(s.moment.number // 6, s.moment.number // 6 + 4)
    )
    return (failed,)


TELLERS = {
    6: Teller(("report_year", "operating_status", "employee_count", "report_date", "is_published"), _basic),
    7: Teller(
        ("total_assets", "total_liabilities", "total_revenue", "main_business_revenue", "total_profit", "net_profit",
         "total_tax", "total_equity", "is_published"), _assets,
    ),
    8: Teller(("shareholder_name", "subscribed_amount", "subscription_date", "subscription_method"), _contribution),
    9: Teller(
        ("has_outbound_investment", "shareholder_name", "equity_share_before", "equity_share_after",
         "equity_change_date", "transferee_name"), _equity_change,
    ),
    10: Teller(
        ("creditor", "debtor", "principal_amount", "performance_start", "performance_end", "guarantee_method",
         "guarantee_method_name", "is_published"), _guarantee,
    ),
    12: Teller(("failed_inspections_3y",), _spot_check),
}  # fmt: skip
