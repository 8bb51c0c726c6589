"""Prepare many recordings and say what it costs: ``python -m tests.data.scale --recordings 100000``.

Two sources are made on the spot and thrown away. ``tiny``: distinct noise of 0.2 s at 4 kHz in the generic layout, for
what grows with the number of recordings. ``circor`` (needs the folder of real recordings, ``AUSCULT_SHARED``): wavs of
the CirCor slice at their own length, each copy with a little noise and a new length, for the speed on real sizes.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import soundfile

from hf_auscult.data.from_folder import from_folder

RATE = 4_000
_HEADER = "path,subject_id,label,site,age,sex\n"
_PER_PERSON = 4
_FOLDER = 1_000  # files per folder


@dataclass(frozen=True)
class Cost:
    """What preparing took, after the imports.

    Args:
        recordings: how many.
        wall: seconds.
        cpu: seconds of all processes.
        before_mb: resident memory of the process when it began.
        peak_mb: the largest it became.
        children_mb: the largest that a process it started became.
    """

    recordings: int
    wall: float
    cpu: float
    before_mb: float
    peak_mb: float
    children_mb: float

    def __str__(self) -> str:
        return (
            f"{self.recordings} recordings: {self.wall:.1f} s wall ({self.recordings / self.wall:.0f}/s), "
            f"{self.cpu:.1f} s CPU ({1000 * self.cpu / self.recordings:.2f} ms each), memory "
            f"{self.before_mb:.0f} MB before, {self.peak_mb:.0f} MB at most"
            + (f", {self.children_mb:.0f} MB the largest child" if self.children_mb else "")
        )


def tiny(root: Path, recordings: int, seconds: float = 0.2) -> Path:
    """Write ``recordings`` distinct noises of ``seconds`` in folders of 1,000, with ``metadata.csv``."""
    samples = round(seconds * RATE)
    noise = np.random.default_rng(0)
    header = _wav_header(samples)
    with _table(root) as table:
        for number in range(recordings):
            path = f"{number // _FOLDER:04d}/{number:07d}.wav"
            if number % _FOLDER == 0:
                (root / path).parent.mkdir(parents=True)
            data = noise.integers(-3_000, 3_000, samples, np.int16)
            (root / path).write_bytes(header + data.tobytes())
            person = number // _PER_PERSON
            sort, sex = ("crackle", "normal", "wheeze")[person % 3], ("female", "male")[person % 2]
            table.write(f"{path},p{person:06d},{sort},mitral,{person % 90},{sex}\n")
    return root


def real(root: Path, recordings: int, slice_: Path) -> Path:
    """Write ``recordings`` wavs of the CirCor slice's sizes: every copy has its own start, gain and noise."""
    sounds = [soundfile.read(file, dtype="float32")[0] for file in sorted(slice_.glob("*.wav"))]
    chance = np.random.default_rng(0)
    with _table(root) as table:
        for number in range(recordings):
            sound = sounds[number % len(sounds)]
            mixed = np.roll(sound, int(chance.integers(len(sound)))) * chance.uniform(0.3, 1)
            # as loud as the sound itself: another take for the fingerprint, not the same one again
            mixed = mixed + chance.normal(0, float(np.std(mixed)) + 1e-4, len(mixed))
            soundfile.write(root / f"{number:06d}.wav", mixed.clip(-1, 1), RATE, subtype="PCM_16")
            table.write(f"{number:06d}.wav,p{number // _PER_PERSON:06d},{'ab'[number % 2]},mitral,,\n")
    return root


def measure(source: Path, output: Path, *, num_proc: int = 1) -> Cost:
    """Prepare ``source`` in a process of its own, so that nothing else counts; returns what it took.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "tests.data.scale", "--source", str(source), "--output", str(output)]
    done = subprocess.run(
        [*command, "--num-proc", str(num_proc)], check=True, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    number, *figures = done.stdout.split()[-6:]
    return Cost(int(number), *map(float, figures))


def _prepare(source: Path, output: Path, num_proc: int) -> Cost:
    before, began = _usage(), time.monotonic()
    report = from_folder(source, output, name="many", organ="heart", num_proc=num_proc, progress=False)
    wall, after = time.monotonic() - began, _usage()
    assert report.listed == report.written + len(report.quarantined) + len(report.withheld)
    return Cost(report.written, wall, after[0] - before[0], before[1], *after[1:])


def _usage() -> tuple[float, float, float]:
    """Seconds of CPU, and peak memory in MB of this process and of the largest child."""
    mine, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = sum(use.ru_utime + use.ru_stime for use in (mine, children))
    return seconds, mine.ru_maxrss / 1024, children.ru_maxrss / 1024


@contextmanager
def _table(root: Path) -> Iterator[TextIO]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / "metadata.csv").open("w", encoding="utf-8") as table:
        table.write(_HEADER)
        yield table


def _wav_header(samples: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(samples, np.int16), RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()[: -2 * samples]


def main() -> None:
    """Measure as told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a recording of kind tiny")
    parser.add_argument("--kind", choices=("tiny", "circor"), default="tiny")
    parser.add_argument("--num-proc", type=int, default=1)
    parser.add_argument("--source", type=Path, help="prepare this folder once, in this process")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.source is not None:
        cost = _prepare(options.source, options.output, options.num_proc)
        print(*astuple(cost))
        return
    for recordings in options.recordings:
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            source = Path(folder) / "source"
            if options.kind == "tiny":
                tiny(source, recordings, options.seconds)
            else:
                shared = Path(os.environ.get("AUSCULT_SHARED", "../shared"))
                real(source, recordings, shared / "data" / "circor-digiscope-1.0.3" / "training_data")
            print(measure(source, Path(folder) / "prepared", num_proc=options.num_proc), flush=True)


if __name__ == "__main__":
    main()
