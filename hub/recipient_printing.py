"""Recipients as tables, files and JSON, for people at a terminal and for programs."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from rich.console import Console

from catalogue.load import load_catalogue
from catalogue.model import Item
from hub.printing import grid
from rules.release.labels import current_labels
from rules.release.recipient_files import definition_yaml
from rules.release.recipient_messages import RecipientVersion
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind

_KINDS = {
    RecipientKind.BANK: "银行",
    RecipientKind.INSURER: "保险公司",
    RecipientKind.GUARANTOR: "担保机构",
    RecipientKind.CREDIT_SERVICE: "征信机构",
}


def print_recipients(console: Console, versions: Iterable[RecipientVersion]) -> None:
    """Print the recipients, one a line."""
    table = grid("机构", "", "类型", "信息分类", "范围", "版本", right=("版本",))
    for one in versions:
        definition, number = one.definition, f"{one.version}（已移除）" if one.is_removed else str(one.version)
        categories = "全部" if definition.categories is None else f"{len(definition.categories)} 类"
        table.add_row(
            definition.id, definition.zh, _KINDS[definition.kind], categories, portfolio_text(definition.portfolio),
            number,
        )  # fmt: skip
    console.print(table)


def portfolio_text(portfolio: Portfolio) -> str:
    """Return of which enterprises a recipient is told, in Chinese."""
    parts = [
        text
        for text, holds in (
            ("全部企业", portfolio.is_all),
            ("名单内企业", portfolio.is_list),
            ("已授权企业", portfolio.is_consenting),
            (f"登记于 {'、'.join(sorted(portfolio.districts))} 的企业", bool(portfolio.districts)),
        )
        if holds
    ]
    return "，或".join(parts)


def recipient_text(version: RecipientVersion, day: date) -> str:
    """Return a file that says who it is, with notes of its version and of what providers permit on a day."""
    notes = [f"第 {version.version} 版" + ("，已移除" if version.is_removed else "")]
    notes += [
        f"经企业授权后可提供：{item.id} {item.zh}（数据提供单位许可至 {last.isoformat()}）"
        for item, last in permitted_until(version.definition, day)
    ]
    return "".join(f"# {note}\n" for note in notes) + definition_yaml(version.definition)


def recipient_json(version: RecipientVersion) -> dict[str, Any]:
    """Return a version for JSON, without the key of its handles."""
    return {
        "id": version.recipient,
        "version": version.version,
        "is_removed": version.is_removed,
        "definition": json.loads(version.definition.text()),
    }


def permitted_until(definition: RecipientDefinition, day: date) -> Iterator[tuple[Item, date]]:
    """Yield the items whose providers let a recipient have what enterprises consent to, with the last day of it."""
    labels = current_labels()
    for item in load_catalogue().items:
        last = labels.permitted_until(item.id, definition.kind, day)
        if last is not None and definition.takes(item.category):
            yield item, last
