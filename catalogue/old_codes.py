"""The codes that enterprises had before the unified one, each with the check that it carries itself."""

import re
from enum import StrEnum
from typing import NamedTuple

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from catalogue.identifiers import normalised, organization_code

_ORGANISATION = re.compile(r"[0-9A-Z]{8}[0-9X]")
_TAX_NUMBER = re.compile(r"([1-9][0-9]{5})([0-9A-Z]{8}[0-9X])")
_REGISTRATION = re.compile(r"[0-9]{15}")


class CodeKind(StrEnum):
    """What an old code is."""

    ORGANISATION = "organisation"  # 组织机构代码, GB 11714: the 9th to 17th character of the unified code
    REGISTRATION = "registration"  # 工商注册号 of fifteen digits, GS 15-2006
    OTHER = "other"  # one without a check of its own, such as a 工商注册号 of thirteen digits


class OldCode(NamedTuple):
    """An old code. ``certain``: its own check holds, and it can be taken for no other kind of code."""

    kind: CodeKind
    text: str
    certain: bool


def old_code(text: str) -> OldCode | None:
    """Return the old code that a text writes; None for one that its own check refutes, and for none at all.

    A tax number is its region and the organisation's code; of fifteen digits it may as well be a 工商注册号 of which
    a digit is wrong, so that the name has to agree.
    """
    code = normalised(text).replace("-", "")
    if not code:
        return None
    if _ORGANISATION.fullmatch(code):
        return OldCode(CodeKind.ORGANISATION, code, certain=True) if _is_organisation(code) else None
    if _REGISTRATION.fullmatch(code) and _is_registration(code):
        return OldCode(CodeKind.REGISTRATION, code, certain=True)
    tax_number = _TAX_NUMBER.fullmatch(code)
    if tax_number is not None:
        own = tax_number[2]
        return OldCode(CodeKind.ORGANISATION, own, certain=not code.isdigit()) if _is_organisation(own) else None
    return OldCode(CodeKind.OTHER, code, certain=False)


def _is_organisation(code: str) -> bool:
    try:
        return bool(organization_code(code))
    except ValueError:
        return False


def _is_registration(code: str) -> bool:
    try:
        return bool(mod_11_10.validate(code))
    except ValidationError:
        return False
