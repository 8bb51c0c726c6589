"""Samples on disk: exact where they were 16-bit, bounded where not, and not in memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.training import CropPolicy, Waveforms

# What a rank holds of its own (RssAnon) before and after a hundred crops of each of two thousand recordings.
CHILD = """
import sys, numpy as np
from hf_auscult.training import CropPolicy, Waveforms
def anonymous():
    return int(next(l for l in open("/proc/self/status") if l.startswith("RssAnon")).split()[1])
store, crop, rng = Waveforms.open(sys.argv[1]), CropPolicy(4000), np.random.default_rng(0)
before = anonymous()
kept = [store[row] for row in range(len(store))]
total = sum(float(crop.apply(wave, rng)[0]) for wave in kept for _ in range(5))
print(anonymous() - before)
"""


def test_sixteen_bits_come_back_to_the_bit_and_others_within_their_step(tmp_path):
    rng = np.random.default_rng(0)
    pcm = rng.integers(-32_768, 32_767, 5_000).astype(np.float32) / 32_768
    loud = (3 * rng.standard_normal(4_000)).astype(np.float32)
    faint = (1e-5 * rng.standard_normal(3_000)).astype(np.float32)
    store = Waveforms.write(tmp_path / "audio", [pcm, loud, faint, np.zeros(7, np.float32)])
    assert np.array_equal(store[0][:], np.clip(pcm, -1, 1)) or np.abs(store[0][:] - pcm).max() <= 1 / 65_000
    for row, wave in ((1, loud), (2, faint), (3, np.zeros(7, np.float32))):
        assert len(store[row]) == len(wave)
        assert np.abs(store[row][:] - wave).max() <= np.abs(wave).max() / 65_000
    exact = (pcm * 0.5 * 32_768).round().astype(np.float32) / 32_768
    again = Waveforms.write(tmp_path / "exact", [exact])
    assert np.array_equal(again[0][:], exact)
    crops = [CropPolicy(1_000).apply(wave, np.random.default_rng(3)) for wave in (again[0], exact)]
    assert np.array_equal(*crops)
    with pytest.raises(DataError, match="NaN or infinite"):
        Waveforms.write(tmp_path / "nan", [np.array([0.0, np.nan], np.float32)])
    assert not (tmp_path / "nan").exists()


def test_a_corpus_is_not_in_the_memory_of_its_process(tmp_path):
    """2,000 recordings of 20,000 samples: 160 MB of floats, of which a process holds less than a tenth."""
    noise = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    Waveforms.write(tmp_path / "audio", (noise for _ in range(2_000)))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "audio")], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 16_000  # kB
