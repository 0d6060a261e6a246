"""What the business of an enterprise comes to in a month: sales, profit, debts, pay, each with noise of its own."""

import math

from simulation.enterprises import Enterprise

_PEAK_MONTH = 8
_ABOUT = {"revenue": 201, "margin": 202, "assets": 203, "debt": 204, "current": 205, "cash": 206, "tax": 207}


def season(enterprise: Enterprise, month: int) -> float:
    """Return a month's share of the year's mean; the best one is September."""
    return 1 + enterprise.sector.season * math.cos((month % 12 - _PEAK_MONTH) * math.pi / 6)


def noise(enterprise: Enterprise, month: int, about: str | int, spread: float) -> float:
    """Return a factor about 1, its standard deviation near ``spread``; the same for the same month and subject."""
    number = _ABOUT[about] if isinstance(about, str) else about
    return 1 + 1.73 * spread * (2 * enterprise.chance(month, number) - 1)


def revenue(enterprise: Enterprise, month: int, months: int = 1) -> float:
    """Return the sales of the ``months`` that end with ``month``, in yuan; none where business stands still."""
    life = enterprise.life
    place = life.at(month)
    if life.till[place] < -2.6 and enterprise.chance(month, 208) < 0.15:
        return 0.0
    middle = month - months // 2
    yearly = enterprise.revenue * life.size[life.at(middle)]
    return yearly * months / 12 * (season(enterprise, middle) if months < 12 else 1) * noise(
        enterprise, month, "revenue", 0.09
    )  # fmt: skip


def margin(enterprise: Enterprise, month: int) -> float:
    """Return the net profit of revenue."""
    own = enterprise.sector.margin + 0.03 * enterprise.life.quality[enterprise.life.at(month)]
    return own + 0.025 * enterprise.traits[0] + 0.05 * (enterprise.chance(month, _ABOUT["margin"]) - 0.5)


def assets(enterprise: Enterprise, month: int) -> float:
    """Return the total of the balance sheet, in yuan; it follows the business slowly."""
    life = enterprise.life
    yearly = enterprise.revenue * (life.heads[life.at(month)] + life.size[life.at(month)]) / 2
    return yearly * math.exp(-0.1 + 0.55 * enterprise.traits[1]) * noise(enterprise, month, "assets", 0.04)


def debt_ratio(enterprise: Enterprise, month: int) -> float:
    """Return the debts as a share of the assets: beyond 1 nothing is the owners'."""
    life = enterprise.life
    own = 0.54 + 0.15 * enterprise.traits[2] - 0.09 * life.quality[life.at(month)]
    return min(1.5, max(0.05, own * noise(enterprise, month, "debt", 0.05)))


def short_share(enterprise: Enterprise) -> float:
    """Return the part of the debts that is due within a year; 1: there is no other."""
    return min(1.0, max(0.25, 0.82 + 0.2 * enterprise.traits[3]))


def current_share(enterprise: Enterprise, month: int) -> float:
    """Return the current part of the assets."""
    own = 0.58 + 0.17 * enterprise.traits[4] - (0.15 if enterprise.sector.industrial else 0.0)
    return min(0.97, max(0.08, own * noise(enterprise, month, "current", 0.05)))


def pay(enterprise: Enterprise, month: int) -> float:
    """Return a head's monthly pay, in yuan; it rises by 4 % a year, and is cut in bad times."""
    life = enterprise.life
    years = (month - life.first) / 12
    cut = min(0.0, 0.06 * life.till[life.at(month)])
    own = enterprise.sector.pay * math.exp(0.25 * enterprise.traits[5] + cut + 0.04 * years)
    return own * noise(enterprise, month, 209, 0.02)
