"""A leakage ledger: who and what stands on both sides, within one dataset and between several."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import read
from ..errors import AudioError, DataError
from ..files import Serialisable
from ..texts import read_table
from .duplicates import Words, find_twins, fingerprint
from .guards import is_reserved
from .identity import known_as, with_and_without_letters
from .inspection import says_nothing
from .load import manifest_of, rows_of, splits_of
from .manifest import CORPUS, DATA, MANIFEST

COLUMNS = ("path", "subject", "split")
_TESTS = ("test", "eval", "holdout", "hold-out", "hold_out", "heldout", "held-out", "held_out")
"""How names of test parts begin, in small letters: ``Test``, ``test1``, ``evaluation`` …"""


@dataclass(frozen=True)
class Entry:
    """One recording of an audited dataset: ``key`` is unique over all of them.

    ``of_corpus``: every part of its source is training data, whatever it is called. ``bare``: its file does not say
    which dataset the subject is of.
    """

    key: str
    source: str
    recording: str
    subject: str
    split: str
    sha256: str | None = None
    words: Words | None = None
    person: str | None = None
    of_corpus: bool = False
    bare: bool = False

    @property
    def ids(self) -> frozenset[str]:
        """The subject and the person whom ``prepare`` made of them, spelled as the split guards compare them."""
        known = {known_as(self.subject) or self.subject, known_as(self.person)}
        return frozenset(name for name in known if name)

    @property
    def reserved(self) -> bool:
        """Whether this is of a reserved test subject; the id's prefix says of which dataset, or else the source."""
        return any(is_reserved(name, self.source) for name in self.ids)

    @property
    def trains(self) -> bool:
        """Whether it is declared to be training data."""
        return self.of_corpus or self.split.casefold().startswith("train")

    @property
    def tests(self) -> bool:
        """Whether reserved people may stand in its part."""
        return not self.of_corpus and self.split.casefold().startswith(_TESTS)


@dataclass(frozen=True)
class Finding:
    """One leak.

    Args:
        kind: ``people``, ``identical``, ``alike`` or ``reserved``.
        where: the two sides, as ``dataset/split``.
        recordings: recordings of the second side that are concerned.
        of: recordings of the second side.
        examples: people or pairs, the first ones.
        number: how many people or pairs.
    """

    kind: str
    where: tuple[str, str]
    recordings: int
    of: int
    number: int
    examples: tuple[str, ...]

    def describe(self) -> str:
        """Say it in one line."""
        more = ", …" if self.number > len(self.examples) else ""
        names = f"{', '.join(self.examples)}{more}"
        one, other = self.where
        match self.kind:
            case "people":
                return (
                    f"{self.recordings} of {self.of} recordings of {other} are of {self.number} people who are in "
                    f"{one} too: {names}"
                )
            case "identical":
                return f"{self.number} recordings of {other} are byte-identical to one of {one}: {names}"
            case "alike":
                return f"{self.number} pairs of recordings of {one} and {other} sound alike: {names}"
            case _:
                return f"{self.recordings} of {self.of} recordings of {other} are of reserved test subjects: {names}"


@dataclass(frozen=True)
class Ledger(Serialisable):
    """What an audit looked at and found.

    Args:
        looked_at: ``dataset/split`` -> recordings.
        unheard: recordings whose audio was not there, so that only people could be compared.
        findings: the leaks.
        doubts: ids on two sides of which nobody can say from here whether they are one person's.
    """

    looked_at: Mapping[str, int]
    unheard: int
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...] = ()

    computed = ("clean",)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def render(self) -> str:
        """The ledger as text."""
        lines = [f"{name}: {count} recordings" for name, count in self.looked_at.items()]
        if self.unheard:
            lines.append(
                f"{self.unheard} recordings without audio here: identical and similar sound was not looked for"
            )
        lines += [f"CHECK {doubt}" for doubt in self.doubts]
        lines += [f"LEAK {finding.describe()}" for finding in self.findings] or ["no leak found"]
        return "\n".join(lines)


