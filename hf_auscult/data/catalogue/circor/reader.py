"""Read CirCor DigiScope 1.0.3."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from ....errors import DataError, LeakageError
from ....texts import exists, is_file, read_lines, read_text
from ...collector import RowCollector
from ...guards import is_reserved
from ...identity import merge
from ...schema import text_or_none
from ...spec import Table
from ...tabular import read_keyed

SUBSET_MARKER = "SUBSET"
"""A file of this name says that the folder holds a part of the distribution: what RECORDS lists, no more."""
TABLE = "training_data.csv"

_RENAMED = {"Patient ID": "patient_id", "Recording locations:": "recording_locations", "Age": "age_group"}
_MURMUR = [f"{phase} murmur {trait}" for phase in ("Systolic", "Diastolic") for trait in
           ("timing", "shape", "grading", "pitch", "quality")]  # fmt: skip
HEADER: tuple[str, ...] = (
    *("Patient ID", "Recording locations:", "Age", "Sex", "Height", "Weight", "Pregnancy status"),
    *("Murmur", "Murmur locations", "Most audible location", *_MURMUR, "Outcome", "Campaign", "Additional ID"),
)


def column(name: str) -> str:
    """Name of a prepared column for a name in ``training_data.csv``.

    Example:
        >>> column("Systolic murmur timing")
        'systolic_murmur_timing'
    """
    return _RENAMED.get(name, name.lower().replace(" ", "_"))


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``training_data.csv``, ``training_data/<id>.txt`` and the ``.tsv`` segmentations.

    The recordings are those that the ``<id>.txt`` files list. In a folder with a file ``SUBSET``, they are those of
    them that ``RECORDS`` lists too (without ``RECORDS``: those whose wav is there).

    Raises:
        DataError: another layout, version 1.0.0, or a table that contradicts itself.
        LeakageError: the table links a reserved subject to somebody who is not.
    """
    root = collector.root(source, TABLE)
    people, sites = _people(root / TABLE), collector.codes["sites"]
    same = _linked(people, root / TABLE)
    listed = {name: (person, site) for person in people for name, site in _listed(root, person, sites).items()}
    kept = _subset(root, listed)
    for name in sorted(kept):
        person, site = listed[name]
        segmentation, note = _segmentation(root / "training_data" / f"{name}.tsv")
        collector.notes += [note] if note else []
        cells = {column(field): text_or_none(people[person][field]) for field in HEADER}
        cells["sex"] = (cells["sex"] or "").lower() or None
        path = f"training_data/{name}.wav"
        collector.add(name, path, same[person], site=sites[site], segmentation=segmentation, **cells)
    found = {file.stem for file in (root / "training_data").glob("*.[wW][aA][vV]")}
    for names, reason in ((found - set(listed), "no table lists this recording"),
                          ((found & set(listed)) - kept, "RECORDS does not list it")):  # fmt: skip
        for name in sorted(names):
            collector.problem(name, f"training_data/{name}.wav", reason)
    return collector.table(root)


def _people(file: Path) -> dict[str, dict[str, str]]:
    _, header = next(read_lines(file), (1, []))
    if "Outcome" not in header and "Locations" in header:
        raise DataError("this is version 1.0.0 (no Outcome, other ages)", where=file, remedy="download version 1.0.3")
    return read_keyed(file, "Patient ID", HEADER, remedy="download version 1.0.3 again", pattern=r"\d+")


def _linked(people: Mapping[str, Mapping[str, str]], file: Path) -> dict[str, str]:
    """Patient -> the smallest id of the child, who may have two."""
    linked = {one: text_or_none(row["Additional ID"]) for one, row in people.items()}
    same = merge(people, [(one, other) for one, other in linked.items() if other is not None])
    for person, first in same.items():
        if is_reserved(person, "circor") and not is_reserved(first, "circor"):
            raise LeakageError(
                f"links the reserved test subject {person} to {first}, which version 1.0.3 does not",
                where=file,
                remedy="download version 1.0.3 again",
            )
    return same


def _listed(root: Path, person: str, sites: Mapping[str, str]) -> dict[str, str]:
    """Recordings of one patient file: name -> site. Its first line is ``id count rate``, then one line each."""
    file = root / "training_data" / f"{person}.txt"
    if not is_file(file):
        raise DataError("the patient's file is missing", where=file, remedy="download the folder training_data again")
    lines = read_text(file).splitlines()
    head = lines[0].split() if lines else []
    entries = [line.split() for line in lines[1:] if line.strip() and not line.startswith("#")]
    whole = len(head) == 3 and head[:2] == [person, str(len(entries))]
    if not whole or any(len(entry) not in (3, 4) for entry in entries):
        raise DataError("not a CirCor patient file", where=file, remedy="download it again")
    names = {Path(entry[2]).stem: entry[0] for entry in entries}  # the tsv, fourth, may be left unsaid
    for name, site in names.items():
        if site not in sites or not re.fullmatch(rf"{person}_{site}(_\d+)?", name):
            raise DataError(f"recording {name!r} at location {site!r}", where=file, remedy="download it again")
    return names


def _subset(root: Path, listed: Mapping[str, object]) -> set[str]:
    if not (root / SUBSET_MARKER).is_file():
        return set(listed)
    records = root / "RECORDS"
    if not records.is_file():
        return {name for name in listed if is_file(root / "training_data" / f"{name}.wav")}
    names = {Path(line.strip()).name for line in read_text(records).splitlines() if line.strip()}
    unknown = sorted(names - set(listed))
    if unknown:
        raise DataError(
            f"{len(unknown)} recordings that no patient file lists: {', '.join(unknown[:5])}",
            where=records,
            remedy="correct RECORDS",
        )
    return names


def _segmentation(file: Path) -> tuple[list[dict[str, float | int]] | None, str | None]:
    """Segments of a ``.tsv`` (start, end, state), or None and the reason."""
    if not exists(file):
        return None, f"{file.stem}: no segmentation file"
    segments: list[dict[str, float | int]] = []
    try:
        lines = read_text(file).splitlines()
    except DataError as error:
        return None, f"{file.stem}: the segmentation is {error.problem}"
    for line in lines:
        if not line.strip():
            continue
        try:
            start, end, state = (float(cell) for cell in line.split())
        except ValueError:
            return None, f"{file.stem}: segmentation line {line!r} is not 'start end state'"
        if not 0 <= start <= end < math.inf or state not in (0, 1, 2, 3, 4):
            return None, f"{file.stem}: segmentation line {line!r} is impossible, so it has none"
        segments.append({"start": start, "end": end, "state": int(state)})
    return segments, None if segments else f"{file.stem}: empty segmentation file"
