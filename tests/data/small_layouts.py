"""A small original layout of every dataset, to be damaged at will: real tables where they are at hand."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from hf_auscult.data import dataset
from hf_auscult.data.catalogue.mmlung.reader import RECORDINGS

from . import heart_layouts, lung_layouts
from .conftest import copy_ids
from .test_mmlung import export
from .test_uk_covid19 import name as uk_name

_WAV = b"RIFF"  # the readers of tables look at names, not into recordings


def touch(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_WAV + file.name.encode())
    return file


def table(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", "utf-8")


def circor(shared: Path, root: Path) -> None:
    copy_ids(root, lambda ids: ids[:8])


def cinc2016(shared: Path, root: Path) -> None:
    for letter in "ad":
        names = [f"{letter}{number:04d}" for number in range(1, 7)]
        folder = root / f"training-{letter}"
        for number, name in enumerate(names):
            touch(folder / f"{name}.wav")
            word = ("Normal", "Abnormal")[number % 2]
            text = f"{name} 1 2000 4000\r\n{name}.wav 16+44 1000 16 0 0 0 0 PCG\r\n# {word}\r\n"
            (folder / f"{name}.hea").write_bytes(text.encode())
        table(folder / "REFERENCE.csv", [f"{name},{(-1, 1)[number % 2]}" for number, name in enumerate(names)])
        table(folder / "RECORDS", names)
        notes = [f"{name},{(-1, 1)[number % 2]},1" for number, name in enumerate(names)]
        table(root / "annotations" / "updated" / f"training-{letter}" / "REFERENCE_withSQI.csv", notes)
    header = "Challenge record name,Diagnosis,Original record name,# Raw record,Transducer site on body,"
    lines = [f"a{number:04d},Normal,C0{number}S01,{number},apex,rest,{30 + number},M" for number in range(1, 7)]
    header += "Recording state,Age (year),Gender"
    table(root / "annotations" / "Online Appendix_training set.csv", [header, *lines])


def bmd_hs(shared: Path, root: Path) -> None:
    lines = ["patient_id,AS,AR,MR,MS,N," + ",".join(f"recording_{one}" for one in range(1, 9))]
    people = ["patient_id,Age,Gender,Smoker,Lives"]
    for number in range(1, 5):
        code = ("N", "AS")[number % 2]
        names = [f"{code}_{number:03d}_{how}_{site}" for how in ("sup", "sit") for site in ("Mit", "Tri", "Pul", "Aor")]
        lines.append(f"patient_{number:03d},{number % 2},0,0,0,{1 - number % 2},{','.join(names)}")
        people.append(f"patient_{number:03d},{20 + number},M,0,U")
        for name in names:
            touch(root / "train" / f"{name}.wav")
    table(root / "train.csv", lines)
    table(root / "additional_metadata.csv", people)


def zchsound(shared: Path, root: Path) -> None:
    number = 0
    for part, folder in heart_layouts.ZCH_FOLDERS.items():
        lines = ["fileName;gender;age(days);diagnosis"]
        for diagnosis in ("NORMAL", "ASD", "VSD", "NORMAL", "PFO"):
            number += 1
            lines.append(f"ZCH{number:04d}.wav;{'MF'[number % 2]};{7 * number};{diagnosis}")
            touch(root / folder / f"ZCH{number:04d}.wav")
        table(root / heart_layouts.ZCH_TABLES[part], lines)


def korean(shared: Path, root: Path) -> None:
    for name in ("AS", "MR", "MS", "MVP", "N"):
        for number in range(1, 4):
            touch(root / f"{name}_New_3주기" / f"New_{name}_{number:03d}.wav")


def generic(shared: Path, root: Path) -> None:
    lines = ["path,subject_id,label,site,age,sex"]
    for number in range(8):
        touch(root / "wav" / f"{number}.wav")
        lines.append(f"wav/{number}.wav,p{number // 2},{('Normal', 'Abnormal')[number % 2]},mitral,{number},F")
    table(root / "metadata.csv", lines)


def kauh(shared: Path, root: Path) -> None:
    for name in lung_layouts.kauh_names(shared)[:12]:
        touch(root / "AudioFiles" / name)
    shutil.copyfile(shared / "data" / "kauh_metadata_only" / "Data annotation.xlsx", root / "Data annotation.xlsx")


def resp_at_tr(shared: Path, root: Path) -> None:
    source = shared / "data" / "resp_at_tr_metadata_only"
    root.mkdir(parents=True)
    shutil.copyfile(source / "Labels.xlsx", root / "Labels.xlsx")
    for name in (source / "audio_file_names.txt").read_text().splitlines()[:24]:
        touch(root / "RespiratoryDatabase@TR" / name)


def hf_lung(shared: Path, root: Path) -> None:
    lung_layouts.hf_lung(shared, root)


def icbhi(shared: Path, root: Path) -> None:
    lung_layouts.icbhi(shared, root, {"101", "102", "107"})


def sprsound(shared: Path, root: Path) -> None:
    source = shared / "data" / "sprsound"
    for part in ("train2022", "test2022"):
        for file in sorted((source / "BioCAS2022" / f"{part}_json").rglob("*.json"))[:5]:
            target = root / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            touch(root / "BioCAS2022" / f"{part}_wav" / f"{file.stem}.wav")
    shutil.copytree(source / "Patient Summary", root / "Patient Summary")


def mmlung(shared: Path, root: Path) -> None:
    for person in range(1, 5):
        export(root / "spirometry_ground_truth" / f"{person}_spiro.xls", "3.20*", 2.5, 0.78)
        for modality in ("deepbreaths", "vowelo"):
            touch(
                root / RECORDINGS[0] / dataset("mmlung").codes["modalities"][modality][0] / f"{person}_{modality}.wav"
            )


def nosemic(shared: Path, root: Path) -> None:
    for user in range(4):
        for take in range(2):
            touch(root / "audio" / f"u{user}_{take}_rest_{12 + user}.wav")


def ssbpr(shared: Path, root: Path) -> None:
    for sex in ("female", "male"):
        for number in range(6):
            touch(root / sex / "audio" / f"{number // 2:04d}-{number:04d}-{number}.wav")


def bowel(shared: Path, root: Path) -> None:
    lines = ["filename,kfold,train/test,sounds_amount"]
    for piece in range(8):
        name = f"{piece}_{('agrest-M2', 'poziomka-M2')[piece % 2]}"
        touch(root / f"{name}.wav")
        sounds = [f"{0.1 * one + 0.01:.2f},{0.1 * one + 0.05:.2f},300,900,NaN" for one in range(piece % 3)]
        table(root / f"{name}.csv", ["start,end,fmin,fmax,category", *sounds])
        lines.append(f"{name}.wav,{piece % 5},{('train', 'test')[piece % 2]},{len(sounds)}")
    table(root / "files.csv", lines)


def uk_covid19(shared: Path, root: Path) -> None:
    modalities = ("exhalation", "cough", "three_cough")
    audio = ["participant_identifier," + ",".join(f"{one}_file_name,{one}_size" for one in modalities)]
    people = ["participant_identifier,age,gender,covid_test_result,smoker_status"]
    splits = ["participant_identifier,splits"]
    for number in range(5):
        files = [touch(root / "audio" / uk_name(one, number)) for one in modalities]
        audio.append(f"P{number}," + ",".join(f"{file.name},9000" for file in files))
        people.append(f"P{number},18-44,Female,{('Positive', 'Negative')[number % 2]},Never smoked")
        splits.append(f"P{number},{('train', 'val', 'test')[number % 3]}")
    table(root / "audio_metadata.csv", audio)
    table(root / "participant_metadata.csv", people)
    table(root / "train_test_splits.csv", splits)


def coswara(shared: Path, root: Path) -> None:
    source = shared / "data" / "coswara_metadata_only"
    shutil.copytree(source / "20200820", root / "20200820")
    with (source / "20200820" / "20200820.csv").open(newline="") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)][:3]
    for file in (source / "combined_data.csv", *sorted((source / "annotations").glob("*.csv"))):
        lines = file.read_text("utf-8-sig").splitlines()
        kept = [line for line in lines[1:] if any(one in line for one in ids)]
        table(root / file.relative_to(source), [lines[0], *kept])
        for one in ids:
            if file.stem.endswith("_labels"):
                touch(root / "Extracted_data" / "20200820" / one / f"{file.stem.removesuffix('_labels')}.wav")


def coughvid(shared: Path, root: Path) -> None:
    lines = (shared / "data" / "coughvid" / "public_dataset" / "metadata_compiled.csv").read_text().splitlines()
    table(root / "public_dataset" / "metadata_compiled.csv", lines[:7])
    for line in lines[1:7]:
        uuid = next(cell for cell in line.split(",") if cell.count("-") == 4)
        touch(root / "public_dataset" / f"{uuid}.webm")


def covid19_cough(shared: Path, root: Path) -> None:
    entries = json.loads((shared / "data" / "covid19-cough" / "metadata.json").read_text())[:6]
    root.mkdir(parents=True)
    (root / "metadata.json").write_text(json.dumps(entries, indent=1))
    for entry in entries:
        touch(root / "raw" / entry["filename"])


LAYOUTS: dict[str, Callable[[Path, Path], None]] = {
    **{build.__name__: build for build in (circor, cinc2016, bmd_hs, zchsound, korean, kauh, resp_at_tr, hf_lung)},
    **{build.__name__: build for build in (icbhi, sprsound, mmlung, nosemic, ssbpr, bowel, uk_covid19, coswara)},
    **{build.__name__: build for build in (coughvid, covid19_cough)},
    **dict.fromkeys(("hsdreport", "xh_heartsound"), generic),
}
