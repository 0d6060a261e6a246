"""What a submission declares of itself as a whole, and where each of it was said."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Generic, Self, TypeVar

T = TypeVar("T", covariant=True)


class SubmissionMode(StrEnum):
    """What a submission says by leaving out."""

    FULL = "FULL"  # 全量: the unit has no other record of the item
    SET = "SET"  # each subject named has no other record of the item
    INCREMENTAL = "INCREMENTAL"  # nothing


class DeclaredIn(StrEnum):
    """Where a declaration was read; stable words, stored in the ledger."""

    OPTION = "OPTION"  # of the command
    TITLE = "TITLE"  # the cells above the table
    SHEET = "SHEET"  # the sheet's name
    FILE_NAME = "FILE_NAME"
    FOLDER = "FOLDER"  # the name of a folder that the file lies in
    COLUMN = "COLUMN"  # each row says it for itself
    CHANNEL = "CHANNEL"  # whoever opened the source knows it
    CATALOGUE = "CATALOGUE"  # the list's own rule, where nobody says otherwise
    NODE = "NODE"  # the setting of this node


PLACE_ZH: Mapping[DeclaredIn, str] = {
    DeclaredIn.OPTION: "命令选项",
    DeclaredIn.TITLE: "表上方的文字",
    DeclaredIn.SHEET: "工作表名",
    DeclaredIn.FILE_NAME: "文件名",
    DeclaredIn.FOLDER: "文件夹名",
    DeclaredIn.COLUMN: "各行的列",
    DeclaredIn.CHANNEL: "报送渠道",
    DeclaredIn.CATALOGUE: "清单的规定",
    DeclaredIn.NODE: "本平台的设置",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A text around a table that may declare something, and where it stands."""

    text: str
    place: DeclaredIn


@dataclass(frozen=True, slots=True)
class Declared(Generic[T]):
    """A declared value and where it was said; ``place`` is None where nothing was."""

    value: T
    place: DeclaredIn | None


@dataclass(frozen=True, slots=True)
class DeclarationOrigins:
    """Where each declaration of a submission was said; None: nowhere, or before origins were kept."""

    unit: DeclaredIn | None = None
    region: DeclaredIn | None = None
    mode: DeclaredIn | None = None
    period: DeclaredIn | None = None
    data_date: DeclaredIn | None = None

    def to_wire(self) -> dict[str, str]:
        """Return the origins that are known, by the declaration's name."""
        origins = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: place.value for name, place in origins.items() if place is not None}

    @classmethod
    def from_wire(cls, value: Mapping[str, str]) -> Self:
        """Return the origins that a decoded value has."""
        return cls(**{f.name: DeclaredIn(value[f.name]) for f in fields(cls) if f.name in value})
