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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import torch
from transformers import AutoModel
from transformers.utils.logging import disable_progress_bar

from hf_auscult.audio import WindowPolicy, read
from hf_auscult.data.audit import audit
from hf_auscult.data.duplicates import find_twins, fingerprint
from hf_auscult.data.from_folder import from_folder
from hf_auscult.data.load import load_prepared
from hf_auscult.embedding.embedder import Embedder, encode_all
from hf_auscult.embedding.precision import MANY, processor_of, stand_in
from hf_auscult.embedding.recordings import embed_files
from hf_auscult.evaluation.runner import BenchmarkSettings, evaluate, run_benchmark
from hf_auscult.evaluation.task import BenchmarkTask
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
        clock: `CPU` for the seconds of all threads, which other processes hardly change, or `wall`.
    """

    what: str
    slow: str
    quick: str
    slow_seconds: tuple[float, ...]
    quick_seconds: tuple[float, ...]
    agreement: str
    clock: str = "CPU"
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
        cells = f"{self.what} | {self.slow} | {self.quick} | {self.clock} | {times}"
        return f"| {cells} | {median:.2f} ({least:.2f}-{largest:.2f}) | {self.agreement} |"


def compare(
    what: str,
    slow: tuple[str, Callable[[], Any]],
    quick: tuple[str, Callable[[], Any]],
    rounds: int,
    agreement: Callable[[Any, Any], str],
    clock: str = "CPU",
) -> Row:
    """Time two ways in turns, the first of a turn changing; a first round warms up and its results are compared."""
    now = time.process_time if clock == "CPU" else time.perf_counter
    said = agreement(slow[1](), quick[1]())
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            started = now()
            (slow, quick)[which][1]()
            seconds[which].append(now() - started)
    return Row(what, slow[0], quick[0], tuple(seconds[0]), tuple(seconds[1]), said, clock)


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


def rows_of_networks(family: str, paths: Sequence[Path], rounds: int, work: Path, many: bool = False) -> Iterator[Row]:
    """From files to embeddings: the published loop, exact and fast, also as it is for many recordings."""
    folder = make_model(family, work / family)
    plain = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    exact, fast = Embedder(str(folder)), Embedder(str(folder), precision="fast")
    chunked = family == "opera-gt"
    loop_ = ("published loop", lambda: published_loop(plain, paths, chunked))
    ours = ("exact", lambda: exact(paths, protocol="published"))
    yield compare(f"embed, {family}", loop_, ours, rounds, near)
    way = f"fast ({fast.way})"
    yield compare(f"embed, {family}", ours, (way, lambda: fast(paths, protocol="published")), rounds, cosine)
    # The default protocol, whose windows have one shape.
    ours = ("exact", lambda: exact(paths))
    yield compare(f"embed, {family}, default", ours, (way, lambda: fast(paths)), rounds, cosine)
    if many:
        slow = Embedder(str(folder), precision="fast", recordings=MANY)
        way = f"fast for {MANY} or more ({slow.way})"
        yield compare(f"embed, {family}, default", ours, (way, lambda: slow(paths)), rounds, cosine)


def rows_of_ways(models: Sequence[str], work: Path) -> Iterator[str]:
    """Every way that `fast` tries for many recordings: how much faster the network alone is, and how near."""
    for family in models:
        folder = make_model(family, work / f"ways-{family}")
        choice = Embedder(str(folder), precision="fast", recordings=MANY).choice
        assert choice is not None
        for way, found in choice.tried.items():
            mark = " (taken)" if way == choice.way else ""
            yield f"| {family} | {way}{mark} | {found['gain']:.2f} | {found['cosine']:.6f} | {found['start']:.1f} |"


def rows_of_passes(paths: Sequence[Path], rounds: int, work: Path) -> Iterator[Row]:
    """Two encoders in one pass, and reading beside the network."""
    embedders = {name: Embedder(str(make_model("opera-ce", work / name))) for name in ("first", "second")}
    apart = lambda: [embedder(paths) for embedder in embedders.values()]  # noqa: E731

    def together() -> list[np.ndarray]:
        made = list(encode_all(embedders, paths))
        return [np.stack([one.rows[name]["pooler_output"] for one in made]) for name in embedders]

    yield compare("two opera-ce", ("one after the other", apart), ("one pass", together), rounds, same)


def rows_of_overlap(number: int, rounds: int, work: Path) -> Iterator[Row]:
    """Reading, cutting and log-mel beside the network, against the slower of the two alone: with one core, with all."""
    paths = write_recordings(work, number, seconds=2.0)
    embedder = Embedder(str(make_model("opera-ce", work / "overlap")))
    threads, cores = torch.get_num_threads(), sorted(os.sched_getaffinity(0))
    torch.set_num_threads(1)  # of two cores, one is the reader's
    try:
        for some in {1: cores[:1], len(cores): cores}.values():
            os.sched_setaffinity(0, some)
            seconds: tuple[list[float], list[float]] = ([], [])
            for turn in range(rounds + 1):
                started = time.perf_counter()
                windows = [embedder.feature_extractor.features(path).windows for path in paths]
                read_all = time.perf_counter()
                with torch.inference_mode():
                    for window in windows:
                        embedder.model(torch.from_numpy(np.stack(window)))
                encoded = time.perf_counter()
                del windows
                embedder(paths)
                done = time.perf_counter()
                if turn:  # the first one warms up
                    seconds[0].append(max(read_all - started, encoded - read_all))
                    seconds[1].append(done - encoded)
            what = f"{number} files, {len(some)} core{'s' if len(some) > 1 else ''}"
            slower, both = map(tuple, seconds)
            yield Row(what, "the slower of reading and network", "both", slower, both, "the same", "wall")
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(threads)


def rows_of_bound(data: Path, models: Sequence[str], work: Path) -> Iterator[str]:
    """AUROC of the default probe on exact and on fast embeddings of real recordings, for every task that is prepared.

    Args:
        data: folder of prepared datasets.
        models: folders or presets, or families, of which the published network with seeded weights is taken.
        work: for those.
    """
    for name in models:
        model = str(make_model(name, work / f"bound-{name}")) if name in FAMILIES else name
        rows: list[dict[str, float]] = []
        for precision in ("exact", "fast"):
            settings = BenchmarkSettings(data, precision=precision, cache=work / "bound")
            found = evaluate(model, BOUND_SUITES, root=data, settings=settings, progress=False)
            rows.append(
                {
                    f"{task.spec.suite} {task.spec.number}": task.results[0].figures["auroc"].value
                    for task in found.tasks
                    if task.results and "auroc" in task.results[0].figures
                }
            )
        choice = Embedder(model, precision="fast").choice
        way = f"{choice.way}, {choice.gain:.2f} times, cosine {choice.cosine:.5f}" if choice else "exact"
        for task, exact in rows[0].items():
            fast = rows[1][task]
            yield f"| {name} | {way} | {task} | {exact:.4f} | {fast:.4f} | {fast - exact:+.4f} |"


def rows_of_suite(recordings: int, work: Path, tasks: int = 16, models: int = 5, width: int = 768) -> Iterator[str]:
    """Seconds of a benchmark after encoding: so many tasks and models of random features."""
    folder = work / "suite"
    make_many(folder / "many", recordings)
    from_folder(folder / "many" / "source", folder / "many" / "prepared", name="many", organ="heart", progress=False)
    (folder / "data").mkdir()
    (folder / "many" / "prepared").rename(folder / "data" / "many")
    embed_files(str(folder / "many" / "model"), [folder / "data" / "many"], folder / "0.parquet", progress=False)
    table = pq.read_table(folder / "0.parquet")
    files = []
    for index in range(models):
        noise = np.random.default_rng(index).standard_normal((table.num_rows, width)).astype(np.float32)
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(noise.reshape(-1)), width)
        files.append(folder / f"random{index}.parquet")
        pq.write_table(table.set_column(table.schema.get_field_index("embedding"), "embedding", vectors), files[-1])
    specs = [BenchmarkTask("speed", f"T{index}", "many", "many", "label", positive="b") for index in range(tasks)]
    started, clock = time.process_time(), time.perf_counter()
    found = run_benchmark([str(file) for file in files], specs, BenchmarkSettings(folder / "data"), progress=False)
    seconds = {"all": time.perf_counter() - clock, "all, CPU": time.process_time() - started, **found.seconds}
    done = sum(len(task.results) for task in found.tasks)
    if done != tasks * models:
        raise RuntimeError(f"{done} of {tasks * models} results: {[task.missing for task in found.tasks][:1]}")
    for part, spent in seconds.items():
        yield f"| {tasks} tasks x {models} models, {recordings} recordings x {width} | {part} | {spent:.1f} |"


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


STEPS = ("prepare", "load_dataset", "near duplicates", "audit", "embed", "bootstrap")


def make_many(folder: Path, number: int) -> None:
    """Write recordings of a fifth of a second, four of a person, and a small model; nothing where they are."""
    if (folder / "model" / "preprocessor_config.json").is_file():
        return
    noise, source = np.random.default_rng(0), folder / "source"
    source.mkdir(parents=True, exist_ok=True)
    with (source / "metadata.csv").open("w", encoding="utf-8") as table:
        table.write("path,subject_id,label\n")
        for index in range(number):
            part = f"{index // 1000:04}"
            (source / part).mkdir(exist_ok=True)
            name = f"{part}/{index:07}.wav"
            soundfile.write(source / name, noise.integers(-3000, 3000, 800, np.int16), 4_000)
            table.write(f"{name},p{index // 4:06},{'ab'[index // 4 % 2]}\n")
    config = OperaCEConfig(network="cnn", conv_channels=(4, 8), convs_per_block=1, minimum_frames=8)
    AutoModel.from_config(config).save_pretrained(folder / "model")
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", seconds=1.0)).save_pretrained(folder / "model")


def scale_step(name: str, folder: Path, number: int) -> tuple[float, float]:
    """CPU seconds of a step with so many recordings, and the memory in bytes by which this process grew at its peak."""
    make_many(folder, number)
    prepared = folder / "prepared"
    if name == "near duplicates":  # of two seconds that sound somewhat like a body: words repeat as they do there
        prints = {f"{index:07}": fingerprint(stand_in(index, 4_000, 2.0), 4_000) for index in range(number)}
    truth, people = np.arange(number) // 4 % 2, [f"p{index // 4:06}" for index in range(number)]
    work: dict[str, Callable[[], Any]] = {
        "prepare": lambda: from_folder(
            folder / "source", prepared, name="many", organ="heart", progress=False, overwrite=True
        ),
        "load_dataset": lambda: load_prepared(prepared, "label"),
        "near duplicates": lambda: find_twins(prints),
        "audit": lambda: audit([prepared]),
        "embed": lambda: embed_files(
            str(folder / "model"), [folder / "source"], folder / "out.parquet", progress=False, overwrite=True
        ),
        "bootstrap": lambda: person_interval(_share, truth, subjects=people, draws=200, family="bootstrap"),
    }
    before, started = _peak(), time.process_time()
    work[name]()
    return time.process_time() - started, _peak() - before


def _share(truth: np.ndarray) -> float:
    return float(np.mean(truth))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def scaling(numbers: Sequence[int], work: Path, steps: Sequence[str] = STEPS) -> list[str]:
    """How CPU time and memory grow with the number of recordings.

    Args:
        numbers: of recordings.
        work: what was measured there before is not measured again.
        steps: of `STEPS`, `prepare` before those that read what it writes.

    Returns:
        Of each step the exponent, milliseconds and bytes of one recording, and what a million would take.
    """
    lines = []
    for name in steps:
        measured = []
        for number in numbers:
            file = work / f"{name}-{number}.txt"
            if not file.is_file():
                command = [sys.executable, __file__, "--scale-step", name, str(number), str(work / str(number))]
                write_text(file, subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            measured.append([float(word) for word in file.read_text("utf-8").split()])
        seconds, memory = zip(*measured, strict=True)
        exponent, start = np.polyfit(np.log(numbers), np.log(np.maximum(seconds, 1e-6)), 1)
        # The least squares line, since what a step takes in any case is no recording's.
        each = max(0.0, float(np.polyfit(numbers, memory, 1)[0]))
        minutes = float(np.exp(start + exponent * np.log(1e6))) / 60
        cells = [name, f"{exponent:.2f}", f"{1000 * seconds[-1] / numbers[-1]:.3g} ms", f"{minutes:.1f} min"]
        lines.append(f"| {' | '.join([*cells, f'{each:.0f} B', f'{each / 1e3:.1f} GB'])} |")
    return lines


def _header(*names: str) -> str:
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


SECTIONS = ("sound", "networks", "passes", "overlap", "cold", "scale", "suite", "accelerator", "ways", "bound")
BOUND_SUITES = ["covid_balanced/COVID-19-cough unbalanced", "acula18/T17", "auscultabench16/T14"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=SECTIONS, default=SECTIONS[:-2], help="sections (default: most)")
    parser.add_argument("--recordings", type=int, default=12, help="of ten seconds; large networks take fewer")
    parser.add_argument("--rounds", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--files", type=int, default=200, help="of two seconds, for overlap")
    parser.add_argument("--many", action="store_true", help="also fast as it is for many recordings (takes minutes)")
    parser.add_argument("--models", nargs="*", default=MODELS, help="default: all three")
    parser.add_argument("--threads", type=int, help="of torch; 1 gives steady times on a busy machine")
    parser.add_argument("--scale", type=int, nargs="*", default=(250, 500, 1000), help="numbers of recordings")
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=STEPS, help="of --scale (default: all)")
    parser.add_argument("--work", type=Path, help="keeps what --scale has measured, for a later call")
    parser.add_argument("--suite", type=int, default=500, help="recordings of the benchmark that is timed")
    parser.add_argument("--data", type=Path, help="prepared datasets, for `--only bound`; --models may name folders")
    parser.add_argument("--scale-step", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    values = parser.parse_args(arguments)
    disable_progress_bar()
    if values.scale_step:
        name, number, place = values.scale_step
        print(*scale_step(name, Path(place), int(number)))
        return
    if "bound" in values.only and not values.data:
        parser.error("--only bound needs --data, a folder of prepared datasets")
    if values.threads:
        torch.set_num_threads(values.threads)
    machine = f"{processor_of(torch.device('cpu'))}, {os.cpu_count()} cores, {torch.get_num_threads()} threads of torch"
    machine += f", Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{machine}. {values.recordings} recordings of 10 s, {values.rounds} turns; seconds are medians.\n")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("AUSCULT_CACHE", folder)  # measured anew, here
        found = {"machine": machine, **_sections(values, Path(folder))}
    if values.json:
        write_text(values.json, to_json(found) + "\n")


def _sections(values: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Print the sections that were asked for, and return what they found."""
    rows: list[Row] = []
    paths, few = write_recordings(work, values.recordings), {"opera-gt": 2, "opera-ct": 4}
    compared: dict[str, Callable[[], Iterator[Row]]] = {
        "sound": lambda: rows_of_sound(paths, values.rounds),
        "networks": lambda: chain.from_iterable(
            rows_of_networks(name, paths[: few.get(name)], values.rounds, work, values.many) for name in values.models
        ),
        "passes": lambda: rows_of_passes(paths, values.rounds, work),
        "overlap": lambda: rows_of_overlap(values.files, values.rounds, work / "files"),
    }
    (work / "files").mkdir()
    if set(compared) & set(values.only):
        print(_header("what", "slow", "quick", "seconds", "slow", "quick", "times faster (range)", "results"))
    for name in (name for name in compared if name in values.only):
        for row in compared[name]():
            rows.append(row)
            print(row.markdown(), flush=True)
    scaled = ", ".join(map(str, values.scale))
    listed: dict[str, tuple[tuple[str, ...], Callable[[], Iterable[str]]]] = {
        "cold": (("fresh process", "CPU seconds"), lambda: cold_start(paths, work)),
        "scale": (
            (f"{scaled} recordings", "exponent", "CPU of one", "of a million", "memory of one", "of a million"),
            lambda: scaling(values.scale, values.work or work / "scale", values.steps),
        ),
        "suite": (("after encoding", "part", "seconds"), lambda: rows_of_suite(values.suite, work)),
        "bound": (
            ("model", "fast", "task", "AUROC, exact", "fast", "difference"),
            lambda: rows_of_bound(values.data, values.models, work),
        ),
        "accelerator": (("device", "what", "rate"), rates),
        "ways": (("model", "way", "times faster", "cosine", "start, s"), lambda: rows_of_ways(values.models, work)),
    }
    found: dict[str, Any] = {"rows": rows}
    for name, (header, lines) in listed.items():
        if name in values.only:
            print("", _header(*header), sep="\n", flush=True)
            found[name] = []
            for line in lines():
                found[name].append(line)
                print(line, flush=True)
    return found


