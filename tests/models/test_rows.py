"""One recording in, one row out, through every tool of Hugging Face: each row's answer is its answer alone."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import evaluate
import numpy as np
import pytest
import torch
from datasets import Dataset, disable_progress_bars
from torch.utils.data import DataLoader
from transformers import (
    AutoModelForAudioClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    pipeline,
)

import hf_auscult  # noqa: F401 - registers the models
from hf_auscult.audio import WindowPolicy
from hf_auscult.errors import FeatureError
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.models.shared.rows import cut_rows
from tests.models.zoo import GT, ZOO, sound

SHARES = (2.6, 0.7, 1.0, 1.0, 0.7)  # in windows
LABELS = [0, 1, 2, 1, 0]
KEYS = ("input_features", "window_seconds", "window_frames")


class Around:
    """AcuLa around an encoder, as a variant of the zoo."""

    name = "acula"
    extractor = staticmethod(GT.extractor)

    @staticmethod
    def config():
        return AcuLaConfig(audio_config=GT.config(), text_size=12, teacher=None)


every_model = pytest.mark.parametrize("variant", [*ZOO, Around()], ids=lambda variant: variant.name)
#: Of each way of laying out features one.
FEW = [variant for variant in ZOO if variant.name in ("opera-gt", "panns/cnn6", "adapter/wav2vec2", "adapter/whisper")]
few_models = pytest.mark.parametrize("variant", [*FEW, Around()], ids=lambda variant: variant.name)


def classifier(variant):
    torch.manual_seed(0)
    config = variant.config()
    config.num_labels = 3
    return AutoModelForAudioClassification.from_config(config).eval()


def recordings(fe) -> list[np.ndarray]:
    length = fe.windows.length(fe.sampling_rate) / fe.sampling_rate
    return [sound(share * length, fe.sampling_rate, seed) for seed, share in enumerate(SHARES)]


@torch.no_grad()
def alone(model, fe, waves) -> np.ndarray:
    """Logits of every recording, computed by itself."""
    inputs = [fe(wave, sampling_rate=fe.sampling_rate, return_tensors="pt") for wave in waves]
    return torch.cat([model(**row).logits for row in inputs]).numpy()


def same(found, expected) -> None:
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)


def table(fe, waves) -> Dataset:
    """Recordings as cells of a column, with labels."""
    cells = [{"array": wave, "sampling_rate": fe.sampling_rate} for wave in waves]
    return Dataset.from_dict({"audio": cells, "label": LABELS[: len(waves)]})


def cells(column) -> list[dict]:
    """Cells whose samples are arrays again: Arrow hands out lists of double precision."""
    return [{**cell, "array": np.asarray(cell["array"], np.float32)} for cell in column]


@pytest.fixture(autouse=True)
def quiet():
    disable_progress_bars()
    logging.getLogger("transformers").setLevel(logging.ERROR)


@every_model
def test_a_batch_gives_every_recording_its_own_row(variant):
    fe, model = variant.extractor(), classifier(variant)
    waves = recordings(fe)
    expected = alone(model, fe, waves)
    inputs = fe(waves, sampling_rate=fe.sampling_rate, return_tensors="pt")
    assert {key: len(value) for key, value in inputs.items()} == dict.fromkeys(KEYS, len(waves))
    with torch.no_grad():
        same(model(**inputs).logits, expected)
        order = torch.tensor([3, 0, 4])  # what a sampler or Accelerate hands to a process
        same(model(**{key: value[order] for key, value in inputs.items()}).logits, expected[order])
        encoder = getattr(model, model.base_model_prefix)
        out = encoder(**inputs)
        single = [encoder(**fe([wave], sampling_rate=fe.sampling_rate, return_tensors="pt")) for wave in waves]
    same(out.pooler_output, torch.cat([row.pooler_output for row in single]))
    assert out.token_mask.shape == out.last_hidden_state.shape[:2]
    assert not out.last_hidden_state[~out.token_mask].any()
    for row, tokens, mask in zip(single, out.last_hidden_state, out.token_mask, strict=True):
        real = row.last_hidden_state[0] if row.token_mask is None else row.last_hidden_state[row.token_mask]
        same(tokens[mask], real)


@every_model
def test_the_pipeline_at_every_batch_size(variant):
    fe, model = variant.extractor(), classifier(variant)
    waves = recordings(fe)
    expected = torch.from_numpy(alone(model, fe, waves)).softmax(dim=-1).numpy()
    pipe = pipeline("audio-classification", model=model, feature_extractor=fe)
    for batch_size in (1, 2, 3, 8):
        answers = pipe([wave.copy() for wave in waves], batch_size=batch_size, top_k=None)
        assert len(answers) == len(waves)
        scores = [
            [next(one["score"] for one in row if one["label"] == f"LABEL_{n}") for n in range(3)] for row in answers
        ]
        same(scores, expected)


@every_model
def test_mapped_rows_through_trainer_and_loader(variant, tmp_path):
    """`map` one by one and batched, then Trainer with the extractor as processing class, and a shuffled loader."""
    fe, model = variant.extractor(), classifier(variant)
    waves = recordings(fe)
    expected, ds = alone(model, fe, waves), table(fe, waves)
    ways = {
        "batched": ds.map(lambda rows: fe(cells(rows["audio"])), batched=True, batch_size=3, remove_columns="audio"),
        "one by one": ds.map(lambda row: fe(cells([row["audio"]])), remove_columns="audio"),
    }
    arguments = TrainingArguments(
        output_dir=str(tmp_path),
        per_device_eval_batch_size=2,
        per_device_train_batch_size=2,
        max_steps=1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
    )
    for mapped in ways.values():
        found = Trainer(model=model, args=arguments, processing_class=fe).predict(mapped)
        same(found.predictions, expected)
        assert found.label_ids.tolist() == LABELS
        loader = DataLoader(
            mapped, 2, shuffle=True, collate_fn=DataCollatorWithPadding(fe), generator=torch.Generator().manual_seed(1)
        )
        for batch in loader:
            labels = batch.pop("labels")
            with torch.no_grad():
                logits = model(**batch).logits.numpy()
            # Every row is the answer of a recording that has its label.
            for row, label in zip(logits, labels.tolist(), strict=True):
                near = int(np.abs(expected - row).max(axis=1).argmin())
                same(row, expected[near])
                assert LABELS[near] == label
    Trainer(model=model, args=arguments, processing_class=fe, train_dataset=mapped).train()


@few_models
@pytest.mark.parametrize("order", [("input_features", "labels"), ("labels", *KEYS), (*KEYS, "labels")], ids=str)
def test_set_transform_in_any_order_of_keys(variant, order):
    fe, model = variant.extractor(), classifier(variant)
    waves = [wave for wave in recordings(fe) if len(wave) == fe.windows.length(fe.sampling_rate)]
    expected, ds = alone(model, fe, waves), table(fe, waves)

    def transform(rows):
        made = {**fe(cells(rows["audio"]), return_tensors="pt"), "labels": rows["label"]}
        return {key: made[key] for key in order}

    ds.set_transform(transform)
    for collate in (None, DataCollatorWithPadding(fe)):
        for start, batch in enumerate(DataLoader(ds, 1, collate_fn=collate)):
            assert batch.pop("labels").tolist() == LABELS[start : start + 1]
            with torch.no_grad():
                same(model(**batch).logits, expected[start : start + 1])


@few_models
def test_evaluator(variant):
    """`evaluate.evaluator` hands whole columns to a pipeline: its accuracy is that of the answers alone."""
    fe, model = variant.extractor(), classifier(variant)
    waves = recordings(fe)
    answers = alone(model, fe, waves).argmax(axis=1)
    labels = [*answers[:2].tolist(), *((answers[2:] + 1) % 3).tolist()]
    ds = Dataset.from_dict({"audio": waves, "label": labels}).with_format("np")
    metric = Accuracy()
    figures = evaluate.evaluator("audio-classification").compute(
        model,
        ds,
        feature_extractor=fe,
        metric=metric,
        input_column="audio",
        label_mapping={f"LABEL_{number}": number for number in range(3)},
    )
    assert metric.predictions == answers.tolist()
    assert figures["accuracy"] == pytest.approx(2 / 5)


class Accuracy(evaluate.EvaluationModule):
    """Enough of a metric for the evaluator."""

    def __init__(self):
        self.predictions: list[int] = []

    name = "accuracy"

    def compute(self, predictions, references, **_):
        self.predictions = list(predictions)
        return {"accuracy": float(np.mean(np.array(predictions) == np.array(references)))}


@every_model
def test_aligned_rows(variant):
    """AcuLa around every encoder: `audio_embeds` of a recording are those of the recording alone."""
    torch.manual_seed(0)
    config = (
        variant.config()
        if isinstance(variant, Around)
        else AcuLaConfig(
            audio_config=variant.config(), text_size=12, teacher=None, projection_hidden_size=24, projection_size=16
        )
    )
    model, fe = AcuLaModel(config).eval(), variant.extractor()
    waves = recordings(fe)
    with torch.no_grad():
        out = model(**fe(waves, sampling_rate=fe.sampling_rate, return_tensors="pt"))
        single = [model(**fe(wave, sampling_rate=fe.sampling_rate, return_tensors="pt")) for wave in waves]
    for name in ("audio_embeds", "pooler_output"):
        same(out[name], torch.cat([row[name] for row in single]))


@pytest.mark.parametrize("variant", [GT, Around()], ids=lambda variant: variant.name)
def test_compiled_in_evaluation_mode(variant):
    fe, model = variant.extractor(), classifier(variant)
    inputs = fe(recordings(fe), sampling_rate=fe.sampling_rate, return_tensors="pt")
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    with torch.no_grad():
        same(compiled(**inputs).logits, model(**inputs).logits)


def test_windows_of_several_lengths_share_a_batch():
    """Under `whole` every recording is one window of its own length; short last windows likewise."""
    panns = next(variant for variant in ZOO if variant.name == "panns/cnn6")
    model = classifier(panns)
    for policy in (WindowPolicy("whole"), WindowPolicy("sliding", seconds=0.5, padding="none", minimum_samples=513)):
        fe = replace_windows(panns.extractor(), policy)
        waves = [sound(seconds, fe.sampling_rate, seed) for seed, seconds in enumerate((0.6, 1.3, 0.3))]
        same(model(**fe(waves, fe.sampling_rate, return_tensors="pt")).logits.detach(), alone(model, fe, waves))
    encoder = model.base_model
    inputs = fe(waves, fe.sampling_rate, return_tensors="pt")
    out = encoder(**inputs, output_hidden_states=True)
    assert {len(state) for state in out.hidden_states} == {3}
    assert out.token_mask.sum() < out.token_mask.numel()
    with pytest.raises(FeatureError, match=r"windows of \[.*\] frames in one batch"):
        cut_rows(*(inputs[key] for key in KEYS)).windows()


def replace_windows(fe, policy):
    fe.windows = policy
    return fe


def test_rows_without_keys():
    """A plain batch is one window a row; longer rows are cut by the model's own window, weighted by frames."""
    model = GT.model()
    windows = GT.inputs(4)  # 64 frames each, the size of the position table
    with torch.no_grad():
        single = model(windows)
        assert single.token_mask is None
        pair = windows.reshape(2, 128, 64)
        same(model(pair).pooler_output, single.pooler_output.unflatten(0, (2, 2)).mean(dim=1))
        same(model(windows[:, None]).pooler_output, single.pooler_output)  # `map` one by one
        seconds = torch.tensor([[2.0, 1.0], [1.0, 0.0]])
        weighted = model(pair, window_seconds=seconds).pooler_output
        same(weighted[0], (2 * single.pooler_output[0] + single.pooler_output[1]) / 3)
        same(weighted[1], single.pooler_output[2])
        short = model(pair[:, :96]).pooler_output
        half = model(pair[:, 64:96]).pooler_output
        same(short, (64 * single.pooler_output[::2] + 32 * half) / 96)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"window_frames": [[64, 65], [64, 64]]}, r"windows of \[64, 65\] frames in a row of 128"),
        ({"window_frames": [[64, 64], [0, 0]]}, r"recording 1 has windows of \[0, 0\] frames"),
        ({"window_frames": [[64, 64]]}, "1 rows of window_frames"),
        ({"window_frames": [[64, 64]] * 2, "window_seconds": [[1.0], [1.0]]}, "rows of window_frames"),
        ({"window_frames": [[64, 64]] * 2, "window_seconds": [[0.0, 0.0], [1.0, 1.0]]}, "recording 0 stand for"),
        ({"window_frames": [[64, 64]] * 2, "window_seconds": [[float("nan"), 1.0]] * 2}, "recording 0 stand for"),
        ({"window_seconds": [[1.0, 1.0, 1.0]] * 2}, "128 frames are not 3 windows"),
    ],
)
def test_rows_that_cannot_be_attributed_are_refused(keys, message):
    model = GT.model()
    with pytest.raises(FeatureError, match=message):
        model(GT.inputs(4).reshape(2, 128, 64), **{key: torch.tensor(value) for key, value in keys.items()})


