"""Titles of columns as departments write them, brought to one form for looking up."""

import re
import unicodedata
from functools import lru_cache

_BRACKETS = str.maketrans(dict.fromkeys("[{【〔〈《「『<", "(") | dict.fromkeys("]}】〕〉》」』>", ")"))
# Marks around a title that say nothing: of a duty to fill it in, or of a list.
_MARKS = "*:;、,.·★☆※▲△●○◆◇■□#?!"
MONEY_UNIT = r"(?:[百千]?[万亿]|千|百)?元"
UNIT = re.compile(
    rf"\(?(?:单位:)?(?:人民币)?({MONEY_UNIT}|[百千]?[万亿]|%|万?(?:千瓦时|立方米|平方米|吨|度|人|条)|kwh|m3|m2)(?:人民币)?\)?$"
)
# Behind a title without brackets, only money: 年度 ends in a unit too, and 美元 is none of ours.
_BARE_MONEY = re.compile(rf"(?:[/,|_]|单位:)*(?:人民币)?({MONEY_UNIT})$")
_DIVIDED = re.compile(r"(.+)[/,|](.+)")
_NO_UNIT = re.compile(r"[单美欧日港韩澳加镑]元$")
# How to fill a column in, and not what it holds.
_QUALIFIER = re.compile(
    r"(?:非?必[填选录报]项?|条件必填|选填项?|可选|可空|不?可?为空|非空|唯一|主键|多选|可多选|单选|下拉.*|"
    r"最?[大多长]?(?:不超过|不少于|至多)?\d+[位字个].*|中文|汉字|全称|规范全称|"
    r"(?:文本|字符|数值|数字|日期|时间|整数|小数|金额)(?:型|格式|类型)?|(?:格式|形如|样式|示例|例如|例|如|说明|注|备注)[:为]?.*|"
    r"yyyy.*|y+[年m].*|[cn]\.{0,2}\d+(?:,\d+)?|varchar\d*|保留.*小数|没有.*[填无空].*|无则.*|若?无.*填.*|"
    r"请.*填.*|按.*填.*|与.*一致|见.*|公示|不公示)"
)
_NUMBERING = re.compile(r"^(?:\(\d{1,2}\)|\d{1,2}[.、,)_]|[一二三四五六七八九十]{1,3}[、.])(?=\D)")
_BRACKET = re.compile(r"\(([^()]*)\)")
_DASHES = str.maketrans(dict.fromkeys("-—–‐−~", "_"))
LONGEST_TITLE_CHARS = 120  # what is longer is a text, and no title


@lru_cache(maxsize=1 << 14)
def normal(text: str) -> str:
    """Return a title half-width, without blanks and marks, its brackets round."""
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS)
    return "".join(plain.split()).strip(_MARKS).lower()


@lru_cache(maxsize=1 << 14)
def title_keys(title: str) -> tuple[tuple[str, str], ...]:
    """Return what a title may be looked up as, the most literal first, each with the unit cut off it."""
    if len(title) > LONGEST_TITLE_CHARS:
        return ()
    plain = normal(title).translate(_DASHES)
    stripped, unit = _without_qualifiers(plain)
    texts = [plain, stripped, _NUMBERING.sub("", stripped)]
    bare = _BARE_MONEY.search(texts[-1])
    if not unit and bare and bare.start() and not _NO_UNIT.search(texts[-1]):
        unit = bare[1]
        # The whole title may be one of the list, and yet say its unit.
        texts.append(texts[-1][: bare.start()].rstrip("/,|_"))
    elif (
        not unit and (divided := re.fullmatch(r"(.+)[/,|](.+)", texts[-1])) and (measure := UNIT.fullmatch(divided[2]))
    ):
        unit = measure[1]
        texts.append(divided[1])
    keys = [text for text in dict.fromkeys(texts) if text]
    flat = [re.sub(r"[()]", "", key) for key in keys]
    return tuple((key, unit) for key in dict.fromkeys([*keys, *flat]) if key)


def _without_qualifiers(plain: str) -> tuple[str, str]:
    """Return a title without the brackets that say how to fill it in, and the unit that one of them names."""
    unit = ""

    def kept(bracket: re.Match[str]) -> str:
        nonlocal unit
        inner, named = bracket[1], ""
        for part in re.split(r"[,;、]", inner):
            measure = UNIT.fullmatch(part)
            if measure is not None and not named:
                named = measure[1]
            elif measure is not None or not _QUALIFIER.fullmatch(part):
                return bracket[0]
        # Two brackets with two units contradict each other: both stay, and nothing is known by such a title.
        if named and unit and named != unit:
            return bracket[0]
        unit = named or unit
        return ""

    return _BRACKET.sub(kept, plain).strip(_MARKS), unit


def says_unit_only(text: str) -> bool:
    """Whether a text is nothing but a unit or a qualifier in brackets, such as （单位：万元） above a table."""
    return bool(text) and not _without_qualifiers(normal(text).translate(_DASHES))[0]


def is_qualifier(text: str) -> bool:
    """Whether a text says how to fill a column in: 必填, 文本, 18位, yyyy-mm-dd."""
    parts = [part for part in re.split(r"[,;、/]", normal(text)) if part]
    return bool(parts) and all(_QUALIFIER.fullmatch(part) for part in parts)


@lru_cache(maxsize=1 << 14)
def title_parts(title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a title of several parts may mean: as one name, and as names of which each means the same.

    证件号码(法定代表人) is one name, 法定代表人证件号码; 法定代表人/负责人 and 法定代表人(负责人) are two.
    """
    if len(title) > LONGEST_TITLE_CHARS:
        return (), ()
    text, _ = _without_qualifiers(normal(title).translate(_DASHES))
    brackets = _BRACKET.findall(text)
    if len(brackets) == 1:
        before, _, rest = text.partition("(")
        inner, _, after = rest.partition(")")
        joined = (inner + before + after,)
        names = (before + after, *(part + after for part in _alternatives(inner)))
        return joined, tuple(filter(None, names))
    names = _alternatives(text)
    return (), names if len(names) > 1 else ()


def _alternatives(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split("[/|、;或]", text)))
