"""Read Coswara: nine recordings a person, in folders by date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ....errors import DataError
from ....texts import is_file
from ...collector import RowCollector
from ...opera_splits import check_complete, halves
from ...schema import Row
from ...spec import Table
from ...tabular import read_csv, read_keyed, sex, years

TABLE = "combined_data.csv"
PARTNER: Mapping[str, str] = {
    "breathing-deep": "breathing-shallow",
    "breathing-shallow": "breathing-deep",
    "cough-heavy": "cough-shallow",
    "cough-shallow": "cough-heavy",
}
UNREADABLE: frozenset[str] = frozenset({"C7Km0KttQRMMM6UoyocajfgZAOB3", "kgjTguvo3vZJTO7F1qO9GxEicbA3"})
"""People of whom OPERA found a breathing-shallow or cough-heavy file that does not decode, and left out."""
Quality = dict[str, dict[str, str] | None]
"""Modality -> person -> quality label; None where the table is missing."""


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``combined_data.csv``, ``annotations/`` and the extracted ``Extracted_data/``.

    A recording is listed where it was annotated or where its file is there. The folder of a person's date is the one
    that exists, or else the one whose daily table names the person.

    Raises:
        DataError: another layout, or archives that were not extracted.
    """
    root = collector.root(source, TABLE)
    people = read_keyed(root / TABLE, "id", ("a", *collector.codes["columns"]))
    quality = _quality(root, collector)
    folders = _folders(root, set(people), collector)
    if not folders and any(root.glob("2*/*.tar.gz*")):
        raise DataError(
            "the archives are not extracted", where=root, remedy="run the distribution's extract_data.py, then prepare"
        )
    dates = _dates(root, set(people), collector)
    # Published splits follow the table's order.
    lines = {person: line for line, person in enumerate(people, start=2)}
    for person, cells in sorted(people.items()):
        date = dates.get(person) or cells["record_date"].strip().replace("-", "")
        folder = folders.get(person) or f"Extracted_data/{date}/{person}"
        for modality in collector.codes["organs"]:
            path = f"{folder}/{modality}.wav"
            labels = quality[modality]
            if labels is None or person in labels or is_file(root / path):
                _add(collector, person, path, cells, quality)
                collector.rows[-1]["table_line"] = lines[person]
    return collector.table(root)


def _quality(root: Path, collector: RowCollector) -> Quality:
    labels: Quality = {}
    for modality in collector.codes["organs"]:
        file = root / "annotations" / f"{modality}_labels.csv"
        if not is_file(file):
            labels[modality] = None
            collector.notes.append(
                f"annotations/{file.name} is missing, so {modality} has no quality and is in no task"
            )
            continue
        rows = read_csv(file, ("FILENAME", "QUALITY"))
        labels[modality] = {
            row["FILENAME"].strip().removesuffix(f"_{modality}"): row["QUALITY"].strip() for row in rows
        }
    return labels


def _folders(root: Path, people: set[str], collector: RowCollector) -> dict[str, str]:
    """Person -> folder of their recordings; recordings that no table accounts for are set aside."""
    folders: dict[str, str] = {}
    for folder in sorted((root / "Extracted_data").glob("*/*")):
        if not folder.is_dir():
            continue
        path = folder.relative_to(root).as_posix()
        reason = ""
        if folder.name not in people:
            reason = "combined_data.csv does not list this person"
        elif folder.name in folders:
            reason = f"the person has recordings in {folders[folder.name]} too"
        else:
            folders[folder.name] = path
        for wav in sorted(folder.glob("*.wav")):
            why = reason or ("" if wav.stem in collector.codes["organs"] else "none of the nine recordings")
            if why:
                collector.problem(f"{folder.parent.name}_{folder.name}_{wav.stem}", f"{path}/{wav.name}", why)
    return folders


