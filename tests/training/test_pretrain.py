"""Pre-training: what is seen of a recording, in which batches, and that both objectives learn."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import set_seed

from hf_auscult.errors import ConfigurationError, LeakageError
from hf_auscult.features import FRONT_ENDS
from hf_auscult.features.logmel import log_mel
from hf_auscult.models.opera import OperaCEConfig, OperaGTConfig
from hf_auscult.models.opera.modeling_opera_ce import OperaCEForPreTraining
from hf_auscult.models.opera.modeling_opera_gt import OperaGTForPreTraining
from hf_auscult.models.shared.cola import compare_views
from hf_auscult.training.dataset import EpochSampler
from hf_auscult.training.pretrain import (
    PretrainingArguments,
    PretrainingDataset,
    PretrainingTrainer,
    ViewPolicy,
    collate,
)
from hf_auscult.training.spectrograms import Spectrograms, TrainingRecording
from tests import tiny

SPEC = FRONT_ENDS["heart"]
SMALL = {
    "network": "cnn",
    "conv_channels": (4, 8),
    "convs_per_block": 1,
    "minimum_frames": 8,
    "pooling": "band_mean_std",
    "similarity": "cosine",
    "projection_size": 16,
}


def recordings(number: int = 24, seconds: float = 3.0, sources: tuple[str, ...] = ("a",)):
    for index in range(number):
        # Two recordings a person, who is a tone of their own.
        person = index // 2
        rng = np.random.default_rng(index)
        time = np.arange(round((seconds + 0.1 * (index % 3)) * SPEC.sampling_rate)) / SPEC.sampling_rate
        wave = np.sin(2 * np.pi * (60 + 35 * person) * time) + 0.1 * rng.standard_normal(len(time))
        source = sources[person % len(sources)]
        split = "validation" if index >= number - 4 else "train"
        yield TrainingRecording(wave.astype(np.float32), source, f"p{person}", split, f"r{index}")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Spectrograms:
    return Spectrograms.write(tmp_path_factory.mktemp("images") / "one", recordings(), SPEC)


def test_images_are_the_extractors(store):
    wave = next(recordings()).waveform
    ours = store.crop(0)
    theirs = log_mel(torch.from_numpy(wave)[None], SPEC)[0].numpy()
    # Half precision: 80 dB in [0, 1] at steps of at most 0.06 dB.
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # A crop is scaled by its own maximum, as in use; but for the two frames that see its edges it is the window's.
    start, size = 20, 60
    part = wave[start * SPEC.hop_length : (start + size - 1) * SPEC.hop_length + 1]
    window = log_mel(torch.from_numpy(part)[None], SPEC)[0].numpy()
    ours = store.crop(0, start, size)
    assert ours.min() == 0.0
    assert ours.max() == 1.0
    assert np.abs(ours[2:-2] - window[2:-2]).mean() < 0.02
    assert store.crop(0, start, size, "recording").max() <= 1.0


@pytest.mark.parametrize("name", ["opera", "audiomae", "panns", "vggish"])
def test_images_of_every_kind_of_front_end(name, tmp_path):
    spec = FRONT_ENDS[name]
    wave = np.random.default_rng(0).standard_normal(2 * spec.sampling_rate).astype(np.float32) * 0.1
    store = Spectrograms.write(tmp_path / "images", [TrainingRecording(wave, "a", "p", "train", "r")], spec)
    theirs = log_mel(torch.from_numpy(wave)[None], spec)[0].numpy()
    np.testing.assert_allclose(store.crop(0), theirs[: store.frames(0)], atol=0.02 * np.ptp(theirs))


def test_reserved_people_are_refused(tmp_path):
    wave = np.ones(8000, np.float32)
    with pytest.raises(LeakageError, match="13918"):
        Spectrograms.write(tmp_path / "x", [TrainingRecording(wave, "circor", "circor:13918", "train", "r")], SPEC)


def test_sources_come_by_their_size():
    """Chi-squared of the sources of the first batches of many epochs, whose order is random, against the sizes."""
    groups = ["a"] * 160 + ["b"] * 80 + ["c"] * 40
    counts: Counter[str] = Counter()
    sampler = EpochSampler(groups, batch=8, seed=0)
    for epoch in range(300):
        sampler.set_epoch(epoch)
        first = [position for _, position in list(sampler)[:8]]
        assert len({groups[position] for position in first}) == 1
        counts[groups[first[0]]] += 1
    observed = [counts[name] for name in "abc"]
    assert chisquare(observed, 300 * np.array([4, 2, 1]) / 7).pvalue > 0.01
    assert chisquare(observed, [100, 100, 100]).pvalue < 1e-6  # the test would see equal shares


def test_lengths_by_dataset_and_organ(tmp_path):
    def kinds():
        for index, recording in enumerate(recordings(12, sources=("korean", "sprsound", "uk"))):
            organ = ("breath", "cough")[index % 2] if recording.source == "uk" else "lung"
            yield TrainingRecording(recording.waveform, recording.source, recording.person, "train", str(index), organ)

    store = Spectrograms.write(tmp_path / "x", kinds(), SPEC)
    views = ViewPolicy(frames={"korean": 10, "uk/breath": 30, "default": 20})
    dataset = PretrainingDataset(store, views)
    lengths = {group: len(dataset[0, row]["first"]) for row, group in enumerate(dataset.groups)}
    assert lengths == {"korean": 10, "sprsound": 20, "uk/breath": 30, "uk/cough": 20}
    with pytest.raises(ConfigurationError, match="no length for sprsound"):
        PretrainingDataset(store, ViewPolicy(frames={"korean": 10, "uk": 5}))[0, 3]


def test_views_are_cut_from_the_whole_recording(store):
    """Starts are uniform over all that leave room; two views of a long recording seldom overlap."""
    dataset = PretrainingDataset(store, ViewPolicy(frames=20))
    room = store.frames(0) - 20
    starts = np.array([dataset.start(0, np.random.default_rng((0, draw))) for draw in range(4000)])
    assert starts.min() == 0
    assert starts.max() == room
    counts = np.bincount(starts, minlength=room + 1)
    assert chisquare(counts).pvalue > 1e-3
    overlap = np.maximum(0, 20 - np.abs(starts[::2] - starts[1::2])) / 20
    # Two uniform starts on 0..room: the mean overlap is about size / room, and most pairs share nothing.
    assert overlap.mean() == pytest.approx(20 / room, rel=0.15)
    assert (overlap == 0).mean() > 0.6


def test_half_of_the_pairs_reach_across_recordings(store):
    seen = []
    dataset = PretrainingDataset(store, ViewPolicy(frames=20, across=0.5))
    dataset._view = lambda position, rng: seen.append(position) or np.zeros((20, 64), np.float32)
    for epoch in range(40):
        for position in range(len(dataset)):
            dataset[epoch, position]
    pairs = np.array(seen).reshape(-1, 2)
    assert (dataset.people[pairs[:, 0]] == dataset.people[pairs[:, 1]]).all()
    assert np.mean(pairs[:, 0] != pairs[:, 1]) == pytest.approx(0.5, abs=0.05)


def test_rows_are_masked_with_the_mean_and_loudness_varies(store):
    plain = PretrainingDataset(store, ViewPolicy(frames=100, scale="recording"))
    masked = PretrainingDataset(
        store, ViewPolicy(frames=100, scale="recording", mask_start_rate=0.1, mask_continue_rate=0.2)
    )
    shares, mean = [], store.crop(int(plain.rows[0]), scale="recording").mean()
    for epoch in range(200):
        hidden = (np.ptp(masked[epoch, 0]["first"], axis=1) == 0) & (masked[epoch, 0]["first"][:, 0] == mean)
        shares.append(hidden.mean())
    # A frame is hidden when a run starts, or when the one before is and goes on: p = s + (1 - s) c p.
    assert np.mean(shares) == pytest.approx(0.1 / (1 - 0.9 * 0.2), rel=0.1)
    loud = PretrainingDataset(store, ViewPolicy(frames=400, scale="recording", loudness=0.1))
    factors = [loud[epoch, 0]["first"].max() for epoch in range(200)]
    assert 0.9 <= min(factors) < 0.92
    assert 1.08 < max(factors) <= 1.1
    striped = PretrainingDataset(store, ViewPolicy(frames=100, stripes=2))
    assert np.abs(striped[0, 0]["first"] - plain[0, 0]["first"]).mean() > 1e-3


def test_draws_follow_from_seed_epoch_and_position_only(store):
    one, two = (PretrainingDataset(store, ViewPolicy(frames=30, across=0.5), seed=1) for _ in range(2))
    two[0, 0], two[7, 3]
    for name in ("first", "second"):
        assert (one[2, 5][name] == two[2, 5][name]).all()
        assert not (one[2, 5][name] == one[3, 5][name]).all()


@pytest.mark.parametrize("similarity", ["bilinear", "cosine"])
def test_other_views_of_a_person_are_no_negatives(similarity):
    config = OperaCEConfig(similarity=similarity, temperature=0.5)
    z1, z2 = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), torch.eye(4, 8)
    people = torch.tensor([0, 0, 1, 2])
    _, logits = compare_views(z1, z2, config, people)
    assert torch.isinf(logits).nonzero().tolist() == [[0, 1], [1, 0]]
    whole, _ = compare_views(z1, z2, config)
    masked, _ = compare_views(z1, z2, config, people)
    assert masked < whole
    assert compare_views(z1, z2, config, torch.arange(4))[0] == whole


def arguments(folder, **settings) -> PretrainingArguments:
    defaults = {
        "max_steps": 30,
        "per_device_train_batch_size": 10,
        "learning_rate": 3e-3,
        "epoch_decay": 0.0,
        "logging_steps": 10,
        "save_strategy": "no",
        "disable_tqdm": True,
        "use_cpu": True,
    }
    return PretrainingArguments(str(folder), **{**defaults, **settings})


def test_contrast_learns_to_tell_people_apart(store, tmp_path):
    set_seed(0)
    views = ViewPolicy(frames=24, across=0.5)
    parts = [PretrainingDataset(store, views, split=split) for split in ("train", "validation")]
    model = OperaCEForPreTraining(OperaCEConfig(**SMALL))
    run = PretrainingTrainer(model, arguments(tmp_path), train_dataset=parts[0], eval_dataset=parts[1])
    before = run.evaluate()
    run.train()
    after = run.evaluate()
    history = [entry for entry in run.state.log_history if "accuracy_a" in entry]
    assert history[-1]["loss_a"] < 0.6 * history[0]["loss_a"]
    assert history[-1]["accuracy_a"] > 0.8
    assert after["eval_loss_a"] < before["eval_loss_a"]
    assert {"eval_accuracy_a", "eval_loss"} <= set(after)


@pytest.mark.parametrize("view", ["published", "grid"])
def test_reconstruction_learns_with_either_decoder(store, tmp_path, view):
    """OPERA-GT with the published code's reshape and with the correct grid; short images are filled with zeros."""
    set_seed(0)
    config = OperaGTConfig(**{**tiny.ENCODER, "decoder_view": view, "decoder_feature_size": (8, 8), "mask_ratio": 0.7})
    config.reconstruction_target = "raw"
    model = OperaGTForPreTraining(config)
    views = ViewPolicy(frames=64, scale="recording", padding="zero")
    dataset = PretrainingDataset(store, views, noise_size=model.noise_size)
    item = dataset[0, 0]
    assert item["noise"].shape == (64,)
    run = PretrainingTrainer(model, arguments(tmp_path, epoch_decay=0.9), train_dataset=dataset)
    run.train()
    losses = [entry["loss_a"] for entry in run.state.log_history if "loss_a" in entry]
    assert losses[-1] < 0.7 * losses[0]
    # 20 recordings are two batches, so 30 steps are 15 epochs.
    assert run.lr_scheduler.get_last_lr()[0] == pytest.approx(3e-3 * 0.9**15)
    with torch.no_grad():
        out = model.eval()(torch.from_numpy(item["first"])[None], noise=torch.from_numpy(item["noise"])[None])
    assert out.mask.sum() == 64 - int(64 * 0.3)


