"""Split families beside train/validation/test by person: one out at a time, and balanced over age and sex."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any

from ..errors import ConfigurationError
from .people import assign_people, order
from .schema import Row
from .spec import DatasetSpec
from .split_spec import SplitPlan, SplitSpec

RESERVED = "reserved test subject: every split of this family is trained on in turn"


def one_out(
    rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, person: Mapping[str, str], reserved: Collection[str]
) -> SplitPlan:
    """Make one split a person (``loso``) or a source (``leave_one_source_out``); each is the test of the others.

    A person heard in several sources stays with the one that has most of their recordings; the others are withheld.
    Reserved people are withheld altogether: whichever split is tested, the others are trained on.

    Raises:
        ConfigurationError: no such column, or fewer than two splits.
    """
    source = {row["recording_id"]: person[row["recording_id"]] for row in rows}
    if split.by is not None:
        absent = [row["recording_id"] for row in rows if split.by not in row]
        if absent:
            columns = sorted(set(rows[0]) - {"path", "recording_id", "subject_id"})
            raise ConfigurationError(f"no column {split.by!r}", where=spec.name, remedy=f"columns: {columns}")
        source = {row["recording_id"]: str(row[split.by]) for row in rows if row[split.by] is not None}
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for name, where in source.items():
        heard[person[name]][where] += 1
    home = {who: min(found, key=lambda where: (-found[where], where)) for who, found in heard.items()}
    names = _names(
        "subject" if split.by is None else split.by, {home[who] for who in home if who not in reserved}, spec
    )
    splits, withheld = {}, {}
    for row in rows:
        name = row["recording_id"]
        who = person[name]
        if who in reserved:
            withheld[name] = RESERVED
        elif name not in source:
            withheld[name] = f"{split.by} unknown"
        elif source[name] != home[who]:
            withheld[name] = f"its person is in split {names[home[who]]}"
        else:
            splits[name] = names[source[name]]
    if len(set(splits.values())) < 2:
        raise ConfigurationError("fewer than two splits remain", where=spec.name, remedy="choose another family")
    used = set(splits.values())
    return SplitPlan(splits, tuple(name for name in sorted(names.values()) if name in used), withheld)


def _names(prefix: str, values: Collection[str], spec: DatasetSpec) -> dict[str, str]:
    """Split names that the datasets library accepts, one a value."""
    names = {
        value: re.sub(r"\W+", "_", f"{prefix}_{value.removeprefix(f'{spec.name}:')}").strip("_").lower()
        for value in sorted(values)
    }
    used: set[str] = set()
    for value, name in names.items():
        free = (name if number == 0 else f"{name}_{number}" for number in count())
        names[value] = next(one for one in free if one not in used)
        used.add(names[value])
    return names


def demographic(
    rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, person: Mapping[str, str], reserved: Collection[str]
) -> SplitPlan:
    """Balance a task's classes within every stratum of age band and sex by leaving people out, then split by person.

    Only people whose age, sex and label are all known, and the same in all their recordings, are used. In a stratum
    every class keeps as many people as its rarest class has; who stays follows from the seed. Reserved people stand in
    ``test`` and are chosen first.

    Raises:
        ConfigurationError: the task has no classes, or no one remains.
    """
    task = spec.task(str(split.task))
    if task.column is None or task.target != "class" or task.segments is not None:
        raise ConfigurationError(f"task {task.name!r} has no class per recording", where=spec.name)
    labelled = {row["recording_id"]: row["label"] for row in task.select(rows)[0]}
    traits: dict[str, set[tuple[Any, Any, Any]]] = defaultdict(set)
    for row in rows:
        name = row["recording_id"]
        if name in labelled:
            # A dataset that gives groups instead of years is balanced by its own groups.
            band = age_band(row["age"], split.age_bands) or row.get("age_group")
            traits[person[name]].add((band, row["sex"], labelled[name]))
    reasons: dict[str, str] = {}
    members: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for who, found in traits.items():
        band, sex, label = min(found, key=str)
        if len(found) > 1:
            reasons[who] = "age band, sex or label differ between the person's recordings"
        elif band is None or sex is None:
            reasons[who] = "age or sex unknown"
        else:
            members[band, sex][label].append(who)
    strata: dict[str, tuple[str, str, int]] = {}
    table: list[dict[str, Any]] = []
    for band, sex in sorted(members):
        classes = members[band, sex]
        size = min(len(classes[label]) for label in range(len(task.classes)))
        for label, name in enumerate(task.classes):
            ranked = sorted(classes[label], key=lambda who: (who not in reserved, order(who, split.seed)))
            strata |= dict.fromkeys(ranked[:size], (band, sex, label))
            reasons |= dict.fromkeys(ranked[size:], "left out to balance its stratum")
            table.append({"age": band, "sex": sex, "label": name, "before": len(ranked), "after": size})
    if not strata:
        raise ConfigurationError(
            "no stratum of age and sex has people of every class", where=spec.name, remedy="use wider age bands"
        )
    chosen = assign_people(strata, split.fractions, seed=split.seed, forced_to_test=set(reserved) & set(strata))
    splits, withheld = {}, {}
    for row in rows:
        name = row["recording_id"]
        who = person[name]
        if name not in labelled:
            withheld[name] = f"task {task.name} does not use it"
        elif who in chosen:
            splits[name] = chosen[who]
        else:
            withheld[name] = reasons[who]
    return SplitPlan(splits, tuple(split.fractions), withheld, table=tuple(table))


def age_band(age: float | None, bands: Sequence[int]) -> str | None:
    """Name the band of an age in years.

    Example:
        >>> age_band(29.9, (18, 30, 60)), age_band(75, (18, 30, 60)), age_band(3, (18, 30, 60))
        ('18-29', '60+', '0-17')
    """
    if age is None or not 0 <= age < 130:
        return None
    edges = [0, *bands]
    index = max(position for position, edge in enumerate(edges) if age >= edge)
    return f"{edges[index]}-{edges[index + 1] - 1}" if index + 1 < len(edges) else f"{edges[index]}+"
