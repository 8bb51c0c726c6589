"""Time `hf_auscult.embed` against the loop of OPERA's published code, side by side on the same recordings and weights.

`python examples/benchmark_embedding.py --recordings 100 --rounds 5` prints a Markdown table. The published loop
(OPERA, arXiv:2406.16148, src/benchmark/model_util.py) is rebuilt here from public libraries: librosa reads, trims and
makes the log-mel image, and the encoder sees one image after another, with gradients recorded and plain attention.
Needs librosa, which comes with audiomentations.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
import torch
from transformers import AutoModel
from transformers.utils.logging import disable_progress_bar

from hf_auscult.embedding.embedder import Embedder
from hf_auscult.models.convert_checkpoint import FAMILIES

RATE = 16_000
WHOLE_SECONDS, CHUNK_SECONDS = 8, 8.18
MODELS = ("opera-ct", "opera-ce", "opera-gt")
AGREEMENT = 1e-4

Embed = Callable[[Sequence[Path]], np.ndarray]


def repeat_pad(clip: np.ndarray, padded: np.ndarray, length: int) -> np.ndarray:
    """Put `padded` at the end of `length` samples, after the tail of as many repetitions of `clip` as it takes."""
    missing = length - len(padded)
    source = clip
    while len(source) < missing:
        source = np.concatenate([source, source])
    return np.concatenate([source[len(source) - missing :], padded])


def published_clips(path: Path, chunked: bool) -> list[np.ndarray]:
    """Read and trim a file; the whole clip, or chunks that overlap by half and one more up to the end."""
    clip, _ = librosa.load(path, sr=RATE)
    clip, _ = librosa.effects.trim(clip, frame_length=RATE // 10, hop_length=RATE // 20)
    length = int((CHUNK_SECONDS if chunked else WHOLE_SECONDS) * RATE)
    if len(clip) < length or (chunked and len(clip) == length):
        return [repeat_pad(clip, clip, length)]
    if not chunked:
        return [clip]
    hop = length // 2
    chunks = list(librosa.util.frame(clip, frame_length=length, hop_length=hop, axis=0))
    return [*chunks, repeat_pad(clip, clip[len(chunks) * hop :], length)]


def published_image(clip: np.ndarray) -> np.ndarray:
    """Return the log-mel image (frames, 64) in [0, 1]."""
    power = librosa.feature.melspectrogram(y=clip, sr=RATE, n_fft=1024, hop_length=512, n_mels=64, fmin=50, fmax=8000)
    decibels = librosa.power_to_db(power, ref=np.max)
    return ((decibels - decibels.min()) / (decibels.max() - decibels.min())).T


def published_loop(model: Any, paths: Sequence[Path], chunked: bool) -> np.ndarray:
    """Embed files as the published code does: one image at a time, gradients recorded, plain mean over chunks."""
    rows = []
    for path in paths:
        images = [published_image(clip) for clip in published_clips(path, chunked)]
        embedded = [
            model(torch.tensor(image[None], dtype=torch.float)).pooler_output.detach().numpy() for image in images
        ]
        rows.append(np.mean(embedded, axis=0)[0])
    return np.stack(rows)


def write_recordings(folder: Path, number: int, seconds: float = 10.0) -> list[Path]:
    """Write 16-bit recordings of chirps and noise between two short silences."""
    samples = round(seconds * RATE)
    clock = np.arange(samples) / RATE
    loud = (clock > 0.2) & (clock < seconds - 0.2)
    paths = []
    for index in range(number):
        rng = np.random.default_rng(index)
        chirp = np.sin(2 * np.pi * (100 + 7 * index % 300 + 60 * clock) * clock) * (0.4 + 0.3 * np.sin(8 * clock))
        sound = np.where(loud, chirp + 0.1 * rng.standard_normal(samples), 1e-5 * rng.standard_normal(samples))
        paths.append(folder / f"{index:04}.wav")
        soundfile.write(paths[-1], 0.5 * sound, RATE, subtype="PCM_16")
    return paths


def make_model(family: str, folder: Path) -> Path:
    """Save the published network with random weights, and its feature extractor."""
    torch.manual_seed(0)
    conversion = import_module(FAMILIES[family]).CONVERSIONS[family]
    model, extractor = conversion.build(), conversion.feature_extractor()
    model.eval().save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


@dataclass
class Side:
    """One of the two contestants: seconds of every round, by the clock and of this process's threads."""

    open: Callable[[], Embed]
    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def start_round(self) -> None:
        """Begin a round; what has to be opened for it counts."""
        self.clock.append(0.0)
        self.cpu.append(0.0)
        self.embed = self.timed(self.open)

    def timed(self, work: Callable[[], Any]) -> Any:
        """Do it and add its seconds to the round's."""
        clock, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.cpu[-1] += time.process_time() - cpu
        self.clock[-1] += time.perf_counter() - clock
        return result

    def run(self, paths: Sequence[Path]) -> np.ndarray:
        """Embed some of the round's recordings."""
        return self.timed(lambda: self.embed(paths))


