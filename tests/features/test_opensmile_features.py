"""openSMILE's functionals, as openSMILE computes them from files."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import soundfile

from hf_auscult.audio import WindowPolicy, read
from hf_auscult.errors import ConfigurationError, ShortAudioError
from hf_auscult.features import feature_extraction_opensmile
from hf_auscult.features.feature_extraction_opensmile import FEATURE_SETS, OpenSmileFeatureExtractor
from tests.models.zoo import sound

opensmile = pytest.importorskip("opensmile")
RATE = 16_000
REAL = [
    "data/sprsound/**/*.wav",
    "data/circor-digiscope-1.0.3/**/*.wav",
    "data/icbhi2017/**/*.wav",
    "data/covid19-cough/**/*.mp3",
]


def by_opensmile(feature_set: str, path: object) -> np.ndarray:
    smile = opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals)
    return smile.process_file(str(path)).to_numpy()[0]


@pytest.mark.parametrize("feature_set", FEATURE_SETS)
@pytest.mark.parametrize("pattern", REAL, ids=lambda pattern: pattern.split("/")[1])
def test_a_real_recording_is_process_file(feature_set, pattern, shared, tmp_path):
    """Heart, lung and cough: the figures of `process_file` on the recording at 16 kHz."""
    path = next(path for path in sorted(shared.glob(pattern)) if path.stat().st_size > 20_000)
    # The cough, an mp3, reaches 1.4, which openSMILE's 16 bits would wrap round.
    wave = np.clip(read(path, sampling_rate=RATE).array, -1, 32_767 / 32_768)
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    fe = OpenSmileFeatureExtractor(feature_set)
    expected = by_opensmile(feature_set, tmp_path / "a.wav")
    assert np.isfinite(expected).all()
    for protocol in ("default", "published"):
        found = fe([str(path)], protocol=protocol)["input_features"]
        assert found.shape == (1, FEATURE_SETS[feature_set])
        np.testing.assert_array_equal(found[0], expected)


def test_a_file_at_its_own_rate(shared):
    """The 8 kHz file itself, no resampling in between."""
    path = sorted((shared / "data/sprsound").rglob("*.wav"))[0]
    fe = OpenSmileFeatureExtractor("eGeMAPSv02", sampling_rate=8_000)
    np.testing.assert_array_equal(fe([str(path)])["input_features"][0], by_opensmile("eGeMAPSv02", path))


def test_full_scale_does_not_wrap_round():
    """openSMILE turns 1.0 into -1.0; here it is the loudest positive sample."""
    fe = OpenSmileFeatureExtractor("eGeMAPSv02")
    square = np.sign(np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE) + 1e-9).astype(np.float32)
    quieter = np.clip(square, -1, 32_767 / 32_768)
    np.testing.assert_array_equal(fe(square, RATE)["input_features"], fe(quieter, RATE)["input_features"])
    names = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02).feature_names
    pitch = fe(square, RATE)["input_features"][0, names.index("F0semitoneFrom27.5Hz_sma3nz_amean")]
    assert pitch == pytest.approx(12 * np.log2(200 / 27.5), abs=0.5)


@pytest.mark.parametrize("feature_set", FEATURE_SETS)
@pytest.mark.parametrize("samples", [1, 100, 959, 960, 4_000])
@pytest.mark.parametrize("level", [0.0, 1.0], ids=["silence", "sound"])
def test_never_nan(feature_set, samples, level):
    found = OpenSmileFeatureExtractor(feature_set)(level * sound(samples / RATE, RATE), RATE)["input_features"]
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_values_that_cannot_be_computed_become_zero(monkeypatch):
    """Whatever the library returns, nothing downstream sees NaN."""
    row = np.zeros((1, 88, 1), np.float64)
    row[0, :3, 0] = np.nan, np.inf, 7
    monkeypatch.setattr(feature_extraction_opensmile, "_smile", lambda feature_set: lambda wave, rate: row)
    found = OpenSmileFeatureExtractor("eGeMAPSv02")(sound(1.0, RATE), RATE)["input_features"]
    assert found[0, :4].tolist() == [0, 0, 7, 0]


def test_windows_under_the_shortest_frame_are_refused():
    fe = OpenSmileFeatureExtractor("eGeMAPSv02", WindowPolicy("sliding", seconds=0.05))
    with pytest.raises(ShortAudioError, match="800 samples at 16000 Hz are too short"):
        fe(sound(0.1, RATE), RATE)


def test_without_the_package(monkeypatch):
    feature_extraction_opensmile._smile.cache_clear()
    monkeypatch.setitem(sys.modules, "opensmile", None)
    fe = OpenSmileFeatureExtractor("eGeMAPSv02")  # loading a folder needs no openSMILE
    with pytest.raises(ConfigurationError, match=r"pip install 'hf-auscult\[opensmile\]'"):
        fe(sound(1.0, RATE), RATE)


def test_unknown_feature_sets_are_refused():
    with pytest.raises(ConfigurationError, match=r"unknown feature set 'IS09'.*ComParE_2016, eGeMAPSv02"):
        OpenSmileFeatureExtractor("IS09")
