from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from hf_auscult.data import prepare
from hf_auscult.data.checksums import differing, official_sums
from hf_auscult.errors import DataError


@pytest.fixture
def cinc(shared: Path, tmp_path: Path) -> Path:
    """Two sub-databases of the real slice, each with its own SHA256SUMS."""
    for letter in "cd":
        shutil.copytree(shared / "data" / "cinc2016" / f"training-{letter}", tmp_path / "cinc" / f"training-{letter}")
    return tmp_path / "cinc"


def damage(file: Path) -> None:
    """Change a sample, so that the file is audio all the same."""
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    file.write_bytes(bytes(data))


def test_every_folders_sums_are_compared(cinc: Path, tmp_path: Path):
    report = prepare("cinc2016", cinc, tmp_path / "out", progress=False)
    assert not report.quarantined and not any("checksum" in note for note in report.notes)
    assert sum(len(official_sums(file)) for file in cinc.glob("*/SHA256SUMS")) > report.written


@pytest.mark.parametrize("letter", ["c", "d"])
def test_a_damaged_recording_is_named_and_set_aside(cinc: Path, tmp_path: Path, letter: str):
    wav = sorted((cinc / f"training-{letter}").glob("*.wav"))[0]
    damage(wav)
    report = prepare("cinc2016", cinc, tmp_path / "out", progress=False)
    (problem,) = report.quarantined
    assert (problem.recording_id, problem.path) == (wav.stem, f"training-{letter}/{wav.name}")
    assert "official checksum" in problem.reason
    assert report.listed == report.written + 1
    unverified = prepare("cinc2016", cinc, tmp_path / "unverified", verify=False, progress=False)
    assert unverified.written == unverified.listed and not unverified.quarantined


def test_a_damaged_table_is_named_in_a_note(cinc: Path, tmp_path: Path):
    header = sorted((cinc / "training-c").glob("*.hea"))[0]
    header.write_bytes(header.read_bytes().replace(b"\r\n", b"\n"))
    report = prepare("cinc2016", cinc, tmp_path / "out", progress=False)
    assert any(f"training-c/{header.name}" in note for note in report.notes)
    assert f"training-c/{header.name}" in (tmp_path / "out" / "README.md").read_text()


def test_recordings_that_no_sum_vouches_for_are_counted(cinc: Path, tmp_path: Path):
    (cinc / "training-d" / "SHA256SUMS").unlink()
    report = prepare("cinc2016", cinc, tmp_path / "out", progress=False)
    wavs = len(list((cinc / "training-d").glob("*.wav")))
    assert any(note.startswith(f"{wavs} recordings are in no list of official checksums") for note in report.notes)
    (cinc / "training-c" / "SHA256SUMS").unlink()
    report = prepare("cinc2016", cinc, tmp_path / "none", progress=False)
    assert any("nothing was compared" in note for note in report.notes)


def test_circor_is_compared_too(shared: Path, tmp_path: Path):
    source = tmp_path / "circor"
    shutil.copytree(shared / "data" / "circor-digiscope-1.0.3", source)
    wav = sorted((source / "training_data").glob("*.wav"))[3]
    damage(wav)
    report = prepare("circor", source, tmp_path / "out", tasks=["recordings"], progress=False)
    assert [problem.recording_id for problem in report.quarantined] == [wav.stem]


@pytest.mark.parametrize("text", [b"abc  a.wav\n", b"\xff\xfe\x00", b"f" * 64 + b"\n"])
def test_damaged_lists_are_refused_by_name(tmp_path: Path, text: bytes):
    (tmp_path / "SHA256SUMS").write_bytes(text)
    with pytest.raises(DataError, match="SHA256SUMS"):
        official_sums(tmp_path / "SHA256SUMS")


def test_lists_of_any_dialect(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(b"a")
    good, bad = hashlib.sha256(b"a").hexdigest(), "0" * 64
    file = tmp_path / "SHA256SUMS"
    file.write_bytes(f"\ufeff{good.upper()} *./a.wav\r\n\r\n{bad} b.wav\r\n{bad} gone.wav\r\n".encode())
    sums = official_sums(file)
    assert sums == {"a.wav": good, "b.wav": bad, "gone.wav": bad}
    assert differing(tmp_path, sums, {"b.wav": good}) == ["b.wav"]
