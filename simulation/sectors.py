"""The trades of the sample city: what each is like per head, and how much its business swings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sector:
    """One trade, by its code of GB/T 4754; all amounts a head and month, money in yuan.

    ``margin``: net profit of revenue; ``swing``: the standard deviation of a month's growth; ``season``: how much more
    than the mean the best month brings; ``shock``: how much the sector's own bad times count.
    """

    code: str
    name: str
    trade: str
    weight: int
    revenue: int
    margin: float
    pay: int
    power_kwh: int
    water_m3: int
    gas_m3: int
    swing: float
    season: float
    shock: float
    industrial: bool = False


SECTORS: tuple[Sector, ...] = (
    Sector("5211", "百货零售", "商贸", 18, 45_000, 0.04, 4800, 160, 2, 4, 0.025, 0.20, 0.8),
    Sector("6210", "正餐服务", "餐饮", 8, 18_000, 0.06, 4300, 240, 7, 30, 0.035, 0.25, 1.2),
    Sector("3311", "金属结构制造", "机械制造", 14, 40_000, 0.06, 6200, 900, 5, 25, 0.030, 0.15, 1.0, industrial=True),
    Sector("4710", "住宅房屋建筑", "建筑工程", 12, 55_000, 0.05, 6500, 220, 4, 5, 0.045, 0.45, 1.5),
    Sector("7010", "房地产开发经营", "房地产开发", 5, 90_000, 0.08, 7500, 180, 3, 6, 0.050, 0.30, 2.0),
    Sector("7020", "物业管理", "物业服务", 5, 12_000, 0.07, 4000, 200, 9, 20, 0.015, 0.05, 0.5),
    Sector("5430", "道路货物运输", "物流", 8, 35_000, 0.04, 5600, 110, 2, 3, 0.035, 0.15, 1.1),
    Sector("0514", "农林牧渔服务", "农牧", 12, 20_000, 0.07, 3900, 260, 12, 4, 0.040, 0.60, 1.0),
    Sector("6513", "应用软件开发", "信息技术", 8, 38_000, 0.10, 9200, 130, 1, 2, 0.040, 0.10, 0.7),
    Sector("7481", "工程管理服务", "工程咨询", 5, 30_000, 0.09, 8000, 90, 1, 2, 0.030, 0.25, 1.2),
    Sector("5199", "其他批发", "进出口贸易", 5, 120_000, 0.03, 5900, 140, 2, 3, 0.040, 0.15, 1.0),
)
