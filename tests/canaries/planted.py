"""Everything that is planted in a run, and the facts by which it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bus.business_date import today
from simulation.enterprises import Enterprise
from tests.canaries.canary import Canary, Mint, Phase
from tests.canaries.city import City, Files
from tests.canaries.deposited import Deposits, Mistakes
from tests.canaries.plan import CONSENTING, world_of
from tests.canaries.rights import World


@dataclass(frozen=True, slots=True)
class Planted:
    """The departments' files by the phase in which they are pushed, what persons sign, what is asked wrongly."""

    enterprises: tuple[Enterprise, ...]
    files: Mapping[Phase, Files]
    deposits: Deposits
    mistakes: Mistakes
    world: World

    @property
    def subjects(self) -> list[str]:
        """The enterprises' codes, by their numbers."""
        return [one.uscc for one in self.enterprises]

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return sum(files.rows for files in self.files.values())

    @property
    def canaries(self) -> list[Canary]:
        """All canaries."""
        in_files = [canary for files in self.files.values() for canary in files.canaries]
        return [*in_files, *self.deposits.canaries, *self.mistakes.canaries]


def plant_everything(folder: Path, seed: int) -> Planted:
    """Write the departments' files below a folder; the same seed plants the same on the same day."""
    mint, day = Mint(seed), today()
    city = City(seed, mint, day, CONSENTING)
    codes = [one.uscc for one in city.enterprises]
    files = {phase: city.write(phase, folder / phase.name.lower()) for phase in (Phase.FIRST, Phase.SECOND)}
    return Planted(
        city.enterprises, files, Deposits(mint, dict(enumerate(codes))), Mistakes(mint), world_of(codes, day)
    )
