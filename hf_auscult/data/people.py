"""Who is kept on one side, and how people are dealt out to splits."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..errors import ConfigurationError
from .identity import known_as, merge, without_letters
from .schema import Row
from .spec import DatasetSpec, Stratum

_UNKNOWN = "\uffff"
"""Begins the name of an unknown person: it sorts after every subject id, so a known person keeps their name."""


def people_of(
    rows: Sequence[Row],
    digests: Mapping[str, str] | None = None,
    twins: Iterable[tuple[str, str]] = (),
    *,
    prefixed_ids: bool = False,
) -> dict[str, str]:
    """Say of every recording who is to be kept on one side.

    Args:
        rows: recordings with their ``subject_id``, spelled in any way; None where it is unknown.
        digests: recording id -> SHA-256 of its audio: whoever shares a file counts as one person.
        twins: pairs of recording ids that sound alike (see ``duplicates``): so do their people.
        prefixed_ids: whether ``7`` and ``P7`` are one person.

    Returns:
        recording id -> the smallest subject id of all that belong together, directly or through others: a
        recording without subject id that sounds like two people's makes one person of the two.
    """
    digests = digests or {}
    first: dict[tuple[str, str], str] = {}
    links: list[tuple[str, str]] = []
    node: dict[str, str] = {}
    for row in rows:
        name = row["recording_id"]
        known, digest = known_as(row["subject_id"]), digests.get(name)
        node[name] = row["subject_id"] if known else f"{_UNKNOWN}{name}"
        # What an earlier look at more recordings has found to be one person stays one.
        for kind, value in (("id", known), ("id", known_as(row.get("person"))), ("bytes", digest)):
            if value:
                value = without_letters(value) if prefixed_ids and kind == "id" else value
                links.append((first.setdefault((kind, value), node[name]), node[name]))
    links += [(node[one], node[other]) for one, other in twins if one in node and other in node]
    same = merge(node.values(), links)
    return {name: same[who] for name, who in node.items()}


def with_people(rows: Sequence[Row], person: Mapping[str, str]) -> list[Row]:
    """Add the column ``person`` of what :func:`people_of` found; None for a recording that is nobody's."""
    named = ((row, person[row["recording_id"]]) for row in rows)
    return [{**row, "person": None if who.startswith(_UNKNOWN) else who} for row, who in named]


def person_of(row: Mapping[str, Any]) -> str:
    """Whom ``prepare`` keeps on one side with a recording, under however many ids.

    Example:
        >>> person_of({"subject_id": "circor:50001", "person": "circor:49561"}), person_of({"subject_id": "mine:7"})
        ('circor:49561', 'mine:7')
    """
    return str(row.get("person") or row["subject_id"])


def ids_of(row: Mapping[str, Any]) -> set[str]:
    """Every id under which a recording's person stands in its row."""
    return {str(row[name]) for name in ("subject_id", "person") if row.get(name)}


def strata_of(
    rows: Sequence[Row], spec: DatasetSpec, stratify: Sequence[str] | None, person: Mapping[str, str]
) -> dict[str, object]:
    """Give every person's stratum: the dataset's own traits, or the columns of ``stratify``."""
    chosen = spec.strata if stratify is None else tuple(_named(rows, spec, name) for name in stratify)
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


def assign_people(
    strata: Mapping[str, object],
    fractions: Mapping[str, float],
    *,
    seed: int = 0,
    forced_to_test: Iterable[str] = (),
) -> dict[str, str]:
    """Split people so that every stratum is divided by the fractions, to within one person per split.

    Inside a stratum people are ordered by a hash of seed and id, so neither the order of the table nor other people
    change a split; what a small stratum cannot divide is evened out by the next ones.

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
        free = sorted((person for person in people if person not in forced), key=lambda name: order(name, seed))
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


def order(person: str, seed: int) -> str:
    """Sort key that neither the table's order nor other people change."""
    return hashlib.sha256(f"{seed}\t{person}".encode()).hexdigest()
