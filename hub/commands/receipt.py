"""``credithub receipt ID``: a receipt again, and the rows that were not taken as a workbook to be mended."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bus.avro.registry import Registry
from bus.crypto.cipher import Cipher
from bus.crypto.fingerprints import checked_keys
from bus.users import PUSH
from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.clerk_commands import ClerkCommand
from hub.intake import intake_config
from hub.receipts import print_receipt
from hub.returned_workbook import write_returned
from hub.settings import bus_config, load_settings
from hub.terminal import Terminal, echo
from producers.submissions.ledger import LedgerReader, submission_of
from producers.submissions.progress import SubmissionProgress, SubmissionState
from producers.submissions.receipts import ReceiptFolder, SubmissionReceipt
from producers.submissions.returned_rows import read_returned

_OUTPUT_HELP = "把退回的、主体待定的行写成这个 .xlsx 文件：原来的列，旁边是原因；改好后直接报送。"
_Output = Annotated[Path | None, typer.Option("-o", "--output", help=_OUTPUT_HELP)]


def receipt(
    submission_id: Annotated[str, typer.Argument(metavar="ID", help="回执编号，见报送时的回执。")],
    output: _Output = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出。")] = False,
) -> None:
    settings, catalogue = load_settings(), load_catalogue()
    config = bus_config(settings, PUSH)
    with closing(Registry(config)) as registry:
        progress = _progress(LedgerReader(config, registry), submission_id)
        if output is not None:
            item = catalogue.item(progress.item)
            cipher = Cipher(checked_keys(config, registry, settings.keys))
            rows = read_returned(config, registry, cipher, submission_id)
            if not rows:
                echo("没有退回的行，也没有主体待定的行。", err=True)
                return
            write_returned(output, item, progress, rows)
            echo(f"{output}：{len(rows)}行。改好后报送：credithub push {output} --unit {progress.unit}", err=True)
            return
    shown = ReceiptFolder(intake_config(settings).receipts).told(
        SubmissionReceipt(submission_of(progress), progress.counts(), SubmissionState(progress.state))
    )
    if as_json:
        echo(json.dumps(shown.to_json(), ensure_ascii=False))
    else:
        print_receipt(Terminal(soft_wrap=True), shown, catalogue)


def _progress(reader: LedgerReader, submission_id: str) -> SubmissionProgress:
    with closing(reader):
        progress = reader.refresh().get(submission_id)
    if progress is None:
        raise UsageError(f"没有编号为“{submission_id}”的报送。", remedy="请照回执第一行抄写编号。")
    return progress


def register(app: typer.Typer) -> None:
    """Add ``receipt`` to the application."""
    text = "再看一次回执，或用 -o 导出退回的、主体待定的行（由持有密钥的机器解密），改好后重新报送。"
    app.command("receipt", cls=ClerkCommand, help=text)(receipt)