def compare(family: str, paths: Sequence[Path], rounds: int, block: int, attention: str, work: Path) -> str:
    """Return one line of the table.

    Raises:
        RuntimeError: the two sides' embeddings differ.
    """
    folder = make_model(family, work / family)
    plain = AutoModel.from_pretrained(folder, attn_implementation=attention).eval()
    ours = AutoModel.from_pretrained(folder).eval()
    sides = (
        Side(lambda: partial(published_loop, plain, chunked=family == "opera-gt")),
        Side(lambda: partial(Embedder(ours), protocol="published")),  # what `hf_auscult.embed` does
    )
    for side in sides:  # first calls compile and allocate
        side.open()(paths[:2])
    rows: dict[int, list[np.ndarray]] = {}
    for number in range(rounds):
        rows = {0: [], 1: []}
        for side in sides:
            side.start_round()
        # In turns and in small blocks, so that both sides meet the same company on the machine.
        for index, start in enumerate(range(0, len(paths), block)):
            for which in (0, 1) if (number + index) % 2 else (1, 0):
                rows[which].append(sides[which].run(paths[start : start + block]))
        clocks = " and ".join(f"{side.clock[-1]:.2f}" for side in sides)
        print(f"{family}, round {number + 1}: {clocks} s", file=sys.stderr, flush=True)
    theirs, mine = (np.concatenate(rows[which]) for which in (0, 1))
    error = float(np.abs(theirs - mine).max() / np.abs(theirs).max())
    spread = float(np.ptp(theirs, axis=0).max() / np.abs(theirs).max())
    if not error <= AGREEMENT:
        raise RuntimeError(f"{family}: the embeddings differ by {error:.2g} of the largest value")
    medians = [f"{np.median(side.clock):.2f} ({min(side.clock):.2f})" for side in sides]
    gains = [np.median(getattr(sides[0], what)) / np.median(getattr(sides[1], what)) for what in ("clock", "cpu")]
    cpu = [f"{np.median(side.cpu):.2f}" for side in sides]
    return (
        f"| {family} | {medians[0]} | {medians[1]} | {gains[0]:.2f} | {cpu[0]} | {cpu[1]} | {gains[1]:.2f} "
        f"| {error:.1e} | {spread:.2g} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100, help="ten-second recordings at 16 kHz (default 100)")
    parser.add_argument("--rounds", type=int, default=5, help="passes over them by each side (default 5)")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS, help="default: all three")
    parser.add_argument("--block", type=int, default=5, help="recordings one side embeds before its turn ends")
    parser.add_argument(
        "--attention",
        default="eager",
        choices=("eager", "sdpa"),
        help="of the published loop; OPERA-GT runs with sdpa where its timm is 0.9 or newer (default eager)",
    )
    parser.add_argument("--threads", type=int, help="of torch; 1 gives steady CPU times on a busy machine")
    values = parser.parse_args(arguments)
    if values.threads:
        torch.set_num_threads(values.threads)
    disable_progress_bar()
    print(
        f"{values.recordings} recordings of 10 s, {values.rounds} rounds, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, published loop with {values.attention} attention. "
        "Seconds a round: median (least).\n"
    )
    print("| model | published loop | hf_auscult | times faster | CPU, loop | CPU, ours | times less CPU ", end="")
    print("| largest difference | between recordings |\n|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        paths = write_recordings(work, values.recordings)
        for family in values.models:
            attention = values.attention if family == "opera-gt" else "eager"
            print(compare(family, paths, values.rounds, values.block, attention, work), flush=True)


if __name__ == "__main__":
    main()
