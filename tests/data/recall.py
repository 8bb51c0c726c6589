"""How often the search for near-duplicates finds a part of a take again, by length and distortion.

    python -m tests.data.recall NAME=FOLDER… [--count 150] [--seed 0]

Of every folder's recordings some are drawn. Of each a part that begins anywhere is distorted and looked for among all
of those recordings. Printed is the share that is found, and how many pairs of other people's recordings are named.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.signal
import soundfile

from hf_auscult.audio import read, resample
from hf_auscult.data.duplicates import find_twins, fingerprint

Wave = npt.NDArray[np.float32]
RATE = 8_000  # Hz; an MP3 can have it
SECONDS = (0.5, 1.0, 1.3, 2.0, 5.0)


def low_pass(wave: Wave, rate: int, cutoff: float) -> Wave:
    """Third order Butterworth, then 16 bit."""
    sections = scipy.signal.butter(3, cutoff, "lowpass", fs=rate, output="sos")
    return np.round(scipy.signal.sosfilt(sections, wave) * 32_767).astype("f4") / 32_767


def resampled(wave: Wave, rate: int, other: int) -> Wave:
    """To another rate and back, as 16 bit in between."""
    down = np.round(resample(wave, rate, other) * 32_767).astype("f4") / 32_767
    return resample(down, other, rate)


def faster(wave: Wave, rate: int, factor: float) -> Wave:
    """Played so many times as fast."""
    return resample(wave, round(rate * factor), rate)


def mp3(wave: Wave, rate: int) -> Wave:
    """Through an MP3."""
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format="MP3")
    return read({"bytes": buffer.getvalue(), "path": "a.mp3"}).array


DISTORTIONS: Mapping[str, Callable[[Wave, int], Wave]] = {
    "cut, nothing else": lambda wave, rate: wave,
    "tenth of the gain": lambda wave, rate: np.round(0.1 * wave * 32_767).astype("f4") / 32_767,
    "MP3": mp3,
    "low-pass 300 Hz": lambda wave, rate: low_pass(wave, rate, 300),
    "low-pass 200 Hz": lambda wave, rate: low_pass(wave, rate, 200),
    "at 1 kHz": lambda wave, rate: resampled(wave, rate, 1_000),
    "1 % faster": lambda wave, rate: faster(wave, rate, 1.01),
    "1 % slower": lambda wave, rate: faster(wave, rate, 0.99),
}


def measure(folder: Path, count: int, seed: int) -> tuple[dict[str, dict[float, float]], int]:
    """Distortion -> seconds -> share that is found; and pairs of other people's recordings."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() == ".wav")
    chosen = random.Random(seed).sample(files, min(count, len(files)))
    waves = {file.stem: read(file, sampling_rate=RATE).array for file in chosen}
    whole = {name: fingerprint(wave, RATE) for name, wave in waves.items()}
    found: dict[str, dict[float, float]] = {}
    strangers = 0
    for distortion, change in DISTORTIONS.items():
        chance = np.random.default_rng(seed)
        for seconds in SECONDS:
            parts = {}
            for name, wave in waves.items():
                length = int(seconds * RATE)
                if len(wave) >= length:
                    start = int(chance.integers(0, len(wave) - length + 1))
                    part = change(np.ascontiguousarray(wave[start : start + length]), RATE)
                    parts[f"part of {name}"] = fingerprint(np.ascontiguousarray(part), RATE)
            pairs = {(pair.one, pair.other) for pair in find_twins(whole | parts)}
            same = sum((min(name, own), max(name, own)) in pairs for name in parts for own in [name[8:]])
            found.setdefault(distortion, {})[seconds] = same / max(1, len(parts))
            person = [{name.removeprefix("part of ").split("_")[0] for name in pair} for pair in pairs]
            strangers += sum(len(people) > 1 for people in person)
    return found, strangers


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    named = dict(given.split("=", 1) for given in args.folders)
    results = {name: measure(Path(folder), args.count, args.seed) for name, folder in named.items()}
    print("| part, found in " + " / ".join(named), *(f"{seconds:g} s" for seconds in SECONDS), sep=" | ", end=" |\n")
    print("| ---" * (1 + len(SECONDS)) + " |")
    for distortion in DISTORTIONS:
        cells = [" / ".join(f"{found[distortion][s]:.2f}" for found, _ in results.values()) for s in SECONDS]
        print(f"| {distortion}", *cells, sep=" | ", end=" |\n")
    print("pairs of other people's recordings:", {name: strangers for name, (_, strangers) in results.items()})


if __name__ == "__main__":
    main()
