"""Currencies as amounts write them: 人民币 and its signs, and those that are not yuan."""

import re
from collections.abc import Mapping

_YUAN = ("人民币", "RMB", "CNY", "￥", "¥")
# By the code of GB/T 12406, which the list's columns 币种 hold.
_FOREIGN: Mapping[str, tuple[str, ...]] = {
    "840": ("美元", "美金", "USD", "US$", "$"),
    "344": ("港元", "港币", "HKD", "HK$"),
    "978": ("欧元", "EUR", "€"),
    "392": ("日元", "日圆", "JPY", "JP¥", "JP￥"),
    "826": ("英镑", "GBP", "£"),
    "036": ("澳大利亚元", "澳元", "AUD", "A$"),
    "124": ("加拿大元", "加元", "CAD", "C$"),
    "756": ("瑞士法郎", "CHF"),
    "702": ("新加坡元", "新元", "SGD", "S$"),
    "410": ("韩元", "韩圆", "KRW", "₩"),
    "446": ("澳门元", "澳门币", "MOP"),
    "901": ("新台币", "台币", "TWD", "NT$"),
    "643": ("卢布", "RUB", "₽"),
}
YUAN = "156"
_CODES = {name.upper(): code for code, names in _FOREIGN.items() for name in names} | dict.fromkeys(_YUAN, YUAN)
_NAMES = "|".join(re.escape(name) for name in sorted(_CODES, key=len, reverse=True))
_BEFORE = re.compile(rf"({_NAMES})", re.IGNORECASE)
# 万美元 and 万元人民币: what stands before a currency's name is the multiple.
_BEHIND = re.compile(rf"({_NAMES})整?$", re.IGNORECASE)


def cut_before(text: str) -> tuple[str, str]:
    """Return (the currency before an amount, the rest); "" for none."""
    matched = _BEFORE.match(text)
    return (_CODES[matched[1].upper()], text[matched.end() :]) if matched else ("", text)


def cut_behind(unit: str) -> tuple[str, str]:
    """Return (the currency at a unit's end, what stands before it); "" for none."""
    matched = _BEHIND.search(unit)
    return (_CODES[matched[1].upper()], unit[: matched.start()]) if matched else ("", unit)
