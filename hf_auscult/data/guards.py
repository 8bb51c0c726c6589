"""Checks that refuse a leak: a person or a recording on both sides, or a locked test person in training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

from ..errors import DataError, LeakageError
from .duplicates import Twins
from .identity import known_as

_SHOWN = 10
EVALUATION_SPLITS = ("test",)
"""Reserved subjects may stand in these splits only; ``test_*`` counts as one too."""
_LISTED_AS = {"icbhi": "icbhi2017"}
"""Datasets that the list of reserved subjects calls otherwise."""


def assert_subject_disjoint(splits: Mapping[str, Iterable[str | None]]) -> None:
    """Refuse splits that share a person.

    Args:
        splits: split name -> subject id of each of its recordings.

    Raises:
        LeakageError: people stand in two splits; or a recording has no subject id, so an overlap cannot be ruled out.

    Example:
        >>> assert_subject_disjoint({"train": ["a", "a"], "test": ["b"]})
    """
    where: dict[str, set[str]] = defaultdict(set)
    spelled: dict[str, str] = {}
    for split, subjects in splits.items():
        for subject in subjects:
            known = known_as(subject)
            if known is None:
                raise LeakageError(
                    f"a recording of split {split!r} has no subject id, so a shared person cannot be ruled out",
                    remedy="give every recording a subject_id, or leave those recordings out",
                )
            where[known].add(split)
            spelled.setdefault(known, str(subject))
    _refuse({spelled[known]: found for known, found in where.items() if len(found) > 1}, "people")


def assert_no_shared_audio(splits: Mapping[str, Iterable[tuple[str, str]]]) -> None:
    """Refuse splits that share a byte-identical recording.

    Args:
        splits: split name -> (recording id, SHA-256 of the audio file) of each recording.

    Raises:
        LeakageError: the same bytes stand in two splits.

    Example:
        >>> assert_no_shared_audio({"train": [("a", "00")], "test": [("b", "11")]})
    """
    where: dict[str, set[str]] = defaultdict(set)
    names: dict[str, list[str]] = defaultdict(list)
    for split, recordings in splits.items():
        for recording, digest in recordings:
            if not digest:
                raise LeakageError(
                    f"recording {recording} of split {split!r} has no SHA-256, so identical audio cannot be ruled out",
                    remedy="prepare the dataset again",
                )
            where[digest].add(split)
            names[digest].append(recording)
    shared = {" = ".join(sorted(names[digest])): found for digest, found in where.items() if len(found) > 1}
    _refuse(shared, "byte-identical recordings")


def assert_no_twins(splits: Mapping[str, Iterable[str]], twins: Iterable[Twins]) -> None:
    """Refuse splits that share a take in two files that sound alike.

    Args:
        splits: split name -> ids of its recordings.
        twins: pairs that :func:`hf_auscult.data.duplicates.find_twins` found.

    Raises:
        LeakageError: a pair stands in two splits.

    Example:
        >>> assert_no_twins({"train": ["a"], "test": ["b"]}, [])
    """
    where = {recording: split for split, recordings in splits.items() for recording in recordings}
    shared = {
        f"{pair.one} ~ {pair.other}": {where[pair.one], where[pair.other]}
        for pair in twins
        if pair.one in where and pair.other in where and where[pair.one] != where[pair.other]
    }
    _refuse(shared, "pairs of recordings that sound alike")


def assert_no_reserved(subject_ids: Iterable[str | None], dataset: str, *, use: str = "training") -> None:
    """Refuse people of the locked test set outside a test split.

    Args:
        subject_ids: who is about to be used, with or without the dataset's prefix (``circor:13918`` or ``13918``).
        dataset: dataset the ids are of, e.g. ``circor``.
        use: what they would be used for, for the message.

    Raises:
        LeakageError: a reserved person is among them, or an id is missing.

    Example:
        >>> assert_no_reserved(["circor:23625"], "circor")
    """
    found: set[str] = set()
    for subject in subject_ids:
        if subject is None or known_as(subject) is None:
            raise LeakageError(
                "a recording has no subject id, so a reserved person cannot be ruled out",
                where=dataset,
                remedy="give every recording a subject_id, or leave those recordings out",
            )
        if is_reserved(subject, dataset):
            found.add(subject)
    if found:
        raise LeakageError(
            f"{len(found)} reserved test subjects would be used for {use}: {_listed(sorted(found))}",
            where=dataset,
            remedy="leave them out; they may stand in a test split only",
        )


def check_splits(
    recordings: Mapping[str, Sequence[Mapping[str, str]]],
    dataset: str,
    *,
    twins: Iterable[Twins] = (),
    people: Mapping[str, str] | None = None,
    allow_leakage: bool = False,
) -> None:
    """Run every guard on splits of prepared recordings.

    Args:
        recordings: split name -> rows with ``recording_id``, ``subject_id`` and ``audio_sha256``.
        dataset: dataset they are of.
        twins: pairs of recordings that sound alike, as far as they were looked for.
        people: recording id -> who is kept on one side, where that is known (``SplitPlan.people``): it also tells of
            people who are one through a third recording that no split holds.
        allow_leakage: accept shared people and shared audio (to reproduce a published split); reserved subjects
            outside a test split are refused all the same.

    Raises:
        LeakageError: see the single guards.
    """
    for split, rows in recordings.items():
        if not is_evaluation(split):
            assert_no_reserved((row["subject_id"] for row in rows), dataset, use=f"split {split!r}")
    if not allow_leakage:
        assert_subject_disjoint({split: [row["subject_id"] for row in rows] for split, rows in recordings.items()})
        assert_no_shared_audio(
            {split: [(row["recording_id"], row["audio_sha256"]) for row in rows] for split, rows in recordings.items()}
        )
        assert_no_twins({split: [row["recording_id"] for row in rows] for split, rows in recordings.items()}, twins)
        where: dict[str, set[str]] = defaultdict(set)
        for split, rows in recordings.items():
            for row in rows:
                where[(people or {}).get(row["recording_id"]) or row.get("person") or row["subject_id"]].add(split)
        _refuse({who: found for who, found in where.items() if len(found) > 1}, "people with all who share their audio")


def is_evaluation(split: str) -> bool:
    """Whether reserved people may stand in a split of this name."""
    return split in EVALUATION_SPLITS or split.startswith("test_")


def is_training(split: str) -> bool:
    """Whether a part is declared to be training data, or that which settings are chosen on: nothing else is fitted on.

    Example:
        >>> [name for name in ("train", "train_2023", "validation", "holdout", "subject_p4") if is_training(name)]
        ['train', 'train_2023', 'validation']
    """
    return split == "validation" or split == "train" or split.startswith("train_")


def is_reserved(subject: str | None, dataset: str) -> bool:
    """Whether somebody is of the locked test set of a dataset: the id's prefix says of which one, or else ``dataset``.

    Example:
        >>> is_reserved("13918", "circor"), is_reserved("CirCor: 13918", "a_copy"), is_reserved("13918", "a_copy")
        (True, True, False)
    """
    known = known_as(subject) or ""
    names = {dataset.casefold(), *([known.partition(":")[0]] if ":" in known else ())}
    return bool(known) and any(bare_id(known, name) in reserved_subjects(name) for name in names)


def bare_id(subject: str, dataset: str) -> str:
    """Strip the dataset's prefix off a subject id, however it is spelled; empty where there is none.

    Example:
        >>> bare_id(" Circor:13918", "circor")
        '13918'
    """
    return (known_as(subject) or "").removeprefix(f"{dataset.casefold()}:")


@cache
def reserved_subjects(dataset: str) -> frozenset[str]:
    """Ids, without prefix, of the people of a dataset that are a locked test set; empty for a dataset without any.

    Example:
        >>> "13918" in reserved_subjects("circor")
        True
    """
    lines = resources.files(__package__).joinpath("reserved_subjects.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    if any(len(row) != 2 for row in rows):
        raise DataError("the list of reserved subjects is damaged", where="reserved_subjects.tsv", remedy="reinstall")
    names = (dataset, _LISTED_AS.get(dataset))
    return frozenset(bare_id(subject, dataset) for name, subject in rows if name in names)


def _refuse(offenders: Mapping[str, Collection[str]], what: str) -> None:
    if not offenders:
        return
    named = [f"{name} ({', '.join(sorted(found))})" for name, found in sorted(offenders.items())]
    raise LeakageError(
        f"{len(offenders)} {what} stand in more than one split: {_listed(named)}",
        remedy="split by subject (SplitSpec(name='subject')), or leave them out of one side",
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return "; ".join(names[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