def rates() -> Iterator[str]:
    """Embedding and a training step of a ViT-B in bfloat16, against the matrix products of the same device."""
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    if not cuda:
        yield "| accelerator | none here: not run | |"
    size, number = (8192, 64) if cuda else (2048, 1)
    left = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    peak = 2 * size**3 / _seconds(lambda: left @ left, cuda)
    yield f"| {processor_of(device)} | matrix products of {size} | {peak / 1e12:.2f} TFLOP/s |"
    torch.manual_seed(0)
    conversion = import_module(FAMILIES["audiomae"]).CONVERSIONS["audiomae"]
    model = conversion.build(fine_tuned=True).base_model.to(device)
    extractor = conversion.extractor_of(model)
    rate, config = extractor.sampling_rate, model.config
    (window,) = extractor.features({"array": stand_in(0, rate), "sampling_rate": rate}).windows
    batch = torch.from_numpy(np.repeat(window[None], number, axis=0)).to(device)
    tokens = window.size // config.patch_size**2
    # Two operations a weight and token, and the two products of attention; a step costs three times as much.
    flops = number * tokens * (2 * sum(value.numel() for value in model.parameters()))
    flops += number * 4 * config.num_hidden_layers * tokens**2 * config.hidden_size

    def forward() -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            pooled: torch.Tensor = model(batch).pooler_output
        return pooled

    def step() -> None:
        forward().float().square().mean().backward()
        model.zero_grad()

    with torch.inference_mode():
        seconds = _seconds(forward, cuda)
    yield f"| ViT-B, {number} windows of ten seconds | embedding | {flops / seconds / peak:.0%} of that rate |"
    seconds = _seconds(step, cuda)
    yield f"| ViT-B, {number} windows of ten seconds | forward and backward | {3 * flops / seconds / peak:.0%} of it |"


def _seconds(work: Callable[[], Any], cuda: bool) -> float:
    """Median wall seconds of a call; the first of six warms up."""
    times = []
    for _ in range(6):
        started = time.perf_counter()
        work()
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
