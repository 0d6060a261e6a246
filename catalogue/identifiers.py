"""Identifiers that carry their own check: 统一社会信用代码 and 公民身份号码.

Both are normalised first, as clerks write them full-width, in lower case and with blanks.
"""

import functools
import re
import unicodedata
from typing import NewType

from stdnum.cn import ric as _ric
from stdnum.cn import uscc as _uscc
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError

Uscc = NewType("Uscc", str)

_ORGANIZATION = re.compile(r"[0-9A-Z]{8}[0-9X]")
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_REGISTRATION = re.compile(r"[0-9]{13}|[0-9]{15}|企.{1,12}字第[0-9]{1,8}号")
_INSTITUTION = re.compile(r"[0-9]{12}|事证第[0-9]{12}号")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)")
_IN_TEXT = re.compile(r"(?<![0-9A-Za-z])[1-8][0-9]{16}[0-9Xx](?![0-9A-Za-z])")


def normalised(text: str) -> str:
    """Return a code without blanks, half-width and in upper case."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return "".join(text.split()).upper()


# A file names the same few thousand enterprises again and again.
@functools.lru_cache(maxsize=1 << 16)
def _checked(code: str) -> Uscc:
    found = Uscc(_uscc.validate(code))
    # By chance one citizen's number in 31 has the check character of a code, too. No citizen's number begins with 9, as
    # enterprises' codes do; of an institution's code hardly any has a day of birth and the other check digit.
    if not found.startswith("9") and looks_like_id_number(found):
        raise ValueError("这是自然人的公民身份号码，不是统一社会信用代码")
    return found


def uscc(text: str) -> Uscc:
    """Return the 统一社会信用代码 that ``text`` writes.

    Raises ValueError, in Chinese and without the number, when it is none, or a natural person's number. Source: GB
    32100-2015.
    """
    code = normalised(text).replace("-", "")
    try:
        return _checked(code)
    except InvalidLength:
        raise ValueError(f"统一社会信用代码应为18位，这里是{len(code)}位") from None
    except InvalidChecksum:
        raise ValueError("统一社会信用代码的校验码不对，请核对是否有字符录错") from None
    except InvalidFormat:
        raise ValueError("统一社会信用代码含有不允许的字符（不使用 I、O、S、V、Z）") from None


def is_uscc(text: str) -> bool:
    """Whether a text is a 统一社会信用代码, its check digit included."""
    try:
        uscc(text)
    except ValueError:
        return False
    return True


def id_number(text: str) -> str:
    """Return the 公民身份号码 that ``text`` writes.

    The region is not looked up: counties are renamed and dissolved, their people keep their numbers.
    Raises ValueError, in Chinese and without the number. Source: GB 11643-1999.
    """
    number = normalised(text)
    if len(number) != 18:
        raise ValueError(f"公民身份号码应为18位，这里是{len(number)}位")
    if not (number[:17].isdigit() and number.isascii()) or number[17] not in "0123456789X":
        raise ValueError("公民身份号码应为17位数字加1位校验码")
    try:
        _ric.get_birth_date(number)
    except ValidationError:
        raise ValueError("公民身份号码中的出生日期不存在") from None
    if _ric.calc_check_digit(number) != number[17]:
        raise ValueError("公民身份号码的校验码不对，请核对是否有数字录错")
    return number


def organization_code(text: str) -> str:
    """Return the 组织机构代码 that ``text`` writes, without its hyphen.

    Raises ValueError, in Chinese, when it is none. Source: GB 11714-1997.
    """
    code = normalised(text).replace("-", "")
    if not _ORGANIZATION.fullmatch(code):
        raise ValueError("组织机构代码应为8位数字或大写字母加1位校验码")
    rest = -sum(weight * int(char, 36) for weight, char in zip(_ORGANIZATION_WEIGHTS, code, strict=False)) % 11
    if code[-1] != ("X" if rest == 10 else str(rest)):
        raise ValueError("组织机构代码的校验码不对，请核对是否有字符录错")
    return code


def registration_number(text: str) -> str:
    """Return the 工商注册号 that ``text`` writes: 13 digits before 2007, 15 since, or a foreign enterprise's.

    The 15th digit is not checked: many numbers were carried over from the old form without it.
    Raises ValueError, in Chinese, when it is none. Source: 工商行政管理市场主体注册号编制规则 (工商办字〔2007〕79号).
    """
    number = normalised(text)
    if not _REGISTRATION.fullmatch(number):
        raise ValueError("工商注册号应为13位或15位数字")
    return number


def institution_number(text: str) -> str:
    """Return the 事业单位证书号 that ``text`` writes: 12 digits, with or without 事证第…号.

    Raises ValueError, in Chinese, when it is none.
    """
    number = normalised(text)
    if not _INSTITUTION.fullmatch(number):
        raise ValueError("事业单位证书号应为12位数字")
    return number


def looks_like_id_number(text: str) -> bool:
    """Whether ``text`` holds a natural person's ID number, alone or among other words."""
    if len(text) < 18:
        return False
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    spaced = _IN_TEXT.search(text)
    if spaced is None and len(text) <= 40:
        text = "".join(text.split())
    return any(_is_person(found.group()) for found in _IN_TEXT.finditer(text))


def looks_like_mobile(text: str) -> bool:
    """Whether ``text`` holds a mobile's number, alone or among other words."""
    return _MOBILE.search(text) is not None


def _is_person(number: str) -> bool:
    if not "1850" <= number[6:10] <= "2099":
        return False
    try:
        id_number(number)
    except ValueError:
        return False
    return True
