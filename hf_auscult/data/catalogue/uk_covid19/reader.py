"""Read the UK COVID-19 Vocal Audio Dataset, open access edition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ....errors import DataError
from ...collector import RowCollector
from ...schema import text_or_none
from ...spec import Table
from ...tabular import number, read_csv, read_keyed, sex, years

_HEADER_BYTES = 44  # of a wav without samples: the distribution lists such files where nobody recorded anything
_PERSON = "participant_identifier"


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: three tables and ``audio/*.wav``.

    Columns that an edition's tables lack are null.

    Raises:
        DataError: another layout, or a table that names a person twice.
    """
    root = collector.root(source, "audio_metadata.csv")
    people = read_keyed(root / "participant_metadata.csv", _PERSON, ("covid_test_result", "age", "gender"))
    splits = read_keyed(root / "train_test_splits.csv", _PERSON, ("splits",))
    organs: Mapping[str, str] = collector.codes["organs"]
    listed: set[str] = set()
    for cells in read_csv(root / "audio_metadata.csv", (_PERSON, *(f"{modality}_file_name" for modality in organs))):
        person = cells[_PERSON].strip()
        for modality, name, empty in _recordings(cells, organs):
            path = f"audio/{name}"
            listed.add(path)
            if person not in people:
                collector.problem(Path(name).stem, path, f"participant_metadata.csv does not list participant {person}")
            elif empty:
                collector.problem(Path(name).stem, path, "nothing was recorded (the table says 44 bytes)")
            else:
                _add(collector, path, modality, people[person], splits.get(person, {}))
    collector.unlisted(root, (root / "audio").glob("*.wav"), listed, "audio_metadata.csv does not list it")
    return collector.table(root)


def _recordings(cells: Mapping[str, str], modalities: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Modality, file name, and whether the table says that the file holds no samples."""
    for modality in modalities:
        name = text_or_none(cells[f"{modality}_file_name"])
        if name is not None:
            try:
                size = number(cells.get(f"{modality}_size"), f"{modality}_size")
            except DataError:
                size = None  # the file itself will tell
            yield modality, Path(name).name, size is not None and size <= _HEADER_BYTES


def _add(
    collector: RowCollector, path: str, modality: str, person: Mapping[str, str], split: Mapping[str, str]
) -> None:
    codes, identifier = collector.codes, person[_PERSON].strip()
    own = {column: text_or_none(person.get(column)) for column in codes["personal"]}
    own |= {column: text_or_none(split.get(column)) for column in codes["split_columns"]}
    collector.add(
        Path(path).stem,
        path,
        identifier,
        age=years(person["age"]),
        age_group=text_or_none(person["age"]),
        sex=sex(person["gender"]),
        organ=codes["organs"][modality],
        participant_identifier=identifier,
        modality=modality,
        official_split=codes["splits"].get((own["splits"] or "").lower()),
        **own,
    )
