"""Who is in a dataset: people by age and sex, counted, and drawn where matplotlib is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..plots.style import styled
from .families import age_band
from .schema import Row

PLOT = "population.png"
_LIFE = ("neonate", "infant", "toddler", "child", "adolescent", "young adult", "adult", "elderly")
BANDS = (2, 6, 12, 18, 30, 40, 50, 60, 70, 80)  # first years: ages of childhood, then decades

MOST_GROUPS = 40  # of the dataset's own; more are no groups, and nobody could read their names


def count_people(rows: Sequence[Row]) -> Counter[tuple[str, str]]:
    """Count people by (age, sex): the age band where the age is known, else the dataset's own group.

    A person counts once, with the first known value of each; recordings without a subject id do not count.
    """
    people: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["subject_id"] is None:
            continue
        traits = people.setdefault(row["subject_id"], {"age": None, "age_group": None, "sex": None})
        for name in traits:
            if traits[name] is None:
                traits[name] = row[name]
    return Counter(
        (age_band(who["age"], BANDS) or who["age_group"] or "unknown", who["sex"] or "unknown")
        for who in people.values()
    )


def draw_people(folder: Path, counts: Mapping[tuple[str, str], int]) -> bool:
    """Draw people by age and sex into ``population.png``; says whether it could, and anything is known of them."""
    if find_spec("matplotlib") is None or set(counts) <= {("unknown", "unknown")}:
        return False
    ages = sorted({age for age, _ in counts}, key=age_order)
    if len(ages) > MOST_GROUPS:
        return False
    _draw(folder / PLOT, ages, counts)
    return True


@styled
def _draw(file: Path, ages: Sequence[str], counts: Mapping[tuple[str, str], int]) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7.5, 3), layout="constrained")
    axes = figure.subplots()
    bottom, places = [0] * len(ages), range(len(ages))
    # Colour-blind safe (Okabe-Ito).
    for sex, colour in (("female", "#E69F00"), ("male", "#0072B2"), ("unknown", "#999999")):
        heights = [counts.get((age, sex), 0) for age in ages]
        if any(heights):
            axes.bar(places, heights, bottom=bottom, label=sex, color=colour)
            bottom = [one + other for one, other in zip(bottom, heights, strict=True)]
    axes.set(xlabel="age (years, or the dataset's own groups)", ylabel="people")
    axes.set_xticks(places, [age if len(age) <= 20 else f"{age[:19]}…" for age in ages])
    axes.tick_params(axis="x", rotation=30 if len(ages) > 6 else 0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(title="sex", frameon=False, loc="outside right upper")
    figure.savefig(file, dpi=110, metadata={"Software": None})


def age_order(age: str) -> tuple[int, str]:
    """Sort key of an age band or group: groups that have a name by life, then others, then "unknown".

    Example:
        >>> sorted(["Child", "unknown", "10-19", "Neonate", "2-5"], key=age_order)
        ['2-5', '10-19', 'Neonate', 'Child', 'unknown']
    """
    head = age.split("-")[0].rstrip("+")
    if head.isdigit():
        return int(head), ""
    word = age.strip().lower()
    return (1000 + _LIFE.index(word) if word in _LIFE else 2000 + (word == "unknown"), age)
