"""The push that never ends: ``python -m tests.chaos.feed SEED ROWS_PER_S FOLDER FIRST_DAY``, until ``FOLDER/enough``.

Between files it is the clock, too, and tells the streams the next day. How far it came stands in ``FOLDER/fed.json``.
Killed at any moment it goes on with the file that was not finished, as a clerk would: the same file again.
"""

import itertools
import json
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bus.business_date import publish_business_date
from bus.users import ADMIN
from catalogue.errors import HubError
from connectors.files.source import FileSource
from hub.intake import intake_config
from hub.log_lines import log_to_stderr
from hub.settings import bus_config, load_settings
from hub.stack.status import write_json
from producers.submissions.options import Options
from producers.submissions.session import Session
from tests.chaos.events import Piece, day_after, pieces, write_piece

_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Fed:
    """How many files were pushed to their end, and how many rows those had."""

    files: int = 0
    rows: int = 0


def read_fed(folder: Path) -> Fed:
    """Return how far the feed of a folder came."""
    place = folder / "fed.json"
    return Fed(**json.loads(place.read_text("utf-8"))) if place.exists() else Fed()


def feed(seed: int, rows_per_s: float, folder: Path, first_day: date) -> None:
    """Push file after file, no faster than asked."""
    said: date | None = None
    settings = load_settings()
    fed = read_fed(folder)
    todo = itertools.islice(pieces(seed, first_day), fed.files, None)
    piece = next(todo)
    while True:
        try:
            with closing(Session(intake_config(settings), Options())) as session:
                while True:
                    begun = time.monotonic()
                    day = day_after(fed.files, first_day)
                    if day != said:
                        publish_business_date(bus_config(settings, ADMIN), day)
                        said = day
                    if (folder / "enough").exists():
                        return
                    _push(session, piece, folder)
                    fed = Fed(fed.files + 1, fed.rows + len(piece.rows))
                    write_json(folder / "fed.json", asdict(fed))
                    time.sleep(max(0.0, len(piece.rows) / rows_per_s - (time.monotonic() - begun)))
                    piece = next(todo)
        except HubError as exc:
            print(f"{time.strftime('%H:%M:%S')} file {fed.files} again: {exc}", flush=True)
            time.sleep(_AGAIN_S)


def _push(session: Session, piece: Piece, folder: Path) -> None:
    file = write_piece(piece, folder)
    for receipt in session.push(FileSource(file)):
        if receipt.counts.accepted + receipt.counts.duplicates != len(piece.rows):
            raise SystemExit(f"not every row was taken: {json.dumps(receipt.to_json(), ensure_ascii=False)}")


if __name__ == "__main__":
    log_to_stderr("feed")
    feed(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4]))