def audit(sources: Sequence[str | Path], *, listen: bool = True) -> Ledger:
    """Look for people and sounds on both sides of splits.

    Every two parts are compared, except parts of different datasets that are both declared to be training data: by a
    name that begins with ``train``, or as part of a corpus.

    Args:
        sources: prepared folders, corpora, or CSV files with the columns ``path``, ``subject`` and ``split`` (audio,
            where the paths lead to any from the file's folder, is compared too). Subjects written as ``dataset:id`` are
            compared between files, and with the reserved people of that dataset; bare ones are of the dataset that the
            file is named after.
        listen: look for recordings that sound alike; people and bytes are compared anyway.

    Raises:
        DataError: neither a prepared folder, nor a corpus, nor such a CSV.

    Example:
        >>> audit(["prepared/circor"]).clean  # doctest: +SKIP
        True
    """
    entries = [entry for source in sources for entry in _entries(Path(source), listen)]
    sides: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        sides[entry.source, entry.split].append(entry)
    findings: list[Finding] = []
    for (source, split), part in sides.items():
        caught = [entry for entry in part if entry.reserved and not entry.tests]
        if caught:
            people = sorted({entry.subject for entry in caught})
            findings.append(_finding("reserved", (source, split), (source, split), caught, part, people))
    twins = find_twins({entry.key: entry.words for entry in entries if entry.words is not None})
    by_key = {entry.key: entry for entry in entries}
    alike: dict[frozenset[tuple[str, str]], list[tuple[Entry, Entry]]] = defaultdict(list)
    for pair in twins:
        one, other = by_key[pair.one], by_key[pair.other]
        if one.sha256 != other.sha256:
            alike[frozenset({(one.source, one.split), (other.source, other.split)})].append((one, other))
    for left, right in combinations(sides, 2):
        first, second = sides[left][0], sides[right][0]
        if (second.trains and not first.trains) or (first.tests and not second.tests):
            left, right = right, left
        if left[0] != right[0] and _both_train(first, second):
            continue
        findings += _compare(left, right, sides[left], sides[right], alike[frozenset({left, right})])
    findings += _against_train(sides)
    looked_at = {f"{source}/{split}": len(part) for (source, split), part in sides.items()}
    unheard = sum(entry.sha256 is None for entry in entries)
    return Ledger(looked_at, unheard, tuple(findings), tuple(_doubts(entries)))


Side = tuple[str, str]


def _doubts(entries: Sequence[Entry]) -> Iterator[str]:
    where: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        where[entry.subject].add(f"{entry.source}/{entry.split}")
    for one, other in with_and_without_letters(where):
        if len(sides := where[one] | where[other]) > 1:
            yield f"whether {one} and {other} are one person: they stand in {', '.join(sorted(sides))}"
    bare: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.bare:
            bare[(known_as(entry.subject) or "").partition(":")[2]].add(entry.source)
    shared = {name: sources for name, sources in bare.items() if len(sources) > 1}
    if shared:
        files = sorted(set().union(*shared.values()))
        yield (
            f"whether {len(shared)} ids in {', '.join(files)} are the same people ({', '.join(sorted(shared)[:10])}): "
            "they name no dataset, so each file was taken for one of its own; write them as dataset:id"
        )


def _both_train(first: Entry, second: Entry) -> bool:
    """Whether two parts are training data, or the validation people that a corpus took over from a dataset."""
    taken_over = (first.of_corpus or second.of_corpus) and first.split == second.split == "validation"
    return (first.trains and second.trains) or taken_over


def _compare(
    left: Side, right: Side, train: Sequence[Entry], test: Sequence[Entry], alike: Sequence[tuple[Entry, Entry]]
) -> Iterator[Finding]:
    people = {name for entry in train for name in entry.ids}
    if caught := [entry for entry in test if entry.ids & people]:
        yield _finding("people", left, right, caught, test, _names(caught, train))
    digests = {entry.sha256: entry for entry in train if entry.sha256}
    same = [entry for entry in test if entry.sha256 in digests]
    if same:
        pairs = [f"{entry.recording} = {digests[str(entry.sha256)].recording}" for entry in same]
        yield _finding("identical", left, right, same, test, sorted(pairs))
    if alike:
        caught = [entry for pair in alike for entry in pair if (entry.source, entry.split) == right]
        names = sorted(f"{one.recording} ~ {other.recording}" for one, other in alike)
        yield _finding("alike", left, right, caught, test, names)


def _against_train(sides: Mapping[Side, Sequence[Entry]]) -> Iterator[Finding]:
    """Sum over everything but ``train``, where a dataset has several such parts: papers often test on all of them."""
    for source in dict.fromkeys(source for source, _ in sides):
        others = {split: part for (name, split), part in sides.items() if name == source and split != "train"}
        if (source, "train") not in sides or len(others) < 2:
            continue
        rest = [entry for part in others.values() for entry in part]
        train = sides[source, "train"]
        people = {name for entry in train for name in entry.ids}
        caught = [entry for entry in rest if entry.ids & people]
        if caught:
            right = (source, " + ".join(others))
            yield _finding("people", (source, "train"), right, caught, rest, _names(caught, train))