def test_short_recordings_are_filled(tmp_path):
    wave = np.random.default_rng(0).standard_normal(1600).astype(np.float32)
    store = Spectrograms.write(tmp_path / "x", [TrainingRecording(wave, "a", "p", "train", "r")], SPEC)
    frames = store.frames(0)
    zero = PretrainingDataset(store, ViewPolicy(frames=50, padding="zero"))[0, 0]["first"]
    assert not zero[frames:].any()
    again = PretrainingDataset(store, ViewPolicy(frames=50))[0, 0]["first"]
    assert (again[frames : 2 * frames] == again[:frames]).all()


def test_a_batch_that_cannot_be_filled_is_refused(store, tmp_path):
    dataset = PretrainingDataset(store, ViewPolicy(frames=24))
    with pytest.raises(ConfigurationError, match="20 recordings fill no batch"):
        PretrainingTrainer(
            OperaCEForPreTraining(OperaCEConfig(**SMALL)),
            arguments(tmp_path, per_device_train_batch_size=64),
            train_dataset=dataset,
        ).train()


def test_a_deadline_ends_the_run(store, tmp_path):
    dataset = PretrainingDataset(store, ViewPolicy(frames=24))
    model = OperaCEForPreTraining(OperaCEConfig(**SMALL))
    run = PretrainingTrainer(model, arguments(tmp_path, max_steps=5000, max_seconds=0.5), train_dataset=dataset)
    run.train()
    assert 0 < run.state.global_step < 5000


