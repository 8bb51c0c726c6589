"""However a batch is divided, the loss, its terms and the weights are those of the whole batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hf_auscult.errors import ConfigurationError
from tests.training.exactness import FAMILIES, LOSSES, differences, no_dropout, outcome, trained

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS, TERMS = 1e-6, 1e-5
# One of each kind: a masked autoencoder, a contrastive encoder with batch normalisation, one with nothing of its own.
FAST = {("opera-gt", "all"), ("opera-ct", "own"), ("opera-ct", "infonce"), ("vggish", "labels"), ("beats", "all")}
# Every family once with all losses together; each loss alone with every family takes ten minutes: `-m exhaustive`.
EVERY = [
    pytest.param(
        family,
        loss,
        marks=() if (family, loss) in FAST else pytest.mark.slow if loss == "all" else pytest.mark.exhaustive,
    )
    for family in FAMILIES
    for loss in LOSSES
]


@pytest.mark.parametrize(("family", "loss"), EVERY)
def test_four_micro_batches_are_one_batch_for_every_family(tmp_path, monkeypatch, family, loss):
    """8 rows at once, and 2 at a time in 4 accumulation steps that GradCache joins."""
    monkeypatch.setattr(torch.nn.functional, "dropout", no_dropout)
    whole = trained(family, loss, str(tmp_path), micro=8, steps=1)
    if whole is None:
        pytest.skip("no objective of its own")
    parts = trained(family, loss, str(tmp_path), micro=2, steps=4)
    weights, terms = differences(outcome(parts), outcome(whole))
    assert weights <= WEIGHTS
    assert terms <= TERMS
    assert whole.state.log_history[0].keys() >= {"loss"}


# Convolutions with batch normalisation, windowed attention, and tokens with a decoder: the kinds of encoder there are.
KINDS = ["opera-ce", "opera-ct", "opera-gt"]
OTHERS = [name for name in FAMILIES if "/" not in name or name in ("panns/cnn14", "msclap/2023", "adapter/ast")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "families",
    [KINDS, pytest.param([name for name in OTHERS if name not in KINDS], marks=pytest.mark.exhaustive)],
    ids=["kinds", "others"],
)
def test_two_processes_are_one_for_every_family(tmp_path, monkeypatch, families):
    """8 rows in one process and 4 in each of two; with `synchronised`, as with `batch` in one process."""
    output = tmp_path / "two.pt"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, "-m", "tests.training.exactness", ",".join(families), str(output)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    two = torch.load(output, weights_only=True)
    monkeypatch.setattr(torch.nn.functional, "dropout", no_dropout)
    for family in families:
        for loss in LOSSES:
            one = trained(family, loss, str(tmp_path), micro=8, steps=1)
            if one is not None:
                weights, terms = differences(two[f"{family} {loss}"], outcome(one))
                assert weights <= WEIGHTS, (family, loss, weights)
                assert terms <= TERMS, (family, loss, terms)
    one = trained("opera-ce", "all", str(tmp_path), micro=8, steps=1, batch_norm="batch")
    weights, terms = differences(two["synchronised"], outcome(one))
    assert weights <= WEIGHTS
    assert terms <= TERMS


def test_frozen_statistics_stay_and_others_move(tmp_path):
    found = {}
    for mode in ("frozen", "batch"):
        run = trained("opera-ct", "infonce", str(tmp_path), micro=8, steps=1, batch_norm=mode)
        start = trained("opera-ct", "infonce", str(tmp_path), micro=8, steps=1, learning_rate=0.0)
        name = "audio_model.encoder.htsat.batch_norm"
        ours, theirs = run.aligned.state_dict(), start.aligned.state_dict()
        found[mode] = [
            not torch.equal(ours[f"{name}.{key}"], theirs[f"{name}.{key}"]) for key in ("running_mean", "weight")
        ]
    assert found == {"frozen": [False, True], "batch": [True, True]}


def test_batch_norms_that_cannot_be_exact_are_refused(tmp_path):
    for mode in ("batch", "synchronised"):
        with pytest.raises(ConfigurationError, match="parts of the batch only"):
            trained("opera-ct", "infonce", str(tmp_path), micro=2, steps=4, batch_norm=mode)
    with pytest.raises(ConfigurationError, match="unknown batch_norm"):
        trained("opera-ct", "infonce", str(tmp_path), micro=8, steps=1, batch_norm="live")
    # Without batch normalisation there is nothing to refuse.
    trained("opera-gt", "infonce", str(tmp_path), micro=2, steps=4, batch_norm="batch")
