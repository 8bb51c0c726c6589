"""Find which of Yaseen et al.'s recordings are cuts of one source; writes hf_auscult/data/korean_sources.tsv.

python dataset_scripts/korean/find_sources.py --source FOLDER --output hf_auscult/data/korean_sources.tsv

Within a class, recordings whose normalised cross-correlation (at 2 kHz, any shift) exceeds 0.9 are linked. Between
classes, where nothing can be shared, the highest of 120,000 pairs is 0.87; from 0.85 to 0.95 the groups of N, MR and MS
hardly change.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from hf_auscult.audio import read, resample
from hf_auscult.data import dataset
from hf_auscult.data.catalogue.korean.reader import CLASSES
from hf_auscult.data.identity import merge

RATE = 2_000
THRESHOLD = 0.9


def main() -> None:
    """Correlate every pair of recordings of a class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="the unpacked archives")
    parser.add_argument("--output", type=Path, required=True, help="table to write")
    given = parser.parse_args()
    table = dataset("korean").read(given.source)
    lines = ["# Recordings that are cuts of one source: class<TAB>indices. See dataset_scripts/korean/find_sources.py."]
    for name in CLASSES:
        paths = {int(row["recording_id"][-3:]): row["path"] for row in table.rows if row["class_code"] == name}
        if not paths:
            continue
        groups = defaultdict(list)
        for index, first in merge(map(str, paths), _alike({i: table.root / path for i, path in paths.items()})).items():
            groups[int(first)].append(int(index))
        lines += [f"{name}\t{' '.join(map(str, sorted(groups[first])))}" for first in sorted(groups)]
    given.output.write_text("\n".join(lines) + "\n", "utf-8")


def _alike(files: dict[int, Path]) -> list[tuple[str, str]]:
    waves = {}
    for index, file in files.items():
        recording = read(file)
        wave = resample(recording.array, recording.sampling_rate, RATE)
        waves[index] = (wave - wave.mean()) / np.linalg.norm(wave - wave.mean())
    size = 2 ** int(np.ceil(np.log2(2 * max(map(len, waves.values())))))
    indices = sorted(waves)
    spectra = np.array([np.fft.rfft(waves[index], size) for index in indices])
    links = []
    for place, index in enumerate(indices):
        best = np.abs(np.fft.irfft(spectra[place] * spectra[place + 1 :].conj(), size, axis=1)).max(axis=1)
        links += [
            (str(index), str(other)) for other, one in zip(indices[place + 1 :], best, strict=True) if one > THRESHOLD
        ]
    return links


if __name__ == "__main__":
    main()
