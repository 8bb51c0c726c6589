"""UK COVID-19 Vocal Audio Dataset, open access edition: coughs and exhalations with PCR-referenced results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Kind, Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, Stratum, Table, TaskConfig
from .tabular import number, read_csv, sex, years

ORGAN_OF: Mapping[str, str] = {"exhalation": "breath", "cough": "cough", "three_cough": "cough"}
"""Modality -> what is heard; the reading of a sentence is not in the open edition."""

SPLIT_NAMES: Mapping[str, str] = {"train": "train", "val": "validation", "test": "test", "long": "test_long"}
"""Word in ``train_test_splits.csv`` -> split; ``long`` is the longitudinal test set."""

_HEADER_BYTES = 44  # of a wav without samples: the distribution lists such files where nobody recorded anything
_ESSENTIAL = ("participant_identifier", "covid_test_result", "age", "gender")
_SYMPTOMS = tuple(
    f"symptom_{name}"
    for name in (
        *("cough_any", "new_continuous_cough", "runny_or_blocked_nose", "shortness_of_breath", "sore_throat"),
        *("abdominal_pain", "diarrhoea", "fatigue", "fever_high_temperature", "headache"),
        *("change_to_sense_of_smell_or_taste", "loss_of_taste", "none", "other", "prefer_not_to_say", "onset"),
    )
)
PERSONAL: tuple[str, ...] = (
    *("covid_test_result", "gender", "smoker_status", "recruitment_source", "survey_phase", "covid_test_method"),
    *("covid_viral_load_category", "influenza_a_test_result", "influenza_b_test_result", "wearing_mask"),
    *("respiratory_condition_none", "respiratory_condition_asthma", "respiratory_condition_other", *_SYMPTOMS),
)
"""Columns of ``participant_metadata.csv`` that are kept; those that an edition lacks are null."""

SPLIT_COLUMNS: tuple[str, ...] = (
    *("splits", "original_splits", "naive_splits", "matched_train_splits", "matched_original_train_splits"),
    *("in_matched_rebalanced_test", "in_matched_rebalanced_long_test", "in_matched_original_test"),
)
"""Columns of ``train_test_splits.csv`` that are kept, likewise."""


def read_rows(source: Path) -> Table:
    """Read the original layout: three tables and ``audio/*.wav``.

    Raises:
        DataError: another layout, or a table that names a person twice.
    """
    root = locate(source, "audio_metadata.csv", dataset="the UK COVID-19 Vocal Audio Dataset")
    people = _by_person(root / "participant_metadata.csv", _ESSENTIAL)
    splits = _by_person(root / "train_test_splits.csv", ("participant_identifier", "splits"))
    names = [f"{modality}_file_name" for modality in ORGAN_OF]
    rows: list[Row] = []
    problems: list[Problem] = []
    listed: set[str] = set()
    for cells in read_csv(root / "audio_metadata.csv", ("participant_identifier", *names)):
        person = cells["participant_identifier"].strip()
        for modality, name, empty in _recordings(cells):
            listed.add(name)
            reason = "nothing was recorded (the table says 44 bytes)" if empty else ""
            if person not in people:
                reason = f"participant_metadata.csv does not list participant {person}"
            if reason:
                problems.append(Problem(Path(name).stem, f"audio/{name}", reason, "DataError"))
            else:
                rows.append(_row(name, modality, people[person], splits.get(person, {})))
    problems += [
        Problem(file.stem, f"audio/{file.name}", "audio_metadata.csv does not list it", "DataError")
        for file in sorted((root / "audio").glob("*.wav"))
        if file.name not in listed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), tuple(problems))


def _by_person(file: Path, required: tuple[str, ...]) -> dict[str, dict[str, str]]:
    people: dict[str, dict[str, str]] = {}
    for cells in read_csv(file, required):
        person = cells["participant_identifier"].strip()
        if not person or person in people:
            raise DataError(f"participant {person!r} is listed twice or empty", where=file, remedy="download it again")
        people[person] = cells
    return people


def _recordings(cells: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Modality, file name, and whether the table says that the file holds no samples."""
    for modality in ORGAN_OF:
        name = text_or_none(cells[f"{modality}_file_name"])
        if name is not None:
            try:
                size = number(cells.get(f"{modality}_size"), f"{modality}_size")
            except DataError:
                size = None  # the file itself will tell
            yield modality, Path(name).name, size is not None and size <= _HEADER_BYTES


def _row(name: str, modality: str, person: Mapping[str, str], split: Mapping[str, str]) -> Row:
    row: Row = {column: text_or_none(person.get(column)) for column in PERSONAL}
    row |= {column: text_or_none(split.get(column)) for column in SPLIT_COLUMNS}
    identifier = person["participant_identifier"].strip()
    return row | {
        "path": f"audio/{name}",
        "recording_id": Path(name).stem,
        "subject_id": f"uk_covid19:{identifier}",
        "site": "mouth",
        "device": None,  # whatever the participant's browser ran on
        "age": years(person["age"]),
        "age_group": text_or_none(person["age"]),
        "sex": sex(person["gender"]),
        "organ": ORGAN_OF[modality],
        "licence": UK_COVID19.licence,
        "source": UK_COVID19.name,
        "participant_identifier": identifier,
        "modality": modality,
        "official_split": SPLIT_NAMES.get((row["splits"] or "").lower()),
    }


def _covid(name: str, modality: str, paper: tuple[PaperTask, ...] = ()) -> TaskConfig:
    return TaskConfig(
        name,
        column="covid_test_result",
        classes=("Negative", "Positive"),
        rule={"Negative": "Negative", "Positive": "Positive"},
        left_out=("Unknown/Void", "Unknown", "Void", None),
        why_left_out="no valid test result is linked to the recording",
        keep={"modality": (modality,)},
        paper=paper,
    )


_PRINTED = {"Positive": 840, "Negative": 1660}
_LISTS = "OPERA's lists of 1,000/500/1,000 people drawn from the official splits, not the whole distribution"

UK_COVID19 = DatasetSpec(
    name="uk_covid19",
    title="The UK COVID-19 Vocal Audio Dataset, open access edition",
    version="Zenodo 10043978 (72,999 participants)",
    organ="cough",
    licence="OGL-UK-3.0",
    licence_tag="other",
    licence_note=(
        "Open Government Licence v3.0. Attribution: The UK COVID-19 Vocal Audio Dataset Open Access Edition, UK Health "
        "Security Agency, 2023, licensed under the Open Government Licence v3.0."
    ),
    citation=(
        "J. Budd et al., A large-scale and PCR-referenced vocal audio dataset for COVID-19, Scientific Data 11:700, "
        "2024; H. Coppock et al., Audio-based AI classifiers show no evidence of improved COVID-19 screening over "
        "simple symptoms checkers, Nature Machine Intelligence 6:229-242, 2024."
    ),
    source_url="https://zenodo.org/records/10043978",
    columns=dict[str, Kind].fromkeys(
        ("participant_identifier", "modality", *PERSONAL, *SPLIT_COLUMNS, "official_split"), "string"
    ),
    tasks=(
        TaskConfig("recordings"),
        _covid("covid_exhalation", "exhalation", (PaperTask("acula18", "T1", _PRINTED, measured={}, note=_LISTS),)),
        _covid(
            "covid_cough",
            "cough",
            (
                PaperTask(
                    "acula18",
                    "T2",
                    _PRINTED,
                    measured={},
                    note=(
                        f"{_LISTS}; the labels that OPERA ships for them are 884 positive and 1,616 negative, the "
                        "840/1,660 are those of exhalation"
                    ),
                ),
            ),
        ),
        _covid("covid_three_cough", "three_cough"),
    ),
    strata=(
        Stratum("covid_test_result", (("Positive",), ("Negative",))),
        Stratum("gender", (("Female",), ("Male",))),
    ),
    has_subject_ids=True,
    read=read_rows,
    official=("train", "validation", "test", "test_long"),
    traps=(
        "Ages are bands in the open edition (`age_group`); `age` is null wherever the table holds no number.",
        "A file of 44 bytes is a header without samples: nobody recorded anything. Such files are set aside, and are "
        "missing from some copies.",
        "Participants without an official split (`Not Used`) have a null `official_split`.",
        "Positives came mostly through Test and Trace and mostly with symptoms, negatives mostly through the REACT "
        "survey: unmatched accuracy measures that. The authors show that matching on age, gender and symptoms "
        "(`in_matched_rebalanced_test`) takes ROC-AUC from 0.85 to 0.62. Their official split shares no person.",
        "The participant table describes 72,999 people, of whom 25,706 tested positive by the data paper (25,776 by "
        "the distribution's own README).",
    ),
)


class UKCovid19(BodySoundBuilder):
    """UK COVID-19: configs ``recordings``, ``covid_exhalation``, ``covid_cough`` and ``covid_three_cough``."""

    SPEC = UK_COVID19
    BUILDER_CONFIGS = BodySoundBuilder.configs(UK_COVID19)
    DEFAULT_CONFIG_NAME = "recordings"
