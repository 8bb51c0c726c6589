"""Train, validation and test: decided once, on all people of a dataset, before any task filters recordings."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import ConfigurationError
from .guards import bare_id, is_evaluation, reserved_subjects
from .identity import merge
from .schema import Row
from .spec import DatasetSpec, Stratum

DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


@dataclass(frozen=True)
class SplitSpec:
    """How a dataset is split.

    Args:
        name: ``subject`` (no person on two sides, stratified, deterministic) or ``official`` (as the authors
            published it, where they did; SPRSound's shares people between train and the intra-subject test).
        fractions: share of the people per split, summing to 1; ``subject`` only.
        stratify: columns to balance; None takes the dataset's own, () none.
        seed: another seed gives another split.
        allow_leakage: let a split that shares people or audio through; it must be asked for.

    Raises:
        ConfigurationError: unknown name, or fractions that do not sum to 1.

    Example:
        >>> SplitSpec(fractions={"train": 0.8, "test": 0.2}).seed
        0
    """

    name: str = "subject"
    fractions: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_FRACTIONS))
    stratify: tuple[str, ...] | None = None
    seed: int = 0
    allow_leakage: bool = False

    def __post_init__(self) -> None:
        if self.name not in ("subject", "official"):
            raise ConfigurationError(f"no split {self.name!r}", remedy="choose 'subject' or 'official'")
        shares = list(self.fractions.values())
        if not all(share > 0 for share in shares) or not abs(sum(shares) - 1) <= 1e-9:  # NaN fails both
            raise ConfigurationError(
                f"fractions {dict(self.fractions)} are not positive shares that sum to 1", remedy="correct them"
            )
        if not all(split.isidentifier() for split in self.fractions):
            raise ConfigurationError(f"split names {list(self.fractions)}", remedy="use plain words")

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits of a ``subject`` split, in order."""
        return tuple(self.fractions)


def assign(
    rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, digests: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Decide the split of every recording.

    People whose recordings are byte-identical are kept on one side, like one person. Reserved people go to ``test``.

    Args:
        rows: every recording that the dataset's tables list.
        spec: the dataset.
        split: how to split.
        digests: recording id -> SHA-256 of its audio, as far as known.

    Returns:
        recording id -> split. An ``official`` split lacks the recordings of reserved people that its authors put in
        training.

    Raises:
        ConfigurationError: the dataset cannot be split this way.
    """
    if split.name == "official":
        return _official(rows, spec)
    if not spec.has_subject_ids:
        raise ConfigurationError(
            "the distribution does not say who is who, so it cannot be split by subject", where=spec.name
        )
    person = _people(rows, digests or {})
    strata = _strata(rows, spec, split, person)
    reserved = {
        person[row["recording_id"]]
        for row in rows
        if bare_id(row["subject_id"], spec.name) in reserved_subjects(spec.name)
    }
    chosen = assign_people(strata, split.fractions, seed=split.seed, forced_to_test=reserved)
    return {row["recording_id"]: chosen[person[row["recording_id"]]] for row in rows}


def assign_people(
    strata: Mapping[str, object],
    fractions: Mapping[str, float],
    *,
    seed: int = 0,
    forced_to_test: Iterable[str] = (),
) -> dict[str, str]:
    """Split people so that every stratum is divided by the fractions, to within one person per split.

    Inside a stratum people are ordered by a hash of seed and id, so neither the order of the table nor other people
    move anybody; what a small stratum cannot divide is evened out by the next ones.

    Args:
        strata: person -> stratum.
        fractions: split -> share.
        seed: of the order.
        forced_to_test: people who must stand in ``test``. They count towards its share; where they exceed it the
            other splits share the remaining people in proportion.

    Returns:
        person -> split.

    Raises:
        ConfigurationError: people are forced to a test split that the fractions lack.

    Example:
        >>> people = {f"p{n}": n < 5 for n in range(10)}
        >>> list(assign_people(people, {"train": 0.6, "test": 0.4}).values()).count("test")
        4
    """
    forced = set(forced_to_test) & set(strata)
    if forced and "test" not in fractions:
        raise ConfigurationError(
            f"{len(forced)} reserved subjects may only stand in 'test', and the fractions name none",
            remedy="add a 'test' share",
        )
    exact = {name: Fraction(share).limit_denominator(10**6) for name, share in fractions.items()}
    shares = {name: share / sum(exact.values()) for name, share in exact.items()}
    members: dict[str, list[str]] = defaultdict(list)
    for person, stratum in strata.items():
        members[str(stratum)].append(person)
    owed = dict.fromkeys(shares, Fraction(0))  # what rounding has kept from each split so far
    chosen = dict.fromkeys(forced, "test")
    for _, people in sorted(members.items()):
        free = sorted((person for person in people if person not in forced), key=lambda name: _order(name, seed))
        fixed = len(people) - len(free)
        quota = _quota(shares, len(people), fixed)
        counts = _round(quota, owed)
        for name, count in counts.items():
            owed[name] += quota[name] - count
        if fixed:
            counts["test"] -= fixed
        places = [name for name, count in counts.items() for _ in range(count)]
        chosen |= dict(zip(free, places, strict=True))
    return chosen


def split_sha256(assignment: Mapping[str, str]) -> str:
    """Name a split by its content: SHA-256 over the sorted (recording id, split) pairs.

    Example:
        >>> split_sha256({"b": "test", "a": "train"}) == split_sha256({"a": "train", "b": "test"})
        True
    """
    lines = "".join(f"{recording}\t{split}\n" for recording, split in sorted(assignment.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _quota(shares: Mapping[str, Fraction], people: int, fixed: int) -> dict[str, Fraction]:
    """People per split, unrounded; never fewer in test than the ``fixed`` ones who must stand there."""
    quota = {name: share * people for name, share in shares.items()}
    if fixed and quota["test"] < fixed:
        rest = 1 - shares["test"]
        quota = {name: share / rest * (people - fixed) for name, share in shares.items()}
        quota["test"] = Fraction(fixed)
    return quota


def _round(quota: Mapping[str, Fraction], owed: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole numbers next to the quotas, with the same sum; the splits that are owed most are rounded up."""
    counts = {name: int(wanted) for name, wanted in quota.items()}
    left = round(sum(quota.values()) - sum(counts.values()))
    wanting = [name for name, wanted in quota.items() if wanted > counts[name]]
    by_debt = sorted(wanting, key=lambda name: owed[name] + quota[name] - counts[name], reverse=True)
    for name in by_debt[:left]:
        counts[name] += 1
    return counts


def _order(person: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\t{person}".encode()).hexdigest()


def _people(rows: Sequence[Row], digests: Mapping[str, str]) -> dict[str, str]:
    """Recording id -> who is to be kept on one side: the subject, or several that share an identical recording."""
    first: dict[str, str] = {}
    links: list[tuple[str, str]] = []
    for row in rows:
        digest = digests.get(row["recording_id"])
        if digest:
            links.append((first.setdefault(digest, row["subject_id"]), row["subject_id"]))
    same = merge((row["subject_id"] for row in rows), links)
    return {row["recording_id"]: same[row["subject_id"]] for row in rows}


def _strata(rows: Sequence[Row], spec: DatasetSpec, split: SplitSpec, person: Mapping[str, str]) -> dict[str, object]:
    chosen = spec.strata if split.stratify is None else tuple(_named(rows, spec, name) for name in split.stratify)
    values: dict[str, list[set[str]]] = defaultdict(lambda: [set() for _ in chosen])
    for row in rows:
        seen = values[person[row["recording_id"]]]
        for index, stratum in enumerate(chosen):
            seen[index].add(str(row[stratum.column]))
    return {
        who: tuple(_level(stratum, found) for stratum, found in zip(chosen, seen, strict=True))
        for who, seen in values.items()
    }


def _level(stratum: Stratum, found: set[str]) -> int:
    return next((index for index, level in enumerate(stratum.levels) if found & set(level)), len(stratum.levels))


def _named(rows: Sequence[Row], spec: DatasetSpec, column: str) -> Stratum:
    for stratum in spec.strata:
        if stratum.column == column:
            return stratum
    if any(column not in row for row in rows):
        raise ConfigurationError(f"no column {column!r} to stratify by", where=spec.name)
    return Stratum(column, tuple((value,) for value in sorted({str(row[column]) for row in rows})))


def _official(rows: Sequence[Row], spec: DatasetSpec) -> dict[str, str]:
    if not spec.official:
        raise ConfigurationError(
            "its authors published no split", where=spec.name, remedy="use SplitSpec(name='subject')"
        )
    reserved = reserved_subjects(spec.name)
    return {
        row["recording_id"]: row["official_split"]
        for row in rows
        if is_evaluation(row["official_split"]) or bare_id(row["subject_id"], spec.name) not in reserved
    }
