from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.data.inspection import AudioInfo, Problem, inspect, inspect_all


def broken(folder: Path) -> dict[str, str]:
    """One file of each defect: name -> type of the error."""
    tone = np.sin(np.arange(8_000) / 10).astype(np.float32)
    soundfile.write(folder / "whole.wav", tone, 4_000)
    (folder / "text.wav").write_text("<html>404</html>")
    (folder / "cut.wav").write_bytes((folder / "whole.wav").read_bytes()[:5_000])
    soundfile.write(folder / "empty.wav", tone[:0], 4_000)
    tone[77] = np.nan
    soundfile.write(folder / "nan.wav", tone, 4_000, subtype="FLOAT")
    return {
        "missing.wav": "MissingAudioError",
        "text.wav": "UndecodableAudioError",
        "cut.wav": "UndecodableAudioError",
        "empty.wav": "EmptyAudioError",
        "nan.wav": "NonFiniteAudioError",
    }


@pytest.mark.parametrize("num_proc", [1, 2])
def test_every_defect_is_found_and_named(tmp_path: Path, num_proc: int):
    expected = broken(tmp_path)
    names = [*expected, "whole.wav"] * 8  # more than one chunk, so that two processes work
    rows = [{"recording_id": name, "path": name} for name in names]
    results = list(inspect_all(rows, tmp_path, num_proc=num_proc))
    for name, result in zip(names, results, strict=True):
        if name == "whole.wav":
            assert isinstance(result, AudioInfo)
            assert (result.duration, result.sampling_rate) == (2.0, 4_000)
            assert result.audio_sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        else:
            assert isinstance(result, Problem)
            assert (result.path, result.error) == (name, expected[name])
            assert len(result.reason) > 5


def test_a_folder_is_not_a_recording(tmp_path: Path):
    (tmp_path / "a.wav").mkdir()
    assert isinstance(inspect({"recording_id": "a", "path": "a.wav"}, tmp_path), Problem)
