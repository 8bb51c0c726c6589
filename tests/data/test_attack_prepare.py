"""The attack on files: copies under other people's names, prepared from real recordings, stay on one side."""

from __future__ import annotations

import csv
import io
import random
import re
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from hf_auscult.audio import read
from hf_auscult.data import DATASETS, SplitSpec, builder, load_prepared, preparation, prepare
from hf_auscult.errors import AuscultError, LeakageError

from .attacker import PERSON_IN_NAME, Groups
from .conftest import copy_ids
from .every_layout import ORIGINALS

LONG = 3.0
"""Seconds: shorter recordings are too short to be told to sound alike."""


def some(shared: Path, target: Path, name: str) -> Path:
    """A part of the real slice, in its layout, that may be changed."""
    data = shared / "data"
    match name:
        case "circor":
            return copy_ids(target, lambda ids: ids[:16])
        case "sprsound":
            for part, notes in (("train2022", ""), ("test2022", "inter_test_json"), ("test2022", "intra_test_json")):
                inside = Path("BioCAS2022")
                jsons = inside / f"{part}_json" / notes
                (target / jsons).mkdir(parents=True)
                (target / inside / f"{part}_wav").mkdir(exist_ok=True)
                for file in sorted((data / "sprsound" / jsons).glob("*.json"))[::4]:
                    shutil.copyfile(file, target / jsons / file.name)
                    wav = inside / f"{part}_wav" / f"{file.stem}.wav"
                    shutil.copyfile(data / "sprsound" / wav, target / wav)
        case "icbhi":
            shutil.copytree(data / "icbhi2017", target)
        case "cinc2016":
            for database in "acf":
                shutil.copytree(data / "cinc2016" / f"training-{database}", target / f"training-{database}")
        case "covid19_cough":
            (target / "raw").mkdir(parents=True)
            shutil.copyfile(data / "covid19-cough" / "metadata.json", target / "metadata.json")
            for file in sorted((data / "covid19-cough" / "raw").glob("*.mp3"))[:70]:
                shutil.copyfile(file, target / "raw" / file.name)
        case "coughvid":
            ORIGINALS["coughvid"](shared, target)
            real = next((data / "coughvid" / "public_dataset").glob("*.ogg"))
            wave, rate = soundfile.read(real)
            cough = np.random.default_rng(0)
            for file in sorted(target.glob("*.ogg")):  # each long enough to be recognised
                soundfile.write(file, 0.1 * cough.standard_normal(4 * rate), rate, format="OGG", subtype="OPUS")
            with (target / "metadata_compiled.csv").open(newline="") as stream:
                first = next(csv.DictReader(stream))["uuid"]
            soundfile.write(target / f"{first}.ogg", wave, rate, format="OGG", subtype="OPUS")
    for file in target.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)
    return target


def changed(data: bytes, path: str, how: str) -> bytes:
    """The same take as another file: byte for byte, quieter, or through another filter."""
    if how == "bytes":
        return data
    waveform = read({"bytes": data, "path": path})
    wave, rate = waveform.array, waveform.sampling_rate
    if how == "filter":
        wave = scipy.signal.sosfilt(scipy.signal.butter(3, 80, "highpass", fs=rate, output="sos"), wave)
    target = io.BytesIO()
    formats = {".wav": ("WAV", "PCM_16"), ".mp3": ("MP3", None), ".ogg": ("OGG", "OPUS")}
    container, subtype = formats[Path(path).suffix]
    soundfile.write(target, 0.5 * wave, rate, format=container, subtype=subtype)
    return target.getvalue()


