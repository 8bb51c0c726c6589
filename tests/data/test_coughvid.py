from __future__ import annotations

import csv
import gzip
import importlib
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from hf_auscult.data import SplitSpec, dataset, load_prepared, prepare
from hf_auscult.data.catalogue.coughvid.reader import EXPERTS, TABLE
from hf_auscult.data.report import class_counts
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, DataError

from .synthetic import tone

FIXTURES = Path(__file__).parent / "fixtures"

COUGHVID = dataset("coughvid")
read_rows = COUGHVID.read

WEBM, OGG = "939a9bf3-e49b-415e-a24f-ca554d5decdc", "930a3bad-00c9-4ce0-9e2f-872d717973a6"


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "coughvid"


@pytest.fixture(scope="module")
def full(source: Path):
    return read_rows(source)


@pytest.fixture(scope="module")
def lines(source: Path) -> list[dict[str, str]]:
    with (source / "public_dataset" / TABLE).open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(folder: Path, lines: list[dict[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def ogg(file: Path) -> None:
    """A cough's stand-in as the volunteers' browsers wrote it: Opus at 48 kHz."""
    wave, _ = soundfile.read(tone(file.with_suffix(".wav"), rate=48_000))
    file.with_suffix(".wav").unlink()
    soundfile.write(file, wave, 48_000, format="OGG", subtype="OPUS")


def has_codec() -> bool:
    """Whether webm can be read here: torchcodec and FFmpeg's libraries."""
    try:
        importlib.import_module("torchcodec.decoders")
    except (ImportError, RuntimeError, OSError):
        return False
    return True


@pytest.fixture
def few(lines, tmp_path: Path) -> Path:
    """Real lines, verbatim: sixteen with a clear cough and a status, and four others, with short sound."""
    clear = [
        line for line in lines if float(line["cough_detected"]) >= 0.8 and line["status"] in ("healthy", "COVID-19")
    ]
    covid = [line for line in clear if line["status"] == "COVID-19"][:8]
    kept = [*covid, *(line for line in clear if line["status"] == "healthy")][:16] + lines[-4:]
    folder = tmp_path / "few" / "public_dataset"
    write_table(folder, kept)
    for line in kept:
        ogg(folder / f"{line['uuid']}.ogg")
    return folder


def test_every_line_is_a_row_with_its_own_words(full, lines):
    assert len(full.rows) == len(lines) == 20_072 and not full.problems
    original = {line["uuid"]: line for line in lines}
    for row in full.rows[::97]:
        line = original[row["recording_id"]]
        for column in (*EXPERTS, "status", "gender", "respiratory_condition", "fever_muscle_pain", "datetime"):
            assert row[column] == (line[column] or None)
        assert row["cough_detected"] == float(line["cough_detected"])
        assert row["age"] == (float(line["age"]) if line["age"] else None)
    assert Counter(row["sex"] for row in full.rows) == {None: 8845, "male": 7226, "female": 4001}
    assert sum(row["age"] is None for row in full.rows) == 9604
    assert Counter(row["diagnosis_3"] for row in full.rows)["COVID-19"] == 1


@pytest.mark.parametrize("task", [task for task in COUGHVID.tasks if task.paper], ids=lambda task: task.name)
def test_the_papers_counts_are_exact(full, task):
    rows, lost = task.select(full.rows)
    assert class_counts(task, rows) == task.paper[0].expected
    assert sum(lost.values()) + len(rows) == sum(row["cough"] == "yes" for row in full.rows) == 10_746


def test_operas_split_is_drawn_again_to_the_last_recording(full):
    decided = plan(full.rows, COUGHVID, SplitSpec(name="published", paper="opera"))
    assert Counter(decided.splits.values()) == {"train": 5843, "validation": 1948, "test": 2955}
    with gzip.open(FIXTURES / "opera_coughvid.csv.gz", "rt") as stream:
        shipped = {row["uuid"]: row["part"] for row in csv.DictReader(stream)}
    assert {name[:8]: part for name, part in decided.splits.items()} == shipped and len(shipped) == 10_746
    with pytest.raises(ConfigurationError, match="complete table"):
        plan(full.rows[:-30], COUGHVID, SplitSpec(name="published", paper="opera"))


def test_the_reports_balance(full):
    decided = plan(full.rows, COUGHVID, SplitSpec(name="demographic", task="covid"))
    status = {row["recording_id"]: row["status"] for row in full.rows}
    assert Counter(status[name] for name in decided.splits) == {"COVID-19": 453, "healthy": 453}
    assert decided.warnings == (COUGHVID.subject_warning,)


def test_the_slice_is_prepared_as_incomplete(source: Path, tmp_path: Path):
    report = prepare("coughvid", source, tmp_path / "out", progress=False)
    codec = has_codec()
    assert (report.listed, report.written) == (20_072, 2 if codec else 1)
    assert any("INCOMPLETE: 2 of 20072" in warning for warning in report.warnings)
    errors = Counter(problem.error for problem in report.quarantined)
    assert errors["MissingAudioError"] == 20_070
    rows = [row for part in load_prepared(report.output, "recordings").values() for row in part]
    found = {
        row["recording_id"]: (row["audio"]["path"], row["sampling_rate"], round(row["duration"], 2)) for row in rows
    }
    assert found[OGG] == (f"{OGG}.ogg", 48_000, 9.88)
    if codec:  # the webm has no duration in its header
        assert found[WEBM] == (f"{WEBM}.webm", 48_000, 9.9)


def test_the_original_layout_is_prepared(few: Path, tmp_path: Path):
    report = prepare("coughvid", few.parent, tmp_path / "out", progress=False)
    assert (report.listed, report.written, report.quarantined) == (20, 20, ())
    total = sum(counts.recordings for counts in report.configs["covid"].values())
    assert total >= 16 and set(report.configs) == {"recordings", "covid", "gender"}
    row = load_prepared(report.output, "covid")["train"][0]
    assert row["audio"]["bytes"] == (few / row["audio"]["path"]).read_bytes()


def test_damaged_lines_are_set_aside(few: Path, lines):
    with (few / TABLE).open(newline="") as stream:
        kept = list(csv.DictReader(stream))
    kept[0]["cough_detected"] = "loud"
    kept[1]["cough_detected"] = "1.5"
    kept[2]["uuid"] = kept[2]["uuid"][:-1]
    kept[3]["age"] = "forty"
    write_table(few, kept)
    table = read_rows(few)
    found = {problem.recording_id: problem.reason for problem in table.problems}
    assert "not a number" in found[kept[0]["uuid"]] and "not a probability" in found[kept[1]["uuid"]]
    assert "is not one" in found[kept[2]["uuid"]]
    assert any(reason == "the table does not list it" for reason in found.values())  # the audio of the third
    assert len(table.rows) == 17 and len(found) == 4
    assert next(row for row in table.rows if row["recording_id"] == kept[3]["uuid"])["age"] is None


def test_two_files_of_one_recording_and_unlisted_ones(few: Path):
    first = sorted(few.glob("*.ogg"))[0]
    tone(first.with_suffix(".wav"))
    tone(few / "mine.wav")
    found = {problem.path: problem.reason for problem in read_rows(few).problems}
    assert found == {
        f"{first.stem}.wav": f"the same recording as {first.name}",
        "mine.wav": "the table does not list it",
    }


def test_wrong_folders_and_tables(few: Path, lines, tmp_path: Path):
    with pytest.raises(DataError, match="COUGHVID"):
        read_rows(tmp_path)
    write_table(few, [{key: value for key, value in line.items() if key != "severity_3"} for line in lines[:3]])
    with pytest.raises(DataError, match="severity_3"):
        read_rows(few)
