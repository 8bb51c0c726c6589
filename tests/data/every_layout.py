"""A small original of every dataset: the real slice where there is one, else its layout with short synthetic sound."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import soundfile

from . import heart_layouts, lung_layouts
from .lung_layouts import hf_lung_stems, noise
from .synthetic import tone
from .test_bowel import RECORDINGS
from .test_bowel import write as write_rows
from .test_mmlung import export
from .test_uk_covid19 import name as uk_name
from .test_uk_covid19 import write as write_dicts

Original = Callable[[Path, Path], Path]


def _real(folder: str) -> Original:
    return lambda shared, target: shared / "data" / folder


def _bowel(shared: Path, target: Path) -> Path:
    listed = []
    for piece in range(48):
        name = f"{piece}_{RECORDINGS[piece % 6]}"
        tone(target / f"{name}.wav", seconds=0.2)
        sounds = [(0.01 * n + 0.005, 0.01 * n + 0.012, 300, 900, "NaN") for n in range(piece % 4)]
        write_rows(target / f"{name}.csv", ("start", "end", "fmin", "fmax", "category"), sounds)
        # The distribution's own split has the same people on both sides; here two code words are a test set.
        part = "test" if piece % 6 in (1, 2, 4) else "train"
        listed.append((f"{name}.wav", piece % 5 + 1, part, len(sounds)))
    write_rows(target / "files.csv", ("filename", "kfold", "train/test", "sounds_amount"), listed)
    return target


def _coswara(shared: Path, target: Path) -> Path:
    source = shared / "data" / "coswara_metadata_only"
    shutil.copytree(source / "annotations", target / "annotations")
    shutil.copytree(source / "20200820", target / "20200820")
    with (source / "combined_data.csv").open(newline="") as stream:
        people = [row for row in csv.DictReader(stream) if row["record_date"] == "2020-08-20"]
    by_status: dict[str, list[dict[str, str]]] = {}
    for row in people:
        by_status.setdefault(row["covid_status"], []).append(row)
    chosen = [row for rows in by_status.values() for row in rows[:10]]
    write_dicts(target / "combined_data.csv", chosen)  # type: ignore[arg-type]
    for row in chosen:
        for modality in ("cough-heavy", "cough-shallow", "breathing-deep", "vowel-a"):
            tone(target / "Extracted_data" / "20200820" / row["id"] / f"{modality}.wav", seconds=0.1)
    return target


def _mmlung(shared: Path, target: Path) -> Path:
    for person in range(1, 13):
        fvc = 2 + person / 20
        export(target / "spirometry_ground_truth" / f"{person}_spiro.xls", f"{fvc:.2f}*", round(0.8 * fvc, 3), 0.8)
        for folder, word in (("5_2_O_single", "vowelo"), ("9_3_deepbreath", "deepbreaths")):
            tone(target / "Trimmed Data from phone" / folder / f"{person}_{word}.wav", seconds=0.1)
    return target


def _nosemic(shared: Path, target: Path) -> Path:
    for user in range(12):
        for take in range(3):
            tone(target / "audio" / f"u{user:02d}_{take}_rest_{12 + user + take / 2:g}.wav", seconds=0.1)
    return target


def _ssbpr(shared: Path, target: Path) -> Path:
    for sex in ("female", "male"):
        for patient in range(6):
            for snore in range(6):
                tone(target / sex / "audio" / f"{patient:04d}-{patient * 6 + snore:04d}-{snore}.wav", seconds=0.1)
    return target


def _uk_covid19(shared: Path, target: Path) -> Path:
    splits = ("train", "train", "val", "test", "long", "Not Used")
    people, audio, parts = [], [], []
    for number in range(24):
        person = f"P{number:05d}"
        people.append(
            {
                "participant_identifier": person,
                "age": ("18-44", "45-64", "65+")[number % 3],
                "gender": ("Male", "Female")[number // 3 % 2],
                "covid_test_result": ("Positive", "Negative")[number // 6 % 2],
                "covid_test_method": "PCR",
                "smoker_status": ("Never smoked", "Current smoker")[number // 2 % 2],
                "symptom_cough_any": number % 2,
                "recruitment_source": ("Test and Trace", "REACT-1 Round 16")[number % 2],
            }
        )
        line: dict[str, object] = {"participant_identifier": person}
        for modality in ("exhalation", "cough", "three_cough"):
            file = tone(target / "audio" / uk_name(modality, number), seconds=0.2)
            line |= {f"{modality}_file_name": file.name, f"{modality}_size": file.stat().st_size}
        audio.append(line)
        parts.append({"participant_identifier": person, "splits": splits[number % 6]})
    for file, rows in (("participant_metadata", people), ("audio_metadata", audio), ("train_test_splits", parts)):
        write_dicts(target / f"{file}.csv", rows)
    return target


def _hsdreport(shared: Path, target: Path) -> Path:
    return _generic(target, ["Normal", "Abnormal", ""], "report", [f"C{number}" for number in range(24)])


def _xh_heartsound(shared: Path, target: Path) -> Path:
    return _generic(target, ["a"], "history", [f"X{number // 2}" for number in range(24)])


def _my_folder(shared: Path, target: Path) -> Path:
    return _generic(target, ["murmur", "none"], "ward", [f"anna {number // 2}" for number in range(24)])


def _generic(target: Path, labels: list[str], column: str, people: list[str]) -> Path:
    rows = [
        (f"wav/{number:02d}.wav", who, labels[number // 2 % len(labels)], ("mitral", "aortic")[number // 4 % 2], "text")
        for number, who in enumerate(people)
    ]
    for path, *_ in rows:
        tone(target / path, seconds=0.1)
    write_rows(target / "metadata.csv", ("path", "subject_id", "label", "site", column), rows)
    return target


def _hf_lung(shared: Path, target: Path) -> Path:
    """Real names of every 100th recording, each with the events of one of the real label files."""
    labels = sorted((shared / "data" / "hf_lung_v1_labels_only").glob("*/*.txt"))
    for number, (stem, part) in enumerate(hf_lung_stems()[::100]):
        folder = target / "HF_Lung_V1-master" / part
        noise(folder / f"{stem}.wav", 15, 1_000)
        shutil.copyfile(labels[number % len(labels)], folder / f"{stem}_label.txt")
    return target


def _korean(shared: Path, target: Path) -> Path:
    for name in ("AS", "MR", "MS", "MVP", "N"):
        for index in range(1, 201, 5):
            tone(target / f"{name}_New_3주기" / f"New_{name}_{index:03d}.wav", 0.05, 8_000)
    return target


def _zchsound(shared: Path, target: Path) -> Path:
    """The complete tables; of the recordings, every seventh."""
    heart_layouts.zchsound(target, wavs=False)
    for number in range(1, 1260, 7):
        part = "clean" if number <= 941 else "noise"
        tone(target / heart_layouts.ZCH_FOLDERS[part] / f"ZCH{number:04d}.wav", 0.05, 8_000)
    return target


def _coughvid(shared: Path, target: Path) -> Path:
    """Lines of the real table of every status and gender, with Opus like the volunteers' browsers wrote."""
    target.mkdir(parents=True, exist_ok=True)
    with (shared / "data" / "coughvid" / "public_dataset" / "metadata_compiled.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    chosen: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line in lines:
        if float(line["cough_detected"]) >= 0.8:
            chosen.setdefault((line["status"], line["gender"]), []).append(line)
    kept = [line for group in chosen.values() for line in group[:4]]
    write_dicts(target / "metadata_compiled.csv", kept)  # type: ignore[arg-type]
    for line in kept:
        wave, _ = soundfile.read(tone(target / f"{line['uuid']}.wav", 0.5, 48_000))
        (target / f"{line['uuid']}.wav").unlink()
        soundfile.write(target / f"{line['uuid']}.ogg", wave, 48_000, format="OGG", subtype="OPUS")
    return target


def _icbhi(shared: Path, target: Path) -> Path:
    return lung_layouts.icbhi(shared, target, {"101", "102", "103", "104", "105", "116", "156", "218", "226", "130"})


def _kauh(shared: Path, target: Path) -> Path:
    return lung_layouts.kauh(shared, target)


def _resp_at_tr(shared: Path, target: Path) -> Path:
    return lung_layouts.resp_at_tr(shared, target)


def _bmd_hs(shared: Path, target: Path) -> Path:
    return heart_layouts.bmd_hs(target)


ORIGINALS: Mapping[str, Original] = {
    "bmd_hs": _bmd_hs,
    "bowel": _bowel,
    "cinc2016": _real("cinc2016"),
    "circor": _real("circor-digiscope-1.0.3"),
    "coswara": _coswara,
    "coughvid": _coughvid,
    "covid19_cough": _real("covid19-cough"),
    "hf_lung": _hf_lung,
    "hsdreport": _hsdreport,
    "icbhi": _icbhi,
    "kauh": _kauh,
    "korean": _korean,
    "mmlung": _mmlung,
    "my_folder": _my_folder,
    "nosemic": _nosemic,
    "resp_at_tr": _resp_at_tr,
    "sprsound": _real("sprsound"),
    "ssbpr": _ssbpr,
    "uk_covid19": _uk_covid19,
    "xh_heartsound": _xh_heartsound,
    "zchsound": _zchsound,
}
"""Dataset (and ``my_folder``, for ``from_folder``) -> (shared folder, empty target) -> the original."""
