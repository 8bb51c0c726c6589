"""Fingerprints survive what leaves a take the same, and tell different real recordings apart."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from hf_auscult.audio import read, resample
from hf_auscult.data.duplicates import THRESHOLD, find_twins, fingerprint
from hf_auscult.data.identity import merge


def filtered(wave, rate, kind, cutoff):
    return scipy.signal.sosfilt(scipy.signal.butter(3, cutoff, kind, fs=rate, output="sos"), wave).astype("f4")


def mp3(wave, rate):
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format="MP3")
    return read({"bytes": buffer.getvalue(), "path": "a.mp3"}).array


SAME_TAKE = {
    "gain": lambda wave, rate: 0.1 * wave,
    "start and end cut": lambda wave, rate: wave[int(0.713 * rate) : -rate],
    "high-pass": lambda wave, rate: filtered(wave, rate, "highpass", 100),
    "low-pass": lambda wave, rate: filtered(wave, rate, "lowpass", 200),
    "mp3": mp3,
    "low-pass, 2 s": lambda wave, rate: filtered(wave, rate, "lowpass", 300)[rate + 123 : 3 * rate + 123],
    "1 kHz, 2 s": lambda wave, rate: resample(resample(wave, rate, 1_000), 1_000, rate)[rate + 71 : 3 * rate + 71],
    "1.3 s": lambda wave, rate: wave[rate + 37 : int(2.3 * rate) + 37],
    "0.6 s": lambda wave, rate: wave[2 * rate + 219 : int(2.6 * rate) + 219],
    "12 bit": lambda wave, rate: np.round(wave / np.abs(wave).max() * 2047).astype("f4") / 2047,
}


@pytest.fixture(scope="module")
def real(shared: Path):
    """300 real lung and heart recordings."""
    files = sorted((shared / "data" / "sprsound").rglob("*.wav"))[:200]
    files += sorted((shared / "data" / "circor-digiscope-1.0.3").rglob("*.wav"))[:100]
    return {file.stem: read(file, sampling_rate=8_000).array for file in files}


@pytest.fixture(scope="module")
def prints(real):
    return {name: fingerprint(wave, 8_000) for name, wave in real.items()}


@pytest.mark.parametrize("change", SAME_TAKE)
def test_the_same_take_is_found_again(real, prints, change):
    long = [name for name, wave in real.items() if len(wave) > 4 * 8_000][::12]
    found = 0
    for name in long:
        changed = fingerprint(np.ascontiguousarray(SAME_TAKE[change](real[name], 8_000)), 8_000)
        pairs = find_twins({**prints, "changed": changed})
        found += any({pair.one, pair.other} == {name, "changed"} for pair in pairs)
    assert found >= 0.9 * len(long), f"{found} of {len(long)}"


def test_another_rate_is_the_same_take(real, prints):
    name = max(real, key=lambda key: len(real[key]))
    other = resample(real[name], 8_000, 11_025)
    (pair,) = (p for p in find_twins({name: prints[name], "z": fingerprint(other, 11_025)}))
    assert pair.error < 0.05


def test_different_recordings_stay_far_from_the_threshold(prints):
    """Nothing between the true pairs and 0.4."""
    errors = sorted(pair.error for pair in find_twins(prints, threshold=0.5))
    assert not [error for error in errors if THRESHOLD < error < 0.4]


def test_more_copies_than_a_word_may_have_are_linked(real, prints):
    """200 copies of two seconds at other gains: whoever is linked to whom, all are one."""
    name = max(real, key=lambda key: len(real[key]))
    part = real[name][8_000:24_000]
    copies = {f"copy{n:03d}": fingerprint((1 - n / 300) * part, 8_000) for n in range(200)}
    pairs = find_twins(prints | copies)
    same = merge({**prints, **copies}, [(pair.one, pair.other) for pair in pairs])
    assert len({same[one] for one in (*copies, name)}) == 1
    assert sum(same[one] == same[name] for one in prints) <= 2
    assert len(pairs) < 200 * 199 / 4, "each is linked to some, not to all"


def test_recordings_under_a_second_are_compared_too(real):
    waves = [wave[:n] for n, wave in zip(range(1_200, 6_000, 400), real.values(), strict=False)]
    prints = {f"{n}": fingerprint(wave, 8_000) for n, wave in enumerate(waves)}
    quieter = (np.round(wave * 9_000).astype("f4") / 32_767 for wave in waves)
    prints |= {f"{n} again": fingerprint(wave, 8_000) for n, wave in enumerate(quieter)}
    pairs = {(pair.one, pair.other) for pair in find_twins(prints)}
    assert pairs == {(f"{n}", f"{n} again") for n in range(len(waves))}


def test_known_pairs(shared: Path):
    """Two files of one take that differ in their bytes, in two of the public datasets."""
    for folder, one, other in (
        ("circor-digiscope-1.0.3/training_data", "50782_MV_1", "50782_MV_2"),
        ("cinc2016/training-d", "d0004", "d0019"),
    ):
        waves = {name: read(shared / "data" / folder / f"{name}.wav") for name in (one, other)}
        (pair,) = find_twins({name: fingerprint(wave.array, wave.sampling_rate) for name, wave in waves.items()})
        assert (pair.one, pair.other) == (one, other)
        assert pair.error < 0.1


def test_silence_and_noise_are_nobodys_twin():
    rng = np.random.default_rng(0)
    prints = {f"silence{n}": fingerprint(np.zeros(20_000, np.float32), 2_000) for n in range(3)}
    prints |= {f"noise{n}": fingerprint(rng.standard_normal(20_000).astype("f4"), 2_000) for n in range(5)}
    prints |= {f"short{n}": fingerprint(rng.standard_normal(900).astype("f4"), 2_000) for n in range(5)}
    prints |= {f"constant{n}": fingerprint(np.ones(10 + n, np.float32), 2_000) for n in range(2)}
    assert find_twins(prints) == []
    assert len(fingerprint(np.ones(0, np.float32), 2_000)) == 0
