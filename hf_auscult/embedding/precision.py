"""`precision="fast"`: the quickest way of running an encoder on this machine that gives nearly the exact rows.

The ways are measured against single precision once for a model and a machine, and the choice is kept. `exact` is single
precision as loaded: nothing here is called.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import platform
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tqdm.auto import tqdm

from ..errors import ConfigurationError, ConversionError
from ..files import Serialisable, default_cache, new_file, write_json
from .onnx_files import INPUT, LIBRARIES, OUTPUTS, OnnxEncoder, open_session, write
from .store import weights_of

Precision = Literal["exact", "fast"]
#: Smallest cosine between a fast row and the exact one. A probe's AUROC then moves by less than .002.
BOUND = 0.9999
# Below this a way is not worth rows that differ; it is also what timing on a shared machine can tell apart.
LEAST_GAIN = 1.1
RECORDINGS, SECONDS = 4, 10.0
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
CPU_WAYS = ("bfloat16", "channels_last", "channels_last+bfloat16")
ACCELERATOR_WAYS = ("bfloat16", "float16", "channels_last+float16")
# These take half a minute and more before the first row: onnxruntime's once, compiled ones in every process.
SLOW_TO_START = ("onnx", "compiled", "compiled+bfloat16")
MANY = 1000  # recordings, which take a network longer than that
OPSET = 18
BACKEND = "inductor"


@dataclass(frozen=True)
class Choice(Serialisable):
    """How an encoder is run where `fast` is asked for.

    Args:
        way: parts joined by `+`, of `bfloat16`, `float16`, `channels_last`, `compiled`, or `onnx`; `exact` where none
            is near enough and quicker.
        cosine: the smallest between a row of that way and the exact one.
        gain: median time of exact over that of the way.
        tried: way -> cosine, gain, and the seconds to its first row (`start`), in which it is compiled or exported; a
            way that failed has a gain of 0.
        machine: processor, threads and version of torch.
    """

    way: str
    cosine: float
    gain: float
    tried: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    machine: str = ""

    def render(self) -> str:
        """One line."""
        if self.way == "exact":
            return f"fast is exact here: no way is {LEAST_GAIN} times as fast with a cosine of {BOUND} or more"
        return f"fast is {self.way} here: {self.gain:.2f} times as fast as exact, cosine {self.cosine:.5f}"


def check_precision(precision: str) -> None:
    """Raise `ConfigurationError` unless a precision is one."""
    if precision not in ("exact", "fast"):
        raise ConfigurationError(f"precision is {precision!r}", remedy="use 'exact' or 'fast'")


class Runner:
    """An encoder run in one way.

    Args:
        model: left as it is; a copy is made where its weights must lie otherwise.
        way: see `Choice`.
        shape: of the windows that a network is compiled or exported for.
    """

    def __init__(self, model: Any, way: str, shape: Sequence[int] = ()) -> None:
        self.parts, self.shape = set(way.split("+")) - {"exact"}, tuple(shape)
        self.dtype = next((DTYPES[name] for name in DTYPES if name in self.parts), None)
        self.model = model
        if "channels_last" in self.parts:
            self.model = copy.deepcopy(model).to(memory_format=torch.channels_last)
        self._made: dict[int, _OneShape] = {}

    def prepared(self, call: Any) -> Any:
        """The model, or its encoder, as it is called; an ONNX file has the encoder alone.

        Raises:
            ConversionError: an encoder that cannot be exported.
        """
        if "compiled" in self.parts and id(call) not in self._made:
            self._made[id(call)] = _OneShape(call, self.shape, torch.compile(call, backend=BACKEND, dynamic=False))
        if "onnx" in self.parts and id(call) not in self._made and not hasattr(call, "audio_encoder"):
            self._made[id(call)] = _OneShape(call, self.shape, _onnx(call, self.shape))
        return self._made.get(id(call), call)

    def mode(self, device: torch.device) -> AbstractContextManager[Any]:
        """The arithmetic of its way."""
        return nullcontext() if self.dtype is None else torch.autocast(device.type, self.dtype)


class _OneShape:
    """A model that another form of it stands for where windows have one shape; others pass it as it was.

    Args:
        model: as it was.
        shape: of the windows.
        form: maps one window (1, …) to named tensors.
    """

    def __init__(self, model: Any, shape: tuple[int, ...], form: Callable[[torch.Tensor], Any]) -> None:
        self.model, self.shape, self.form = model, shape, form

    def __call__(self, windows: torch.Tensor, **settings: Any) -> Mapping[str, torch.Tensor]:
        if settings or windows.shape[1:] != self.shape:
            found: Mapping[str, torch.Tensor] = self.model(windows, **settings)
            return found
        rows = [self.form(window[None]) for window in windows]
        return {name: torch.cat([row[name] for row in rows]) for name in rows[0] if torch.is_tensor(rows[0][name])}


def _onnx(encoder: Any, shape: tuple[int, ...]) -> Callable[[torch.Tensor], dict[str, torch.Tensor]]:
    """An encoder in onnxruntime, from a file that is written once for its weights."""
    file = _onnx_file(encoder, shape)
    if not file.is_file():
        with new_file(file) as part:
            write(OnnxEncoder(encoder), torch.rand(2, *shape), part, OPSET)
    session = open_session(file)
    return lambda window: {OUTPUTS[0]: torch.from_numpy(session.run(OUTPUTS[:1], {INPUT: window.numpy()})[0])}


def _onnx_file(encoder: Any, shape: tuple[int, ...]) -> Path:
    said = json.dumps([encoder.config.to_dict(), shape, torch.__version__], sort_keys=True, default=str)
    key = hashlib.sha256(f"{said}\t{weights_of(encoder)}".encode()).hexdigest()[:24]
    return default_cache() / "precision" / f"{key}.onnx"


def _slow_to_start() -> tuple[str, ...]:
    """Those of `SLOW_TO_START` for which there is what they need."""
    compiler = any(map(shutil.which, ("g++", "clang++")))
    exporter = all(map(importlib.util.find_spec, LIBRARIES))
    return tuple(way for way in SLOW_TO_START if (exporter if way == "onnx" else compiler))


def choose(model: Any, feature_extractor: Any, device: torch.device, recordings: int = 0) -> Choice:
    """Return how `fast` runs a model on this machine: as measured before, or measured now and kept.

    Exact and every way take turns on recordings made up of beats, noise and crackles. The quickest way whose every row
    has a cosine of `BOUND` or more to the exact row is taken, if it is `LEAST_GAIN` times as fast.

    Args:
        model: the encoder.
        feature_extractor: its extractor.
        device: where it runs.
        recordings: how many there are; from `MANY` on, ways that are `SLOW_TO_START` are tried on a CPU, too.
    """
    machine = f"{processor_of(device)}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    encoder = getattr(model, "audio_encoder", model)
    if next(encoder.parameters(), None) is None:  # openSMILE computes without torch
        return Choice("exact", 1.0, 1.0, {}, machine)
    said = json.dumps([encoder.config.to_dict(), feature_extractor.to_dict()], sort_keys=True, default=str)
    slow = _slow_to_start() if recordings >= MANY and device.type == "cpu" else ()
    parts = [said, weights_of(encoder), machine, *slow]
    key = hashlib.sha256("\t".join(parts).encode()).hexdigest()[:24]
    kept = default_cache() / "precision" / f"{key}.json"
    if kept.is_file():
        return Choice(**json.loads(kept.read_text("utf-8")))
    ways: tuple[str, ...] = CPU_WAYS if device.type == "cpu" else ACCELERATOR_WAYS
    if not any(isinstance(module, torch.nn.Conv2d) for module in encoder.modules()):
        ways = tuple(way for way in ways if "channels_last" not in way)
    choice = measure(encoder, feature_extractor, device, (*ways, *slow), machine)
    if "onnx" in slow and choice.way != "onnx":
        _onnx_file(encoder, shape_of(feature_extractor)).unlink(missing_ok=True)
    write_json(kept, choice.to_dict())
    return choice


def measure(encoder: Any, feature_extractor: Any, device: torch.device, ways: tuple[str, ...], machine: str) -> Choice:
    """Compare ways of running an encoder with single precision, on the same windows in turns."""
    rate = feature_extractor.sampling_rate
    batches = []
    for seed in range(RECORDINGS + 1):  # the first one warms up
        windows = feature_extractor.features({"array": stand_in(seed, rate), "sampling_rate": rate}).windows
        same = [window for window in windows if window.shape == windows[0].shape]
        batches.append(torch.from_numpy(np.stack(same)).to(device))
    training = encoder.training
    encoder.eval()
    shape = batches[0].shape[1:]
    runners = {way: Runner(encoder, way, shape) for way in ("exact", *ways)}
    rows: dict[str, list[torch.Tensor]] = {way: [] for way in runners}
    seconds: dict[str, list[float]] = {way: [] for way in runners}
    for batch in tqdm(batches, "measuring fast", leave=False, disable=None):
        for way, runner in list(runners.items()):
            started = time.perf_counter()
            try:
                call = runner.prepared(runner.model)
                with torch.inference_mode(), runner.mode(device):
                    pooled = call(batch)["pooler_output"]
            except (RuntimeError, ConversionError):
                if way not in SLOW_TO_START:
                    raise
                del runners[way]  # what cannot be compiled or exported is no way
                continue
            rows[way].append(pooled.double().cpu())  # waits for an accelerator
            seconds[way].append(time.perf_counter() - started)
    encoder.train(training)
    exact = torch.cat(rows["exact"])
    tried = {way: {"cosine": 0.0, "gain": 0.0, "start": 0.0} for way in ways}
    for way in ways:
        if way in runners:
            tried[way] = {
                "cosine": float(torch.nn.functional.cosine_similarity(torch.cat(rows[way]), exact).min()),
                "gain": statistics.median(seconds["exact"][1:]) / statistics.median(seconds[way][1:]),
                "start": seconds[way][0],
            }
    gains = {way: found["gain"] for way, found in tried.items() if found["cosine"] >= BOUND}
    plain = max([1.0, *(gain for way, gain in gains.items() if way not in SLOW_TO_START)])
    # A way that is slow to start must be worth that beside the best of the others, too.
    good = [way for way in gains if gains[way] >= LEAST_GAIN * (plain if way in SLOW_TO_START else 1.0)]
    if not good:
        return Choice("exact", 1.0, 1.0, tried, machine)
    best = max(good, key=lambda way: gains[way])
    return Choice(best, tried[best]["cosine"], gains[best], tried, machine)


def shape_of(feature_extractor: Any) -> tuple[int, ...]:
    """Shape of the windows that a recording of some seconds is cut into."""
    rate = feature_extractor.sampling_rate
    windows = feature_extractor.features({"array": stand_in(0, rate), "sampling_rate": rate}).windows
    return tuple(windows[0].shape)


def stand_in(seed: int, rate: int, seconds: float = SECONDS) -> np.ndarray:
    """Samples that sound somewhat like a body: beats, breath-like noise, crackles; another `seed`, another body."""
    rng = np.random.default_rng(seed)
    clock = np.arange(round(seconds * rate)) / rate
    phase = clock * rng.uniform(1.0, 2.0) % 1.0
    beats = sum(
        np.exp(-(((phase - at) / 0.05) ** 2)) * np.sin(2 * np.pi * rng.uniform(40, 120) * clock) for at in (0.1, 0.45)
    )
    breath = rng.standard_normal(len(clock)) * (1 + np.sin(2 * np.pi * rng.uniform(0.2, 0.5) * clock))
    crackles = rng.standard_normal(len(clock)) * (rng.random(len(clock)) < 30 / rate)
    return (0.3 * beats + rng.uniform(0.005, 0.05) * breath + 0.3 * crackles).astype(np.float32)


def processor_of(device: torch.device) -> str:
    """Name of a device's processor, with the bfloat16 units of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return " ".join([name or platform.machine(), *(flag for flag in ("amx_bf16", "avx512_bf16") if flag in flags)])