def test_items_become_a_batch(store):
    batch = collate([PretrainingDataset(store, ViewPolicy(frames=12))[0, row] for row in (0, 1)])
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "first": (2, 12, 64),
        "second": (2, 12, 64),
        "person": (2,),
        "source": (2,),
    }


def test_a_configuration_with_bf16_runs_where_there_is_no_accelerator(tmp_path):
    """transformers refuses bf16 there unless it is told to use the processor."""
    args = PretrainingArguments(str(tmp_path), bf16=True)
    assert args.bf16 and args.use_cpu is not torch.accelerator.is_available()


@pytest.mark.slow
def test_bfloat16_and_a_compiled_encoder_learn_as_single_precision_does(store, tmp_path):
    """`bf16` stays within what another seed changes; `torch_compile` changes nothing but rounding."""

    def losses(seed: int = 0, **settings: object) -> np.ndarray:
        set_seed(seed)
        torch._dynamo.reset()
        config = OperaGTConfig(**{**tiny.ENCODER, "decoder_feature_size": (8, 8), "mask_ratio": 0.7})
        model = OperaGTForPreTraining(config)
        dataset = PretrainingDataset(store, ViewPolicy(frames=64, padding="zero"), noise_size=model.noise_size)
        run = PretrainingTrainer(model, arguments(tmp_path, **settings), train_dataset=dataset)
        run.train()
        return np.array([entry["loss_a"] for entry in run.state.log_history if "loss_a" in entry])

    seeds = np.stack([losses(seed) for seed in range(4)])
    assert (seeds[:, -1] < 0.9 * seeds[:, 0]).all()
    compiled = losses(torch_compile=True, torch_compile_backend="aot_eager")
    np.testing.assert_allclose(compiled, seeds[0], rtol=1e-3)
    low = losses(bf16=True)
    assert not np.array_equal(low, seeds[0])
    assert (np.abs(low - seeds[0]) <= np.ptp(seeds, axis=0)).all(), (low, seeds)