def test_tuples_and_gradients_of_padded_rows():
    fe, model = GT.extractor(), classifier(GT).train()
    inputs = fe(recordings(fe), sampling_rate=fe.sampling_rate, return_tensors="pt")
    loss, logits = model(**inputs, labels=torch.tensor(LABELS), return_dict=False)
    assert logits.shape == (5, 3)
    loss.backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in model.parameters())


PROCESS = """
import sys, numpy as np, torch
from hf_auscult.cli import leave_process_group
from tests.models.test_rows import LABELS, classifier, recordings
from tests.models.zoo import GT
from accelerate import Accelerator
from torch.utils.data import DataLoader
from transformers import DataCollatorWithPadding
accelerator = Accelerator(cpu=True)
fe = GT.extractor()
rows = [dict(fe(wave, fe.sampling_rate), labels=label) for wave, label in zip(recordings(fe), LABELS)]
model, loader = accelerator.prepare(classifier(GT), DataLoader(rows, 2, collate_fn=DataCollatorWithPadding(fe)))
found = []
for batch in loader:
    batch.pop("labels")
    with torch.no_grad():
        found.append(accelerator.gather_for_metrics(model(**batch).logits))
if accelerator.is_main_process:
    np.save(sys.argv[1], torch.cat(found).numpy())
accelerator.wait_for_everyone()
leave_process_group()  # gloo can abort while the interpreter takes it apart
"""


@pytest.mark.slow
def test_two_processes_gather_the_rows_of_one(tmp_path):
    (tmp_path / "process.py").write_text(PROCESS)
    root = Path(__file__).parents[2]
    rows = {}
    for processes in (1, 2):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        answer = tmp_path / f"{processes}.npy"
        done = subprocess.run(
            [*command, str(tmp_path / "process.py"), str(answer)],
            env={**os.environ, "PYTHONPATH": str(root), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        rows[processes] = np.load(answer)
    fe = GT.extractor()
    same(rows[1], alone(classifier(GT), fe, recordings(fe)))
    same(rows[2], rows[1])
