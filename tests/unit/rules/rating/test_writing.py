"""A written model is read as the same model."""

from datetime import date
from pathlib import Path

import pytest

from rules.indicators.definitions import load_indicators
from rules.rating.loading import FirstVersion, load_model, load_models
from rules.rating.schedule import Role
from rules.rating.writing import model_file


@pytest.mark.parametrize("name", sorted(load_models()))
def test_the_shipped_models_come_back(name: str, tmp_path: Path) -> None:
    shipped = load_models()[name]
    first = FirstVersion(Role.SHADOW, date(2026, 7, 1), ("甲", "乙"))
    path = tmp_path / f"{name}.yaml"
    path.write_text(model_file(shipped.model, first, ("一行说明",)), "utf-8")
    found = load_model(path, {one.id: one for one in load_indicators()})
    assert found.model == shipped.model
    assert found.model.text() == shipped.model.text()
    assert found.first == first