def _dates(root: Path, people: set[str], collector: RowCollector) -> dict[str, str]:
    """Person -> date of the daily table that names them; daily tables have other columns than the combined one."""
    dates: dict[str, str] = {}
    strangers = 0
    for file in sorted(root.glob("2*/2*.csv")):
        for row in read_csv(file, ("id",)):
            person = row["id"].strip()
            strangers += person not in people
            dates.setdefault(person, file.stem)
    if strangers:
        collector.notes.append(f"{strangers} lines of the daily tables name people whom {TABLE} does not list")
    return dates


def _add(collector: RowCollector, person: str, path: str, cells: Mapping[str, str], quality: Quality) -> None:
    modality = Path(path).stem
    # "na" is a word of the legend
    own = {column: cells[name].strip() or None for name, column in collector.codes["columns"].items()}
    partner = PARTNER.get(modality)
    # OPERA takes a person only where both takes of a kind can be used, so that its two halves hold the same people.
    other = None if partner is None or person in UNREADABLE else (quality[partner] or {}).get(person)
    collector.add(
        f"{person}_{modality}",
        path,
        person,
        age=years(cells["a"]),
        sex=sex(cells["g"]),
        organ=collector.codes["organs"][modality],
        person_id=person,
        modality=modality,
        quality=(quality[modality] or {}).get(person),
        partner_quality=other,
        **own,
    )


SMOKER = dict.fromkeys(("y", "True", "TRUE"), True) | dict.fromkeys(("n", "False", "FALSE"), False)
_PEOPLE: Mapping[str, tuple[int, int]] = {"gender": (759, 1737), "smoker": (201, 747)}
_TEST: Mapping[str, tuple[int, int]] = {"gender": (174, 478), "smoker": (43, 58)}
"""Column -> people with and without the trait: in all, and in the test part, whose size OPERA took from Google's."""


def _opera(rows: Sequence[Row], *, column: str, trait: Mapping[str, bool], google: bool) -> dict[str, str]:
    """Draw OPERA's split for one trait: people whose two coughs are usable, both coughs on one side.

    Args:
        rows: of the complete table; another is a ConfigurationError.
        column: ``gender`` or ``smoker``.
        trait: value of the column -> whether it is the positive class; other values leave a person out.
        google: draw the test part as ``--mapgoogle`` does, instead of a stratified fifth with seed 1337.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    usable = ("1", "2")
    coughs = [row for row in rows if row["modality"] in ("cough-heavy", "cough-shallow")]
    people = {
        row["table_line"]: (str(row["person_id"]), trait[row[column]])
        for row in coughs
        if row["quality"] in usable and row["partner_quality"] in usable and row[column] in trait
    }
    order = [people[line] for line in sorted(people)]
    labels = np.array([flag for _, flag in order], dtype=bool)
    check_complete("Coswara", (int(labels.sum()), int((~labels).sum())), _PEOPLE[column])
    if google:
        random = np.random.RandomState(42)
        test: set[int] = set()
        for count, indices in zip(_TEST[column], (np.flatnonzero(labels), np.flatnonzero(~labels)), strict=True):
            random.shuffle(indices)
            test |= set(indices[:count].tolist())
        rest = [index for index in range(len(order)) if index not in test]
    else:
        rest, test = train_test_split(list(range(len(order))), test_size=0.2, random_state=1337, stratify=labels)
    parts = halves(rest, share=0.2, seed=1337, stratify=labels[rest]) | dict.fromkeys(test, "test")
    part = {order[index][0]: name for index, name in parts.items()}
    return {str(row["recording_id"]): part[row["person_id"]] for row in coughs if row["person_id"] in part}


_GENDER = {"female": True, "male": False}
opera_smoker = partial(_opera, column="smoker", trait=SMOKER, google=False)
opera_gender = partial(_opera, column="gender", trait=_GENDER, google=False)
google_smoker = partial(_opera, column="smoker", trait=SMOKER, google=True)
google_gender = partial(_opera, column="gender", trait=_GENDER, google=True)
