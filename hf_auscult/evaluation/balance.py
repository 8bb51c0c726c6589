"""Age x sex strata in which every class has as many people: COVID-19 without its demographics (arXiv 2511.14939)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.families import age_band
from ..data.people import order
from ..errors import DataError

BANDS = (18, 30, 40, 50, 60)
"""First years of the age bands after the first; the report does not state its own."""


@dataclass(frozen=True, eq=False)
class Balance:
    """Which rows remain.

    Args:
        rows: positions of the rows that stay, rising.
        strata: (rows,) name of each one's stratum, e.g. ``30-39 female``.
        table: stratum and class -> people before and after.
    """

    rows: NDArray[np.int64]
    strata: NDArray[np.str_]
    table: tuple[Mapping[str, Any], ...]


def balance(
    rows: Sequence[Mapping[str, Any]],
    labels: Sequence[int],
    subjects: Sequence[str],
    split: Sequence[str],
    classes: Sequence[str],
    *,
    bands: Sequence[int] = BANDS,
    seed: int = 0,
) -> Balance:
    """Leave people out until, in every split, each stratum of age band and sex holds as many of every class.

    Only people whose age, sex and label are known, and the same in all their recordings, can stay.

    Args:
        rows: metadata with ``age`` in years (or ``age_group``) and ``sex``.
        labels, subjects, split: of each row.
        classes: names of the classes.
        bands: first years of the age bands after the first.
        seed: who stays.

    Raises:
        DataError: no stratum has people of every class.

    Example:
        >>> people = [{"age": 25, "sex": "female"}] * 3
        >>> balance(people, [0, 1, 1], ["a", "b", "c"], ["train"] * 3, ["no", "yes"]).table[1]["before"]
        2
    """
    traits: dict[str, set[tuple[str | None, str | None, int, str]]] = defaultdict(set)
    for row, label, who, part in zip(rows, labels, subjects, split, strict=True):
        band = age_band(row.get("age"), bands) or row.get("age_group")
        traits[who].add((band, row.get("sex"), label, part))
    members: dict[tuple[str, str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for who, found in traits.items():
        band, sex, label, part = next(iter(found))
        if len(found) == 1 and band is not None and sex is not None:
            members[part, band, sex][label].append(who)
    home: dict[str, str] = {}
    table = []
    for part, band, sex in sorted(members):
        groups = members[part, band, sex]
        size = min(len(groups[label]) for label in range(len(classes)))
        for label, name in enumerate(classes):
            chosen = sorted(groups[label], key=lambda who: order(who, seed))[:size]
            home |= dict.fromkeys(chosen, f"{band} {sex}")
            counts = {"before": len(groups[label]), "after": size}
            table.append({"split": part, "age": band, "sex": sex, "label": name, **counts})
    if not home:
        known = sum(row.get("sex") is not None and row.get("age") is not None for row in rows)
        raise DataError(
            f"no stratum of age and sex has people of every class (age and sex known in {known} of {len(rows)} rows)",
            remedy="use the unbalanced task, or wider age bands",
        )
    kept = [row for row, who in enumerate(subjects) if who in home]
    strata = np.array([home[subjects[row]] for row in kept])
    return Balance(np.array(kept, np.int64), strata, tuple(table))
