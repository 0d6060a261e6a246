"""Cells that hold a subject's or a person's code; the check digits are checked."""

import re
from collections.abc import Callable, Mapping

from catalogue import identifiers
from catalogue.model import CodeForm, Field, FieldType
from catalogue.titles import normal
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.texts import to_code

FORM_CHECKS: Mapping[CodeForm | None, Callable[[str], str]] = {
    CodeForm.ORGANIZATION: identifiers.organization_code,
    CodeForm.REGISTRATION: identifiers.registration_number,
    CodeForm.INSTITUTION: identifiers.institution_number,
    CodeForm.CITIZEN: identifiers.id_number,
}
_MOST_SHOWN = 6
_OTHER_DOCUMENT = re.compile(r"[0-9A-Z()\-·]{5,30}|.*[\u4e00-\u9fff].*\d+.*")


def listed_code_converter(field: Field) -> Callable[[Cell], str | None]:
    """Return the conversion to a code or a meaning of the field's list.

    Stays as it is written what the list has, and what has the form of codes that the list may lack. Numerals lose
    their leading zeros where the list has none; other words for a meaning become it.
    """
    codes = field.codes or {}
    known = {normal(written): written for code, meaning in codes.items() for written in (meaning, code)}
    for code, meaning in codes.items():
        for joined in (f"{code}{meaning}", f"{code}-{meaning}", f"{code}.{meaning}", f"{code}:{meaning}",
                       f"{code}、{meaning}", f"{meaning}({code})", f"{code}({meaning})"):  # fmt: skip
            known.setdefault(normal(joined), code)
    for word, code in (field.code_words or {}).items():
        known.setdefault(normal(word), codes[code])
    known.update({number: code for code in codes if (number := code.lstrip("0")) and number not in known})
    form = re.compile(field.codes_form) if field.codes_form else None
    shown = "、".join(list(codes.values())[:_MOST_SHOWN]) + ("…" if len(codes) > _MOST_SHOWN else "")

    meanings = frozenset(codes.values())

    def listed(cell: Cell) -> str | None:
        if cell in meanings:
            return str(cell)  # 未知 is a meaning in some lists
        text = to_code(cell)
        if text is None or text in codes:
            return text
        key = normal(text)
        code = known.get(key) or known.get(key.lstrip("0"))
        if code is None and (form is None or not form.fullmatch(text)):
            raise ValueProblem(ReasonCode.CODE_UNKNOWN, "所填内容不在这一列的代码表中", f"请按代码表填写，如：{shown}")
        return code or text

    return listed


def to_uscc(cell: Cell) -> str | None:
    """Return a unified social credit code, normalised."""
    text = to_code(cell)
    if text is None:
        return None
    try:
        return identifiers.uscc(text)
    except ValueError as exc:
        code = identifiers.normalised(text)
        if identifiers.looks_like_id_number(code):
            raise natural_person() from None
        raise ValueProblem(ReasonCode.USCC_INVALID, str(exc), "请按营业执照核对统一社会信用代码") from None


def natural_person() -> ValueProblem:
    """Return the problem of an ID number in a column that is not protected."""
    return ValueProblem(
        ReasonCode.NATURAL_PERSON, "这一列出现自然人的公民身份号码", "请核对主体；自然人的证件号码只能填在证件号码列"
    )


def form_converter(form: CodeForm) -> Callable[[Cell], str | None]:
    """Return the conversion of a column of codes that all have one form, by which a slip between columns is seen."""
    check = FORM_CHECKS[form]

    def convert(cell: Cell) -> str | None:
        text = to_code(cell)
        if text is None:
            return None
        try:
            check(text)
        except ValueError as exc:
            if identifiers.looks_like_id_number(identifiers.normalised(text)):
                raise natural_person() from None
            raise ValueProblem(ReasonCode.CODE_FORM_INVALID, str(exc), "请核对号码，或改填到对应的列") from None
        return text

    return convert


def to_id_number(cell: Cell) -> str | None:
    """Return a person's or a company's number as its document has it."""
    text = to_code(cell)
    if text is None:
        return None
    number = identifiers.normalised(text)
    if "*" in number:
        raise ValueProblem(
            ReasonCode.ID_NUMBER_MASKED, "证件号码已脱敏，无法核验", "请提供完整的证件号码，平台会加密保存"
        )
    bare = number[:-1] if number.endswith("X") else number
    try:
        if bare.isdigit() and len(number) > 9:
            return number if identifiers.is_uscc(number) else identifiers.id_number(number)
        if len(number) == 18 and number[:2].isdigit():
            return identifiers.uscc(number)  # a lender's or a company's code stands here too
    except ValueError as exc:
        raise ValueProblem(ReasonCode.ID_NUMBER_INVALID, str(exc), "请按证件核对号码") from None
    if not _OTHER_DOCUMENT.fullmatch(number):
        raise ValueProblem(ReasonCode.ID_NUMBER_INVALID, "不像任何一种证件的号码", "请按证件核对号码")
    return number


def has_check_digit(field: Field) -> bool:
    """Whether a lost digit of the field's codes is seen by a check, at most one in eleven passing it by chance."""
    return field.type in (FieldType.USCC, FieldType.ID_NUMBER) or field.form is not None
