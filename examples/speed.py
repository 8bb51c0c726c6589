"""What is fast here and what is not, as ratios: `python examples/speed.py --json speed.json` (`make speed`).

Every row compares two ways of doing the same thing, in one process and in turns, and refuses to time different results:
median of the ratios of the turns, with their range. The originals' loops are rebuilt from public libraries: librosa
reads, trims and makes one log-mel image at a time, and the encoder sees one image after another, with gradients
recorded and plain attention (OPERA, arXiv:2406.16148, src/benchmark/model_util.py). Networks have their published size
and random weights. `--scale 1000 10000 100000` measures how time and memory grow, in processes of their own.
Needs librosa, which comes with audiomentations.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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

from hf_auscult.audio import WindowPolicy, read
from hf_auscult.data.audit import audit
from hf_auscult.data.from_folder import from_folder
from hf_auscult.data.load import load_prepared
from hf_auscult.embedding import embedder as loop
from hf_auscult.embedding.embedder import Embedder, encode_all
from hf_auscult.embedding.precision import _processor
from hf_auscult.embedding.recordings import embed_files
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor, log_mel
from hf_auscult.files import Serialisable, to_json, write_text
from hf_auscult.metrics import person_interval
from hf_auscult.models.convert_checkpoint import FAMILIES
from hf_auscult.models.opera import OperaCEConfig

RATE = 16_000
WHOLE_SECONDS, CHUNK_SECONDS = 8, 8.18
MODELS = ("opera-ct", "opera-ce", "opera-gt")
# Of the largest value: float32 in another order of operations, and librosa's spectra against torch's.
AGREEMENT = 1e-4


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


@dataclass(frozen=True)
class Row(Serialisable):
    """One comparison.

    Args:
        what: is done.
        slow, quick: the two ways.
        slow_seconds, quick_seconds: of every turn.
        agreement: how far the results are apart, in words.
    """

    what: str
    slow: str
    quick: str
    slow_seconds: tuple[float, ...]
    quick_seconds: tuple[float, ...]
    agreement: str
    computed = ("ratio",)

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Times that `quick` is faster: median, least and largest of the turns."""
        ratios = [slow / quick for slow, quick in zip(self.slow_seconds, self.quick_seconds, strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)

    def markdown(self) -> str:
        """A line of the table."""
        median, least, largest = self.ratio
        times = " | ".join(f"{statistics.median(seconds):.3g}" for seconds in (self.slow_seconds, self.quick_seconds))
        cells = f"{self.what} | {self.slow} | {self.quick} | {times}"
        return f"| {cells} | {median:.2f} ({least:.2f}-{largest:.2f}) | {self.agreement} |"


def compare(
    what: str,
    slow: tuple[str, Callable[[], Any]],
    quick: tuple[str, Callable[[], Any]],
    rounds: int,
    agreement: Callable[[Any, Any], str],
) -> Row:
    """Time two ways in turns, the first of a turn changing; a first round warms up and its results are compared."""
    said = agreement(slow[1](), quick[1]())
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            (slow, quick)[which][1]()
            seconds[which].append(time.perf_counter() - started)
    return Row(what, slow[0], quick[0], tuple(seconds[0]), tuple(seconds[1]), said)


def near(theirs: Any, ours: Any) -> str:
    """Largest difference over the largest value.

    Raises:
        RuntimeError: too large, or the rows of one side are all the same, so that agreement proves nothing.
    """
    theirs, ours = np.asarray(theirs), np.asarray(ours)
    error = float(np.abs(theirs - ours).max() / np.abs(theirs).max())
    if not error <= AGREEMENT or not float(np.ptp(theirs, axis=0).max()) > 10 * AGREEMENT * np.abs(theirs).max():
        raise RuntimeError(f"the results differ by {error:.2g} of the largest value, or are all the same")
    return f"{error:.0e} of the largest value"


def same(theirs: Any, ours: Any) -> str:
    """Equal bits.

    Raises:
        RuntimeError: they are not.
    """
    if not all(np.array_equal(one, other) for one, other in zip(theirs, ours, strict=True)):
        raise RuntimeError("the results differ")
    return "same bits"


def cosine(theirs: Any, ours: Any) -> str:
    """Smallest cosine of rows."""
    products = np.sum(theirs * ours, axis=1) / np.linalg.norm(theirs, axis=1) / np.linalg.norm(ours, axis=1)
    return f"cosine {products.min():.5f}"


def rows_of_sound(paths: Sequence[Path], rounds: int) -> Iterator[Row]:
    """Decoding, resampling, log-mel."""
    spec = FRONT_ENDS["opera"]
    for what, rate in (("decode", RATE), ("decode and resample to 4 kHz", 4_000)):
        slow = partial(lambda rate: [librosa.load(path, sr=rate)[0] for path in paths], rate)
        quick = partial(lambda rate: [read(path, sampling_rate=rate).array for path in paths], rate)
        yield compare(what, ("librosa", slow), ("read", quick), rounds, same)
    clips = np.stack([read(path).array[: WHOLE_SECONDS * RATE] for path in paths])
    slow = lambda: np.stack([published_image(clip) for clip in clips])  # noqa: E731
    quick = lambda: log_mel(torch.from_numpy(clips), spec).numpy()  # noqa: E731
    yield compare("log-mel", ("librosa, one by one", slow), ("log_mel, a batch", quick), rounds, _images)


def _images(theirs: Any, ours: Any) -> str:
    # Float32 spectra differ by rounding in bins far below a loud one.
    if not (error := float(np.abs(theirs - ours).max())) < 1e-3:
        raise RuntimeError(f"the images differ by {error:.2g}")
    return f"{error:.0e} of 1"


def rows_of_networks(family: str, paths: Sequence[Path], rounds: int, work: Path) -> Iterator[Row]:
    """From files to embeddings: the published loop, exact and fast."""
    folder = make_model(family, work / family)
    plain = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    exact, fast = Embedder(str(folder)), Embedder(str(folder), precision="fast")
    chunked = family == "opera-gt"
    loop_ = ("published loop", lambda: published_loop(plain, paths, chunked))
    ours = ("exact", lambda: exact(paths, protocol="published"))
    yield compare(f"embed, {family}", loop_, ours, rounds, near)
    way = f"fast ({fast.way})"
    yield compare(f"embed, {family}", ours, (way, lambda: fast(paths, protocol="published")), rounds, cosine)


def rows_of_passes(paths: Sequence[Path], rounds: int, work: Path) -> Iterator[Row]:
    """Two encoders in one pass, and reading beside the network."""
    embedders = {name: Embedder(str(make_model("opera-ce", work / name))) for name in ("first", "second")}
    apart = lambda: [embedder(paths) for embedder in embedders.values()]  # noqa: E731

    def together() -> list[np.ndarray]:
        made = list(encode_all(embedders, paths))
        return [np.stack([one.rows[name]["pooler_output"] for one in made]) for name in embedders]

    yield compare("two opera-ce", ("one after the other", apart), ("one pass", together), rounds, same)
    threads, cores = torch.get_num_threads(), len(os.sched_getaffinity(0))
    if cores < 2:
        return
    torch.set_num_threads(1)
    one, readers = embedders["first"], loop._readers

    def alone() -> np.ndarray:
        loop._readers = lambda passes: 0
        try:
            return one(paths)
        finally:
            loop._readers = readers

    yield compare(
        "opera-ce, 1 thread", ("read, then encode", alone), ("reader beside", lambda: one(paths)), rounds, same
    )
    torch.set_num_threads(threads)


def cold_start(paths: Sequence[Path], work: Path) -> list[str]:
    """CPU seconds of a fresh process, each beyond what comes before it."""
    code = (
        "import sys, time; marks = [time.process_time()]\n"
        "import torch, transformers; from transformers import PreTrainedModel, AutoModel, AutoFeatureExtractor\n"
        "marks.append(time.process_time())\nimport hf_auscult; marks.append(time.process_time())\n"
        "hf_auscult.embed(*sys.argv[1:], progress=False); marks.append(time.process_time())\n"
        "print(*(after - before for before, after in zip(marks, marks[1:])))"
    )
    command = [sys.executable, "-c", code, str(make_model("opera-ce", work / "cold")), str(paths[0])]
    turns = [
        [float(word) for word in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]
        for _ in range(3)
    ]
    names = ("torch's and transformers' own import", "import hf_auscult, more", "first embed of a file, more")
    return [
        f"| {name} | {statistics.median(values):.2f} |"
        for name, values in zip(names, zip(*turns, strict=True), strict=True)
    ]


STEPS = ("prepare", "load_dataset", "audit", "embed", "bootstrap")


def scale_once(number: int) -> dict[str, float]:
    """Seconds of each step with so many recordings of a fifth of a second, and the memory that they took."""
    noise, seconds = np.random.default_rng(0), {}
    with tempfile.TemporaryDirectory() as folder:
        source, prepared = Path(folder) / "source", Path(folder) / "prepared"
        source.mkdir()
        with (source / "metadata.csv").open("w", encoding="utf-8") as table:
            table.write("path,subject_id,label\n")
            for index in range(number):
                soundfile.write(source / f"{index:07}.wav", noise.integers(-3000, 3000, 800, np.int16), 4_000)
                table.write(f"{index:07}.wav,p{index // 4:06},{'ab'[index // 4 % 2]}\n")
        model = Path(folder) / "model"
        AutoModel.from_config(OperaCEConfig(width_coefficient=0.1, depth_coefficient=0.3)).save_pretrained(model)
        AuscultFeatureExtractor("heart", WindowPolicy("sliding", seconds=1.0)).save_pretrained(model)
        files = sorted(source.glob("*.wav"))
        truth, people = noise.integers(0, 2, number), [f"p{index // 4}" for index in range(number)]
        work: dict[str, Callable[[], Any]] = {
            "prepare": lambda: from_folder(source, prepared, name="many", organ="heart", progress=False),
            "load_dataset": lambda: load_prepared(prepared, "label"),
            "audit": lambda: audit([prepared]),
            "embed": lambda: embed_files(str(model), files, Path(folder) / "out.parquet", progress=False),
            "bootstrap": lambda: person_interval(_share, truth, subjects=people, draws=200, family="bootstrap"),
        }
        before = _resident()
        for name in STEPS:
            started = time.perf_counter()
            work[name]()
            seconds[name] = time.perf_counter() - started
    return {**seconds, "memory": _resident() - before}


def _share(truth: np.ndarray) -> float:
    return float(np.mean(truth))


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def scaling(numbers: Sequence[int]) -> list[str]:
    """How time and memory grow with the number of recordings: the fitted exponent, and what a million would take."""
    measured = []
    for number in numbers:
        command = [sys.executable, __file__, "--scale-once", str(number)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        measured.append([float(word) for word in output.split()])
    lines = []
    for name, values in zip((*STEPS, "memory"), zip(*measured, strict=True), strict=True):
        exponent, start = np.polyfit(np.log(numbers), np.log(np.maximum(values, 1e-6)), 1)
        million = float(np.exp(start + exponent * np.log(1e6)))
        unit = f"{values[-1] / numbers[-1]:.0f} B" if name == "memory" else f"{1000 * values[-1] / numbers[-1]:.3g} ms"
        shown = f"{million / 1e9:.1f} GB" if name == "memory" else f"{million / 60:.1f} min"
        lines.append(f"| {name} | {exponent:.2f} | {unit} | {shown} |")
    return lines


def _header(*names: str) -> str:
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recordings", type=int, default=12, help="of ten seconds; large networks take fewer")
    parser.add_argument("--rounds", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--models", nargs="*", default=MODELS, help="default: all three")
    parser.add_argument("--threads", type=int, help="of torch; 1 gives steady times on a busy machine")
    parser.add_argument("--scale", type=int, nargs="*", default=(250, 500, 1000), help="numbers of recordings")
    parser.add_argument("--scale-once", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    values = parser.parse_args(arguments)
    disable_progress_bar()
    if values.scale_once:
        print(*scale_once(values.scale_once).values())
        return
    if values.threads:
        torch.set_num_threads(values.threads)
    machine = f"{_processor(torch.device('cpu'))}, {os.cpu_count()} cores, {torch.get_num_threads()} threads of torch"
    machine += f", Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{machine}. {values.recordings} recordings of 10 s, {values.rounds} turns; seconds are medians.\n")
    print(_header("what", "slow", "quick", "s, slow", "s, quick", "times faster (range)", "results"))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("AUSCULT_CACHE", folder)  # measured anew, here
        work = Path(folder)
        paths = write_recordings(work, values.recordings)
        few = {"opera-gt": 2, "opera-ct": 4}
        parts: list[Iterator[Row]] = [rows_of_sound(paths, values.rounds)]
        parts += [rows_of_networks(name, paths[: few.get(name)], values.rounds, work) for name in values.models]
        parts += [rows_of_passes(paths, values.rounds, work)]
        for part in parts:
            for row in part:
                rows.append(row)
                print(row.markdown(), flush=True)
        started = cold_start(paths, work)
    print("", _header("fresh process", "CPU seconds"), *started, sep="\n", flush=True)
    grown = scaling(values.scale) if len(values.scale) > 1 else []
    if grown:
        title = f"{', '.join(map(str, values.scale))} recordings"
        print("", _header(title, "exponent", "of one", "of a million, projected"), *grown, sep="\n")
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "none here: not measured"
    print(f"\nAccelerator: {accelerator}.")
    if values.json:
        found = {"machine": machine, "rows": rows, "cold_start": started, "scaling": grown, "accelerator": accelerator}
        write_text(values.json, to_json(found) + "\n")


if __name__ == "__main__":
    main()
