"""What recipients sent back, as tables, in Chinese, for people at a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console

from catalogue.times import business_date
from hub.printing import grid
from portal.words import DUTY_STATES, LOAN_OUTCOMES
from rules.outcomes.reported import LoanOutcomeKind
from rules.release.receipts import DutyState


def print_deletions(console: Console, duties: Sequence[Mapping[str, Any]]) -> None:
    """Print what becomes of what was delivered by consents that ended, a line each."""
    table = grid("授权书编号", "机构", "企业", "终止日", "状态", "最迟回执", "依法留存")
    for one in duties:
        state = DUTY_STATES[DutyState(one["state"])] + ("（已逾期）" if one["overdue"] else "")
        kept = f"{one['law']}{one['article']}，至 {one['retained_until']}" if one["retained_until"] else "–"
        ended = business_date(datetime.fromisoformat(one["ended_at"]))
        table.add_row(one["consent"], one["recipient"], one["subject"], str(ended), state, one["due_by"] or "–", kept)
    console.print(table if duties else "没有须回执的授权")


def print_outcome_totals(console: Console, totals: Sequence[Mapping[str, Any]]) -> None:
    """Print totals, a line each month and recipient: of each kind the number, and the sum where it has amounts."""
    names = [LOAN_OUTCOMES[kind] for kind in LoanOutcomeKind]
    table = grid("月份", "机构", *names, "首贷", right=(*names, "首贷"))
    for one in totals:
        cells = [_cell(one["counts"].get(kind, 0), one["amounts_cny"].get(kind)) for kind in LoanOutcomeKind]
        table.add_row(one["month"], one["recipient"], *cells, str(one["first_loans"]))
    console.print(table if totals else "没有机构报送过结果")


def _cell(count: int, amount: str | None) -> str:
    return f"{count}" if amount is None else f"{count} / {Decimal(amount):,.2f}元"
