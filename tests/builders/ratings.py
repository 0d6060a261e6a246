"""Models and messages of the rating, made for tests."""

import pickle
from collections.abc import Mapping
from datetime import date
from typing import Any

from processing.output import InputMessage
from rules.rating.model import Basis, Card, Dimension, Direction, Model, Segment, Veto, hash_of
from rules.rating.schedule import ModelVersion, Role

INDIVIDUALS = Segment("individual", "个体工商户", 500, ("92",))
SEGMENTS = ("individual", "others")


def model(name: str = "small", *, penalty: int = 600) -> Model:
    """Return a model of two cards: penalties, which cost ``penalty`` points, and capital, which may be unknown."""
    cards = (
        Card(
            "penalties_36m", "处罚", "次", ("administration.penalty",), Direction.DOWN, (1_000_000, 3_000_000),
            dict.fromkeys(SEGMENTS, (600, 600 - penalty // 2, 600 - penalty)), 0, {}, "受过处罚", "守法",
        ),
        Card(
            "registered_capital", "资本", "元", ("market.registration",), Direction.UP, (100_000_000,),
            dict.fromkeys(SEGMENTS, (0, 400)), None, dict.fromkeys(SEGMENTS, 100), "较少", "增资",
        ),
    )  # fmt: skip
    vetoes = (
        Veto("listed", "在名单中", "serious_violation_current", ("dishonest.serious_violation",), 1_000_000, "差"),
    )
    segments = (INDIVIDUALS, Segment("others", "其他", 500))
    thresholds = {"优": 800, "良": 600, "中": 400}
    return Model(name, "例", Basis.PUBLIC, segments, thresholds, (Dimension("one", "一", cards),), vetoes)


def version(
    number: int = 1, of: Model | None = None, role: Role = Role.RULING, since: date = date(2026, 1, 1)
) -> ModelVersion:
    """Return a version of a model."""
    said = of or model()
    text = said.text()
    return ModelVersion(number, said.id, role, since, text, hash_of(text), ("甲", "乙"))


def version_value(of: ModelVersion) -> dict[str, Any]:
    """Return the decoded message of a version."""
    return {
        "number": of.number, "model": of.model, "role": of.role.value, "since": of.since, "content": of.content,
        "hash": of.hash, "approved_by": list(of.approved_by),
    }  # fmt: skip


def message(offset: int, value: Mapping[str, Any]) -> InputMessage:
    """Return a message that ``decoded`` reads."""
    return InputMessage(offset, pickle.dumps(dict(value)))


def decoded(raw: bytes) -> Mapping[str, Any]:
    """Return what a message says: these tests need no registry."""
    from catalogue.errors import PoisonMessage

    try:
        value: Mapping[str, Any] = pickle.loads(raw)
    except Exception as exc:
        raise PoisonMessage("It cannot be read.") from exc
    return value
