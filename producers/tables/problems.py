"""Why a cell or a row cannot be taken: a stable code for counting, and words that a clerk can act on."""

from dataclasses import dataclass
from enum import StrEnum

from catalogue.errors import HubError


class ReasonCode(StrEnum):
    """The stable codes of reasons in ``rejected.v1`` and ``unresolved.v1``; a code never changes its meaning.

    New ones may come: whoever counts them must pass over a code that it does not know.
    """

    # one cell
    REQUIRED = "REQUIRED"  # a required cell is empty
    EXCEL_ERROR = "EXCEL_ERROR"  # a formula without a result, such as #N/A
    TOO_LONG = "TOO_LONG"  # a text that is longer than a field may be
    DIGITS_LOST = "DIGITS_LOST"  # a program wrote a long number in scientific notation, or zeros for its last digits
    DATE_FOR_CODE = "DATE_FOR_CODE"  # a date or a time of day where a number or code belongs
    CODE_UNKNOWN = "CODE_UNKNOWN"  # a code that its list does not have
    NOT_A_DATE = "NOT_A_DATE"  # no date, month, year or time
    DATE_IMPLAUSIBLE = "DATE_IMPLAUSIBLE"  # a year before 1850 or after 2200
    DATE_ZERO = "DATE_ZERO"  # the day that a program writes for no day: 1899-12-30, 1900-01-01
    NOT_YET = "NOT_YET"  # the time of the information lies ahead
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_WHOLE = "NOT_WHOLE"  # a fraction where a whole number belongs
    OUT_OF_RANGE = "OUT_OF_RANGE"  # a number too large to be true
    TOO_PRECISE = "TOO_PRECISE"  # more decimal places than the field keeps
    UNIT_UNKNOWN = "UNIT_UNKNOWN"  # a unit that is none of the field's
    UNIT_MISSING = "UNIT_MISSING"  # an amount whose unit nothing states
    FOREIGN_CURRENCY = "FOREIGN_CURRENCY"  # an amount in a currency that the item has no column for
    PERCENT_OR_SHARE = "PERCENT_OR_SHARE"  # nobody can tell 0.5 from 0.5 %
    NOT_A_BOOLEAN = "NOT_A_BOOLEAN"  # neither 是 nor 否
    USCC_INVALID = "USCC_INVALID"  # no unified social credit code (GB 32100-2015)
    ID_NUMBER_INVALID = "ID_NUMBER_INVALID"  # no number of any identity document
    ID_NUMBER_MASKED = "ID_NUMBER_MASKED"  # a number with asterisks
    CODE_FORM_INVALID = "CODE_FORM_INVALID"  # a code that has not the form of its column's kind
    PHONE_INVALID = "PHONE_INVALID"
    EMAIL_INVALID = "EMAIL_INVALID"
    # the added columns
    UNKNOWN_FLAG = "UNKNOWN_FLAG"  # 增删改标志
    BAD_PERIOD = "BAD_PERIOD"  # 所属期
    BAD_REGION = "BAD_REGION"  # 区划代码
    # the whole row
    NO_SUBJECT = "NO_SUBJECT"  # no column says whom the row is about
    NO_TIME = "NO_TIME"  # neither a date nor a period
    NO_MAIN_ROW = "NO_MAIN_ROW"  # a detail whose row in the main sheet is missing
    TOO_MANY_CELLS = "TOO_MANY_CELLS"  # more cells than the header has titles
    TOO_FEW_CELLS = "TOO_FEW_CELLS"  # fewer cells than every other row: one is missing, those behind it have shifted
    OTHER_HEADER = "OTHER_HEADER"  # it stands below a second header, whose columns are in another order
    SAMPLE_OR_RECORD = "SAMPLE_OR_RECORD"  # it is marked as a sample, and names an enterprise
    ROW_TOO_LONG = "ROW_TOO_LONG"  # more than a message may hold
    # the subject is not known yet: such rows wait in unresolved.v1
    NATURAL_PERSON = "NATURAL_PERSON"  # a person's number where an enterprise's code belongs
    OLD_CODE = "OLD_CODE"  # only an old registration number or organisation code
    NO_CODE = "NO_CODE"  # a name, and no code at all
    OTHER_CODE = "OTHER_CODE"  # an old code in the column of the unified one; OLD_CODE once the row waits


class ValueProblem(HubError):
    """One cell does not hold what its column asks for. The message is Chinese and never repeats personal data."""

    def __init__(self, code: ReasonCode, message: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One reason: ``field`` is "" for the whole row, ``column`` the title as the file has it."""

    field: str
    column: str
    code: ReasonCode
    message: str
    remedy: str


def other_header(row_no: int) -> RowProblem:
    """Return the problem of a row below a second header, whose columns are in another order."""
    message = f"第{row_no}行又有一个表头，列的次序与前面不同"
    return RowProblem("", "", ReasonCode.OTHER_HEADER, message, "请把不同列序的部分分成两个表报送")


def without_main_row(sheet: str) -> RowProblem:
    """Return the problem of a detail whose main row is missing; ``sheet``: that of the details."""
    return RowProblem(
        "",
        sheet,
        ReasonCode.NO_MAIN_ROW,
        f"“{sheet}”中的这一行，主表里没有对应的记录",
        "请核对户号、统一社会信用代码，或在主表中补上",
    )


def too_many_cells() -> RowProblem:
    """Return the problem of a row with more cells than the header has."""
    # A comma inside of a value that has no quotes: all behind it stand in wrong columns.
    remedy = "内容里有逗号的格，请加引号后重新报送"
    return RowProblem("", "", ReasonCode.TOO_MANY_CELLS, "这一行的格数比表头多", remedy)


def too_few_cells() -> RowProblem:
    """Return the problem of a row with fewer cells than any other."""
    remedy = "请核对这一行是否少了一格（空的格也要保留分隔符）"
    return RowProblem("", "", ReasonCode.TOO_FEW_CELLS, "这一行的格数比表头少，后面的内容可能错了列", remedy)


def not_yet(title: str) -> RowProblem:
    """Return the problem of a time that has not come; ``title``: its column."""
    remedy = "请核对年份；之后的更正会被晚的日期盖住"
    return RowProblem("", title, ReasonCode.NOT_YET, f"“{title}”晚于今天", remedy)
