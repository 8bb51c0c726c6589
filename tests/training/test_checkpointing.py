"""Gradient checkpointing on two processes: transformers' own Trainer, both ways of recomputing, and alignment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForAudioClassification

from hf_auscult.errors import ConfigurationError
from tests.models.zoo import ZOO
from tests.training.test_align import trainer

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys
import torch
from transformers import AutoModelForAudioClassification, Trainer, TrainingArguments
from tests.models.zoo import ZOO
for name in ("opera-gt", "audiomae", "opera-ct"):
    for reentrant in (True, False):
        variant = next(variant for variant in ZOO if variant.name == name)
        torch.manual_seed(0)
        model = AutoModelForAudioClassification.from_config(variant.config())
        rows = variant.inputs(4)
        data = [{"input_features": row, "labels": index % 2} for index, row in enumerate(rows)]
        args = TrainingArguments(
            sys.argv[1], use_cpu=True, max_steps=3, per_device_train_batch_size=2, gradient_checkpointing=True,
            gradient_checkpointing_kwargs={"use_reentrant": reentrant}, report_to=[], save_strategy="no",
            disable_tqdm=True, logging_strategy="no", ddp_backend="gloo",
        )
        run = Trainer(model, args, train_dataset=data)
        run.train()
        assert run.args.world_size == 2 and run.state.global_step == 3
print("trained")
"""


@pytest.mark.slow
def test_plain_trainer_checkpoints_on_two_processes(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(script), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("trained") == 2


@pytest.mark.parametrize(
    "variant", [variant for variant in ZOO if variant.parameters], ids=lambda variant: variant.name
)
def test_every_trainable_parameter_gets_a_gradient(variant):
    """Under the family's default pooling and head; what is not used is no parameter of the classifier, or frozen."""
    if variant.name.startswith("adapter/"):
        pytest.skip("transformers' own encoders keep what their authors gave them; our trainers freeze what is idle")
    model = variant.model(cls=AutoModelForAudioClassification).train()
    model(variant.inputs(2)).logits.square().sum().backward()
    idle = [name for name, value in model.named_parameters() if value.requires_grad and value.grad is None]
    assert not idle


def test_alignment_checkpoints_and_refuses_what_ddp_would(tmp_path, monkeypatch):
    run = trainer(tmp_path, max_steps=2, gradient_checkpointing=True)
    run.train()
    assert run.state.global_step == 2
    settings = {"gradient_checkpointing": True, "gradient_checkpointing_kwargs": {"use_reentrant": True}}
    monkeypatch.setattr("hf_auscult.training.AlignmentArguments.world_size", 2)
    with pytest.raises(ConfigurationError, match="set use_reentrant to false"):
        trainer(tmp_path, **settings)
