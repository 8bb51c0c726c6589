"""Original layouts of the heart sound sets without recordings here, built from their names and counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

BMD_HS_PATIENTS = {
    **{("N",): 21, ("AS", "AR"): 16, ("MR",): 11, ("MS",): 11, ("MR", "MS"): 10, ("AS",): 8, ("AR",): 7},
    **{("AS", "AR", "MR", "MS"): 5, ("AR", "MR", "MS"): 5, ("AR", "MR"): 4, ("AS", "AR", "MS"): 3, ("AR", "MS"): 2},
    **{("AS", "MS"): 2, ("AS", "MR"): 2, ("AS", "AR", "MR"): 1},
}
"""Diseases -> patients, as in train.csv."""

ZCH_COUNTS = {
    "clean": {"NORMAL": 533, "VSD": 187, "ASD": 119, "PFO": 70, "PDA": 32},
    "noise": {"NORMAL": 160, "ASD": 102, "PFO": 35, "VSD": 14, "PDA": 7},
}
ZCH_TABLES = {"clean": "Clean Heartsound Data Details.csv", "noise": "Noise Heartsound Data Details.csv"}
ZCH_FOLDERS = {"clean": "clean Heartsound Data", "noise": "Noise Heartsound Data Details"}

CINC_COUNTS = {"a": (117, 292), "b": (386, 104), "c": (7, 24), "d": (27, 28), "e": (1958, 183), "f": (80, 34)}
"""Sub-database -> normal, abnormal."""


def tone(path: Path, seconds: float = 0.2, rate: int = 4_000) -> Path:
    """Write noise as 16-bit wav; every path (its last two parts) sounds different, and always the same."""
    seed = hashlib.sha256("/".join(path.parts[-2:]).encode()).digest()
    noise = np.random.default_rng(list(seed)).normal(0, 0.1, round(seconds * rate))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise.clip(-1, 1), rate, subtype="PCM_16")
    return path


def cinc2016(root: Path) -> Path:
    """All 3,240 rows of REFERENCE.csv and RECORDS, without recordings."""
    for database, (normal, abnormal) in CINC_COUNTS.items():
        folder = root / f"training-{database}"
        folder.mkdir(parents=True)
        digits = 5 if database == "e" else 4
        names = [f"{database}{number:0{digits}d}" for number in range(1, normal + abnormal + 1)]
        labels = ["-1"] * normal + ["1"] * abnormal
        (folder / "REFERENCE.csv").write_text(
            "".join(f"{name},{label}\n" for name, label in zip(names, labels, strict=True))
        )
        (folder / "RECORDS").write_text("\n".join(names) + "\n")
    return root


def korean(root: Path, folder: str = "{}_New_3주기", classes: Sequence[str] = ("AS", "MR", "MS", "MVP", "N")) -> Path:
    """All 1,000 recordings."""
    for name in classes:
        for index in range(1, 201):
            tone(root / folder.format(name) / f"New_{name}_{index:03d}.wav", 0.05, 8_000)
    return root


def zchsound(root: Path, wavs: bool = True) -> Path:
    """Both tables, complete, and 1,259 recordings."""
    number = 0
    root.mkdir(parents=True)
    for part, counts in ZCH_COUNTS.items():
        lines = ["fileName;gender;age(days);diagnosis"]
        for diagnosis, count in counts.items():
            for _ in range(count):
                number += 1
                days = number % 5 + 1 if part == "noise" else 7 * number
                lines.append(f"ZCH{number:04d}.wav;{'MF'[number % 2]};{days};{diagnosis}")
                if wavs:
                    tone(root / ZCH_FOLDERS[part] / f"ZCH{number:04d}.wav", 0.05, 8_000)
        (root / ZCH_TABLES[part]).write_text("\n".join(lines) + "\n", "utf-8-sig")
    return root


def bmd_hs(root: Path) -> Path:
    """The tables' 108 patients (001-109 without 022), all 872 files, and the odd name of one."""
    numbers = iter(number for number in range(1, 110) if number != 22)
    root.mkdir(parents=True)
    lines = ["patient_id,AS,AR,MR,MS,N," + ",".join(f"recording_{one}" for one in range(1, 9))]
    people = ["patient_id,Age,Gender,Smoker,Lives"]
    kinds = [kind for kind, count in BMD_HS_PATIENTS.items() for _ in range(count)]
    kinds.insert(83, kinds.pop(22))  # patient 085 has several diseases, as there
    for kind in kinds:
        number = next(numbers)
        code = kind[0] if len(kind) == 1 else "MD"
        names = [f"{code}_{number:03d}_{how}_{site}" for how in ("sup", "sit") for site in ("Mit", "Tri", "Pul", "Aor")]
        flags = ",".join(str(int(one in kind)) for one in ("AS", "AR", "MR", "MS", "N"))
        lines.append(f"patient_{number:03d},{flags},{','.join(names)}")
        people.append(f"patient_{number:03d},{20 + number % 50},{'MF'[number % 2]},{number % 2},{'UR'[number % 2]}")
        for name in names:
            tone(root / "train" / ("MD_085_sit_Tri6_06.wav" if name == "MD_085_sit_Tri" else f"{name}.wav"), 0.05)
    for how in ("sup", "sit"):
        for site in ("Mit", "Tri", "Pul", "Aor"):
            tone(root / "train" / f"MD_022_{how}_{site}.wav", 0.05)
    (root / "train.csv").write_text("\n".join(lines) + "\n")
    (root / "additional_metadata.csv").write_text("\n".join(people) + "\n")
    return root
