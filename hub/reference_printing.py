"""Percentiles (分位) and the references behind them as lines and tables, in Chinese, for people at a terminal."""

from collections.abc import Sequence

from rich.console import Console

from hub.printing import grid
from queries.references import PeerStanding
from rules.rating.model import Basis
from rules.reference.cells import LEAST_PEERS, Cell
from rules.reference.reference import Reference
from rules.size.industry import section_names

BASIS = {Basis.PUBLIC: "公开信息", Basis.AUTHORISED: "授权信息"}
_SHOWN_PERCENTS = (10, 25, 50, 75, 90)


def standing_text(standing: PeerStanding) -> str:
    """Return where a rating stands among its peers, in one line, or why nothing is said of it."""
    placement, reference, cell = standing.placement, standing.reference, standing.cell
    placed = f"{_sector(placement.sector, '行业不详')}·{placement.size}"
    if not placement.is_there:
        return "分位：不排分位（未登记，或已吊销、注销、撤销、迁出）"
    if reference is None:
        return f"分位：本模型尚无基准（{placed}）"
    if cell is None or standing.percentile is None:
        why = f"基准内不足 {LEAST_PEERS} 户" if reference.rated < LEAST_PEERS else "没有可比的等级"
        return f"分位：{why}（{placed}，{_month(reference)}）"
    # What the enterprise itself is, where the cell is a wider one.
    own = "" if cell.sector and cell.size else f"，本企业为{placed}，同类不足 {LEAST_PEERS} 户"
    return f"分位：高于{_cell(cell)}共 {cell.enterprises:,} 户中的 {standing.percentile}%（{_month(reference)}{own}）"


def print_references(console: Console, references: Sequence[Reference]) -> None:
    """Print the cells of the references, with some of their quantiles."""
    for reference in references:
        console.print(
            f"{reference.model}：{_month(reference)}，截至 {reference.as_of.isoformat()}，"
            f"依据{BASIS[reference.basis]}，{reference.rated:,} 户，内容 {reference.hash[:12]}",
            style="bold", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        heads = [f"{one}%" for one in _SHOWN_PERCENTS]
        table = grid("行业", "规模", "户数", *heads, right=("户数", *heads))
        for cell in reference.cells:
            spread = [str(cell.quantiles[one - 1]) for one in _SHOWN_PERCENTS]
            table.add_row(_sector(cell.sector, "全部"), cell.size or "全部", f"{cell.enterprises:,}", *spread)
        console.print(table if table.row_count else f"不足 {LEAST_PEERS} 户，没有可比的同类", highlight=False)
    if not references:
        console.print("还没有基准（`credithub rating reference make`）", highlight=False)


def _cell(cell: Cell) -> str:
    if not cell.sector:
        return "全部已评价企业"
    if not cell.size:
        return f"同行业（{_sector(cell.sector, '')}）"
    return f"同行业同规模（{_sector(cell.sector, '')}·{cell.size}）"


def _sector(letter: str, otherwise: str) -> str:
    return section_names().get(letter, otherwise)


def _month(reference: Reference) -> str:
    return f"{reference.since.year} 年 {reference.since.month} 月基准"
