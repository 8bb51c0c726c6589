"""Train, validation and test: decided once, on all people of a dataset, before any task filters recordings."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ..errors import ConfigurationError, DataError
from .families import demographic, one_out
from .guards import is_evaluation, is_reserved
from .identity import known_as, with_and_without_letters
from .people import assign_people, people_of, strata_of
from .schema import Row
from .spec import DatasetSpec
from .split_spec import SplitPlan, SplitSpec

_NAMED = 10
"""So many examples a warning names."""
NO_SUBJECT = "no subject id: a subject overlap cannot be ruled out"


def plan(
    rows: Sequence[Row],
    spec: DatasetSpec,
    split: SplitSpec,
    digests: Mapping[str, str] | None = None,
    twins: Iterable[tuple[str, str]] = (),
) -> SplitPlan:
    """Decide the split of every recording.

    People whose recordings are byte-identical or sound alike are kept on one side, like one person. Reserved people go
    to ``test``; where a family has none, or its authors put them in training, they are withheld. So are recordings
    without a subject id, except in the test parts of a published split.

    Args:
        rows: every recording that the dataset's tables list.
        spec: the dataset.
        split: how to split.
        digests: recording id -> SHA-256 of its audio, as far as known.
        twins: pairs of recording ids that sound alike.

    Raises:
        ConfigurationError: the dataset cannot be split this way.
    """
    warnings: tuple[str, ...] = () if spec.has_subject_ids else (spec.subject_warning,)
    if split.prefixed_ids is None and (pairs := with_and_without_letters(row["subject_id"] for row in rows)):
        named = ", ".join(f"{one} and {other}" for one, other in pairs[:_NAMED]) + (", …" if pairs[_NAMED:] else "")
        warnings += (
            f"{len(pairs)} bare numbers are subject ids after letters too ({named}): they are taken for two people "
            "each; say which they are (SplitSpec(prefixed_ids=True) or False, --prefixed-ids same or different)",
        )
    person = people_of(rows, digests, twins, prefixed_ids=bool(split.prefixed_ids))
    # A person of whom one id is reserved is called by it, so that whoever meets the others alone knows.
    locked: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row["subject_id"])):
        if is_reserved(row["subject_id"], spec.name):
            locked.setdefault(person[row["recording_id"]], row["subject_id"])
    person = {name: locked.get(who, who) for name, who in person.items()}
    reserved = set(locked.values())
    if split.name in ("official", "published"):
        found = _given(rows, spec, split, person, reserved)
        return replace(found, warnings=warnings, people=person)
    unknown = {row["recording_id"]: NO_SUBJECT for row in rows if known_as(row["subject_id"]) is None}
    rows = [row for row in rows if row["recording_id"] not in unknown]
    if split.name == "subject":
        strata = strata_of(rows, spec, split.stratify, person)
        chosen = assign_people(strata, split.fractions, seed=split.seed, forced_to_test=reserved)
        splits = {row["recording_id"]: chosen[person[row["recording_id"]]] for row in rows}
        found = SplitPlan(splits, tuple(split.fractions))
    elif split.name == "demographic":
        found = demographic(rows, spec, split, person, reserved)
    else:
        found = one_out(rows, spec, split, person, reserved)
    return replace(found, withheld={**found.withheld, **unknown}, warnings=warnings, people=person)


def assign(
    rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, digests: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Decide the split of every recording, recording id -> split; see :func:`plan`."""
    return dict(plan(rows, spec, split, digests).splits)


def split_sha256(assignment: Mapping[str, str]) -> str:
    """Name a split by its content: SHA-256 over the sorted (recording id, split) pairs.

    Example:
        >>> split_sha256({"b": "test", "a": "train"}) == split_sha256({"a": "train", "b": "test"})
        True
    """
    lines = "".join(f"{recording}\t{split}\n" for recording, split in sorted(assignment.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _given(
    rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, person: Mapping[str, str], reserved: Collection[str]
) -> SplitPlan:
    """Take a split that somebody published, without the reserved people that it trains on."""
    if split.name == "official":
        if not spec.official:
            raise ConfigurationError(
                "its authors published no split", where=spec.name, remedy="use SplitSpec(name='subject')"
            )
        given = {row["recording_id"]: row["official_split"] for row in rows}
        if rows and not any(given.values()):
            raise ConfigurationError(
                "this copy lacks the authors' split", where=spec.name, remedy="add its file, or split by subject"
            )
        here = set(given.values())  # a download may lack the test set of a later year
        if unknown := here - {None, *spec.official}:
            raise DataError(
                f"parts {sorted(unknown)} are not of the authors' split", where=spec.name, remedy="download it again"
            )
        names, leaks = tuple(part for part in spec.official if part in here), spec.official_leaks
    else:
        published = spec.published.get(str(split.paper))
        if published is None:
            known = ", ".join(sorted(spec.published)) or "none"
            raise ConfigurationError(
                f"no published split {split.paper!r}", where=spec.name, remedy=f"reproducible ones: {known}"
            )
        given, names, leaks = dict(published.assign(rows)), published.names, published.leaks
    disjoint = split.name == "published" and spec.published[str(split.paper)].disjoint
    last: dict[str, int] = defaultdict(int)
    for name, part in given.items():
        if part is not None:
            last[person[name]] = max(last[person[name]], names.index(part))
    splits, withheld = {}, {}
    for row in rows:
        name = row["recording_id"]
        part = given.get(name)
        if part is None:
            withheld[name] = "not in this split"
        elif disjoint and names.index(part) < last[person[name]]:
            withheld[name] = "the person, or who shares audio with them, stands in a later part too"
        elif is_evaluation(part):
            splits[name] = part
        elif known_as(row["subject_id"]) is None:
            withheld[name] = NO_SUBJECT
        elif person[name] in reserved:
            withheld[name] = "reserved test subject, or who shares audio with one, in a training part"
        else:
            splits[name] = part
    return SplitPlan(splits, names, withheld, leaks=leaks)
