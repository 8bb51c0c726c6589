"""Which recordings may enter a training corpus: none of held-out or reserved subjects, or with their audio."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..errors import LeakageError
from .duplicates import Words, find_twins
from .guards import assert_no_reserved, is_evaluation, is_reserved, is_training
from .identity import known_as
from .people import order, people_of

Key = tuple[str, str]
"""Dataset and recording id."""

NO_SUBJECT = "no subject id: it may be of a test person"


@dataclass(frozen=True)
class Recording:
    """One recording of a prepared dataset.

    Args:
        key: dataset and recording id.
        subject: subject id, None where it is unknown.
        split: where the prepared dataset has it.
        sha256: of its file.
        words: its fingerprint.
        person: whom its dataset keeps on one side with it.
    """

    key: Key
    subject: str | None
    split: str
    sha256: str
    words: Words
    person: str | None = None


def together(recordings: Sequence[Recording]) -> tuple[dict[Key, str], dict[Key, set[Key]]]:
    """Find the subject of every recording over all datasets, and the recordings that sound like it.

    Whoever shares a file or a take counts as one person, directly or through others.
    """
    keys = {"\t".join(item.key): item.key for item in recordings}
    twins = find_twins({"\t".join(item.key): item.words for item in recordings})
    rows = [
        {"recording_id": "\t".join(item.key), "subject_id": item.subject, "person": item.person} for item in recordings
    ]
    digests = {"\t".join(item.key): item.sha256 for item in recordings}
    person = people_of(rows, digests, [(pair.one, pair.other) for pair in twins])
    alike: dict[Key, set[Key]] = defaultdict(set)
    for pair in twins:
        alike[keys[pair.one]].add(keys[pair.other])
        alike[keys[pair.other]].add(keys[pair.one])
    return {keys[name]: who for name, who in person.items()}, alike


def barred(
    recordings: Sequence[Recording], person: Mapping[Key, str], alike: Mapping[Key, Collection[Key]]
) -> dict[Key, str]:
    """Say why a recording may not be trained on; those that may are absent.

    Args:
        recordings: of all prepared datasets given.
        person, alike: see :func:`together`.
    """
    reasons: dict[Key, str] = {}
    tested = {known_as(item.subject) for item in recordings if not is_training(item.split)} - {None}
    for item in recordings:
        dataset = item.key[0]
        if not is_training(item.split):
            reasons[item.key] = "in a test split" if is_evaluation(item.split) else "not in a training part"
        elif known_as(item.subject) is None:
            reasons[item.key] = NO_SUBJECT
        if is_reserved(item.subject, dataset):
            reasons[item.key] = "reserved test subject"
        elif item.key not in reasons and known_as(item.subject) in tested:
            reasons[item.key] = "its person is in a test split"
    # A recording without a subject id is left out, but bars no other: only test and reserved subjects do.
    theirs = {key for key, reason in reasons.items() if reason != NO_SUBJECT}
    bytes_of = {item.sha256 for item in recordings if item.key in theirs}
    people = {person[key] for key in theirs}
    for item in recordings:
        if item.key in reasons or person[item.key] not in people:
            continue
        if item.sha256 in bytes_of:
            reasons[item.key] = "byte-identical to a test recording"
        elif theirs & set(alike.get(item.key, ())):
            reasons[item.key] = "sounds like a test recording"
        else:
            reasons[item.key] = "its person shares audio with a test person"
    return reasons


def places(
    recordings: Sequence[Recording], person: Mapping[Key, str], members: Sequence[str], share: float, seed: int
) -> dict[Key, str]:
    """Put the recordings that may be trained on into train or validation, every person into one of the two.

    A dataset's own validation people are validation; of a dataset without any, a share of its people is.

    Args:
        recordings: those that are not barred.
        person: see :func:`together`.
        members: datasets of the corpus.
        share: of the people of a dataset without a validation split.
        seed: of the choice.
    """
    held: set[str] = set()
    inside = [item for item in recordings if item.key[0] in members]
    for name in members:
        own = [item for item in inside if item.key[0] == name]
        named = {person[item.key] for item in own if item.split == "validation"}
        people = sorted({person[item.key] for item in own}, key=lambda who: order(who, seed))
        held |= named or set(people[: round(share * len(people))])
    return {item.key: "validation" if person[item.key] in held else "train" for item in inside}


def check_corpus(name: str, recordings: Sequence[Recording], placed: Mapping[Key, str]) -> None:
    """Check a corpus as if nothing had been left out of it.

    Raises:
        LeakageError: a reserved subject, a recording without a subject id, a subject or sound of a test split, or a
            person or sound in both parts.
    """
    inside = [item for item in recordings if item.key in placed]
    for dataset in sorted({item.key[0] for item in inside}):
        assert_no_reserved((item.subject for item in inside if item.key[0] == dataset), dataset, use=f"corpus {name}")
    sides: dict[str, set[str]] = defaultdict(set)
    for item in recordings:
        for mark in filter(None, (known_as(item.subject), f"the bytes {item.sha256}")):
            sides[mark] |= _sides(item, placed)
    prints = {"\t".join(item.key): item for item in recordings if item.key in placed or not is_training(item.split)}
    for pair in find_twins({key: item.words for key, item in prints.items()}):
        for key in (pair.one, pair.other):
            sides[f"{pair.one} ~ {pair.other}".replace("\t", "/")] |= _sides(prints[key], placed)
    shared = sorted(mark for mark, found in sides.items() if len(found) > 1)
    if shared:
        raise LeakageError(
            f"{len(shared)} people or sounds of test or of both parts: {', '.join(shared[:10])}",
            where=f"corpus {name}",
            remedy="report this: the corpus should have left them out",
        )


def _sides(item: Recording, placed: Mapping[Key, str]) -> set[str]:
    """Where a recording stands: its part of the corpus, and test where its dataset tests on it."""
    inside = {placed[item.key]} if item.key in placed else set()
    return inside | (set() if is_training(item.split) else {"test"})
