from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data.population import PLOT, count_people, draw_people


def row(subject: str | None, age: float | None = None, group: str | None = None, sex: str | None = None):
    return {"subject_id": subject, "age": age, "age_group": group, "sex": sex}


def test_a_person_counts_once_with_what_is_known_of_them():
    rows = [row("a"), row("a", 5.0), row("a", sex="male"), row("b", group="Child"), row(None, 3.0)]
    assert count_people(rows) == {("2-5", "male"): 1, ("Child", "unknown"): 1}


def test_nothing_is_drawn_where_nothing_is_known(tmp_path: Path):
    pytest.importorskip("matplotlib")
    assert not draw_people(tmp_path, {("unknown", "unknown"): 9}) and not (tmp_path / PLOT).exists()
    assert draw_people(tmp_path, {("2-5", "male"): 1, ("unknown", "unknown"): 3}) and (tmp_path / PLOT).stat().st_size


@pytest.mark.parametrize("group", [r"$\frac{a$", "x" * 100_000, "a\nb", "<b>"])
def test_groups_are_drawn_as_they_are_written(tmp_path, group):
    assert draw_people(tmp_path, {(group, "male"): 1, ("2-5", "female"): 1})
    assert (tmp_path / PLOT).stat().st_size < 100_000
    assert not draw_people(tmp_path, {(f"{group}{number}", "male"): 1 for number in range(41)})