def _names(caught: Sequence[Entry], train: Sequence[Entry]) -> list[str]:
    """Every person that was found on both sides, with the other side's spelling where it is another."""
    spelled: dict[str, set[str]] = defaultdict(set)
    for entry in train:
        for name in entry.ids:
            spelled[name].add(entry.subject)
    names = set()
    for entry in caught:
        others = set().union(*(spelled.get(name, set()) for name in entry.ids))
        names.add(entry.subject if entry.subject in others else f"{entry.subject} = {min(others)}")
    return sorted(names)


def _finding(
    kind: str, left: Side, right: Side, caught: Sequence[Entry], part: Sequence[Entry], names: Sequence[str]
) -> Finding:
    number = len({entry.key for entry in caught})
    return Finding(kind, ("/".join(left), "/".join(right)), number, len(part), len(names), tuple(names[:10]))


def _entries(source: Path, listen: bool) -> Iterable[Entry]:
    if source.is_file():
        return _from_csv(source, listen)
    if (source / MANIFEST).is_file():
        return _from_prepared(source, listen)
    if (source / CORPUS).is_file():
        return _from_corpus(source, listen)
    raise DataError(
        "neither a prepared folder, nor a corpus, nor a CSV file",
        where=source,
        remedy=f"CSV columns: {', '.join(COLUMNS)}",
    )


def _from_prepared(folder: Path, listen: bool) -> Iterator[Entry]:
    manifest_of(folder)  # refuses what another version wrote
    where = splits_of(folder)
    for file in sorted((folder / DATA).glob("*.parquet")):
        for row in chain.from_iterable(rows_of(file, audio=listen)):
            yield _entry(f"{folder}:{row['recording_id']}", row, row["source"], where[row["recording_id"]])


def _from_corpus(folder: Path, listen: bool) -> Iterator[Entry]:
    for file in sorted((folder / DATA).glob("*.parquet")):
        for row in chain.from_iterable(rows_of(file, audio=listen)):
            key = f"{folder}:{row['source']}:{row['recording_id']}"
            yield replace(_entry(key, row, folder.name, file.name.partition("-")[0]), of_corpus=True)


def _entry(key: str, row: Mapping[str, Any], source: str, split: str) -> Entry:
    return Entry(
        key=key,
        source=source,
        recording=row["recording_id"],
        subject=row["subject_id"] or f"unknown subject of {row['recording_id']}",
        split=split,
        sha256=row["audio_sha256"],
        words=words_of(row["audio"]) if "audio" in row else None,
        person=row.get("person"),
    )


def _from_csv(file: Path, listen: bool) -> Iterator[Entry]:
    rows = read_table(file, COLUMNS, remedy=f"needed: {', '.join(COLUMNS)}")
    for number, (line, row) in enumerate(rows):
        if not all((row[name] or "").strip() for name in COLUMNS):
            raise DataError(f"line {line} has an empty cell", where=file, remedy="fill it")
        audio = file.parent / row["path"]
        try:
            data = audio.read_bytes() if audio.is_file() else None
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})", where=audio, remedy="make it readable") from error
        cell = {"bytes": data, "path": row["path"]}
        empty = data is not None and listen and _says_nothing(cell)  # which identifies nobody
        words = words_of(cell) if listen and data and not empty else None
        digest = hashlib.sha256(data).hexdigest() if data and not empty else None
        key = f"{file}:{number}"
        who = row["subject"].strip()
        subject = who if ":" in who else f"{file.stem}:{who}"
        bare = subject != who
        yield Entry(key, file.stem, row["path"], subject, row["split"].strip(), digest, words, bare=bare)


def _says_nothing(cell: Mapping[str, Any]) -> bool:
    try:
        waveform = read(cell)
    except AudioError:
        return False
    return bool(says_nothing(waveform.array, waveform.sampling_rate))


def words_of(cell: Mapping[str, Any]) -> Words:
    """Fingerprint an audio cell; empty where it cannot be decoded."""
    try:
        waveform = read(cell)
    except AudioError:
        return np.empty(0, np.uint32)
    return fingerprint(waveform.array, waveform.sampling_rate)