def forge(root: Path, rows, chance: random.Random, copies: int = 6) -> list[tuple[str, str]]:
    """Put copies of recordings in place of other people's; returns the pairs of recordings that are one take."""
    usable = []
    for row in rows:
        file = root / row["path"]
        try:
            if read(file).seconds >= LONG and np.abs(read(file).array).max() > 0.01:
                usable.append(row)
        except AuscultError:
            continue
    chosen = chance.sample(usable, min(2 * copies, len(usable) // 2 * 2))
    pairs = []
    for number, (one, other) in enumerate(zip(chosen[::2], chosen[1::2], strict=True)):
        data = changed((root / one["path"]).read_bytes(), one["path"], ("bytes", "gain", "filter")[number % 3])
        (root / other["path"]).write_bytes(data)
        pairs.append((one["recording_id"], other["recording_id"]))
    return pairs


def sides(report, spec, pairs) -> list[set[str]]:
    """Splits of every group of linked recordings, from the files that were written."""

    groups, where = Groups(), {}
    for split, part in load_prepared(report.output, "recordings", allow_leakage=True).items():
        for name, subject in zip(part["recording_id"], part["subject_id"], strict=True):
            where[name] = split
            groups.join(name, ("id", subject))
            pattern = PERSON_IN_NAME.get(spec.name)
            if pattern and (match := re.match(pattern, name)):
                groups.join(name, ("name", match[1]))
    for one, other in pairs:
        groups.join(one, other)
    found = defaultdict(set)
    for name, split in where.items():
        found[groups.root(name)].add(split)
    return list(found.values())


REAL = ("circor", "sprsound", "icbhi", "cinc2016", "covid19_cough", "coughvid")


@pytest.mark.parametrize(("name", "seed"), [*((name, 0) for name in REAL), ("circor", 1), ("cinc2016", 1)])
def test_copies_under_other_names_stay_on_one_side(shared: Path, tmp_path: Path, name: str, seed: int):
    spec, chance = DATASETS[name], random.Random(seed)
    source = some(shared, tmp_path / "in", name)
    table = spec.read(source)
    pairs = forge(table.root, table.rows, chance)
    assert len(pairs) >= 3
    built = 0
    for number, split in enumerate(
        (
            SplitSpec(seed=seed),
            SplitSpec(seed=seed + 7, fractions={"train": 0.5, "test": 0.5}),
            SplitSpec(name="loso"),
            SplitSpec(name="leave_one_source_out", by="device" if name in ("icbhi", "covid19_cough") else "site"),
            *([SplitSpec(name="official")] if spec.official else []),
        )
    ):
        try:
            report = prepare(
                name, source, tmp_path / f"out{number}", split=split, tasks=["recordings"], progress=False, verify=False
            )
        except LeakageError:
            assert split.name == "official"
            continue
        except AuscultError as error:
            assert split.name == "leave_one_source_out", error  # one site or device here
            continue
        assert all(len(found) == 1 for found in sides(report, spec, pairs)), split
        built += 1
    assert built >= 3


# With these seeds a byte-identical pair falls apart; sixteen recordings leave room for seeds in which none does.
@pytest.mark.parametrize(("name", "seed"), [("circor", 2), ("cinc2016", 1)])
def test_who_does_not_listen_lets_copies_through(shared: Path, tmp_path: Path, monkeypatch, name: str, seed: int):
    """The attack works on a package that neither listens nor compares bytes: it is these that stop it."""
    spec = DATASETS[name]
    source = some(shared, tmp_path / "in", name)
    table = spec.read(source)
    pairs = forge(table.root, table.rows, random.Random(0))
    plan = preparation.plan
    monkeypatch.setattr(builder, "find_twins", lambda prints: [])
    monkeypatch.setattr(preparation, "plan", lambda rows, spec, split, *_: plan(rows, spec, split))
    settings = {"tasks": ["recordings"], "progress": False, "verify": False}
    with pytest.raises(LeakageError, match="byte-identical"):  # the guard still compares bytes
        prepare(name, source, tmp_path / "guarded", split=SplitSpec(seed=seed), **settings)
    monkeypatch.setattr(preparation, "check_splits", lambda *_, **__: None)
    report = prepare(name, source, tmp_path / "out", split=SplitSpec(seed=seed), **settings)
    assert any(len(found) > 1 for found in sides(report, spec, pairs))
