"""Original layouts of the lung sets whose audio is not at hand: real names and tables, short synthetic sound."""

from __future__ import annotations

import csv
import gzip
import shutil
import zlib
from pathlib import Path

import numpy as np
import soundfile

FIXTURES = Path(__file__).parent / "fixtures"


def noise(path: Path, seconds: float = 0.05, rate: int = 4_000, subtype: str = "PCM_16") -> Path:
    """A wav of noise that depends on the file's name only, so that no two files are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = np.random.default_rng(zlib.crc32(path.name.encode()))
    soundfile.write(path, 0.1 * source.standard_normal(round(seconds * rate)), rate, subtype=subtype)
    return path


def kauh_names(shared: Path) -> list[str]:
    return (shared / "data" / "kauh_metadata_only" / "audio_file_names.txt").read_text().splitlines()


def kauh(shared: Path, target: Path, keep=lambda name: True) -> Path:
    for name in filter(keep, kauh_names(shared)):
        noise(target / "AudioFiles" / name)
    return target


def resp_at_tr(shared: Path, target: Path, keep=lambda name: True) -> Path:
    source = shared / "data" / "resp_at_tr_metadata_only"
    target.mkdir(parents=True)
    shutil.copyfile(source / "Labels.xlsx", target / "Labels.xlsx")
    for name in filter(keep, (source / "audio_file_names.txt").read_text().splitlines()):
        noise(target / "RespiratoryDatabase@TR" / name)
    return target


def hf_lung(shared: Path, target: Path) -> Path:
    """The five real label files, in the unpacked folder, with a sound of 15 s each."""
    root = target / "HF_Lung_V1-master"
    for file in sorted((shared / "data" / "hf_lung_v1_labels_only").glob("*/*.txt")):
        folder = root / file.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / file.name)
        noise(folder / file.name.replace("_label.txt", ".wav"), 15)
    return target


def hf_lung_stems() -> list[tuple[str, str]]:
    """(stem, folder) of all 9,765 recordings of HF_Lung_V1."""
    with gzip.open(FIXTURES / "hf_lung_v1.csv.gz", "rt", newline="") as stream:
        return [(row["filename"], row["split"]) for row in csv.DictReader(stream)]


def icbhi(shared: Path, target: Path, patients: set[str]) -> Path:
    """Some patients of the challenge's layout, with the complete tables."""
    data = shared / "data"
    (target / "ICBHI_final_database").mkdir(parents=True)
    for table in (data / "icbhi2017").glob("*.txt"):
        shutil.copyfile(table, target / table.name)
    for file in sorted((data / "icbhi2017_annotations_only" / "audio_and_txt_files").glob("*.txt")):
        if file.name.split("_")[0] in patients:
            shutil.copyfile(file, target / "ICBHI_final_database" / file.name)
            last = float(file.read_text().split("\n")[-2].split()[1])
            noise(target / "ICBHI_final_database" / f"{file.stem}.wav", last, 1_000)
    return target
