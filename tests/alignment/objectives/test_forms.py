"""Chunked, accumulated (GradCache) and distributed forms: the loss and the gradient of one batch, to 1e-6."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from hf_auscult.alignment.objectives import get
from hf_auscult.training.large_batches import CachedLoss
from tests.alignment.objectives.pairs import NAMES, related, value_and_gradient
from tests.alignment.objectives.two_processes import one_batch

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("chunk", [1, 7, 24, 100])
@pytest.mark.parametrize("name", NAMES)
def test_chunks(name, chunk):
    audio, text = related()
    scale, bias = torch.tensor(9.0, dtype=torch.float64), torch.tensor(-3.0, dtype=torch.float64)
    ids = torch.arange(24) // 2

    def loss(chunk):
        return value_and_gradient(
            lambda a, t, s, b: get(name, chunk=chunk)(a, t, logit_scale=s, logit_bias=b, text_ids=ids),
            audio,
            text,
            scale,
            bias,
        )

    for ours, theirs in zip(loss(chunk), loss(None), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


class TwoTowers(nn.Module):
    """With dropout and batch norm, which an accumulated form must treat as one pass over each micro-batch does."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.audio = nn.Sequential(nn.Linear(16, 12), nn.BatchNorm1d(12), nn.Dropout(dropout), nn.Linear(12, 8))
        self.text = nn.Sequential(nn.Linear(16, 12), nn.Dropout(dropout), nn.Linear(12, 8))
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.double()

    def forward(self, pair):
        return {"audio": self.audio(pair[0]), "text": self.text(pair[1]), "scale": self.scale.exp()}


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", NAMES)
def test_accumulated(name, dropout):
    """Four micro-batches of 6 against the same four in one graph, under the same random numbers."""
    pairs = related()
    batches = list(zip(pairs[0].split(6), pairs[1].split(6), strict=True))

    def loss(found):
        return get(name)(found["audio"], found["text"], logit_scale=found["scale"])

    whole = TwoTowers(dropout)
    torch.manual_seed(1)
    parts = [whole(batch) for batch in batches]
    joined = {key: torch.cat([part[key] for part in parts]) for key in ("audio", "text")}
    expected = loss({**joined, "scale": whole.scale.exp()})
    expected.backward()
    after = torch.get_rng_state()

    cached = TwoTowers(dropout)
    torch.manual_seed(1)
    window = CachedLoss(cached, loss, batches, cached)
    for batch in batches:
        window.rewind()
        term = window.term(cached(batch))
        assert float(term.detach()) == pytest.approx(float(expected.detach()), abs=1e-12)
        (term / len(batches)).backward()
    assert window.remaining == 0
    assert torch.equal(torch.get_rng_state(), after), "what is drawn next is what would have been"
    for (key, value), other in zip(cached.named_parameters(), whole.parameters(), strict=True):
        if other.grad is not None:
            torch.testing.assert_close(value.grad, other.grad, rtol=0, atol=1e-10, msg=key)
    for (key, value), other in zip(cached.named_buffers(), whole.buffers(), strict=True):
        torch.testing.assert_close(value, other, msg=key)


def test_plain_accumulation_is_another_loss():
    """What GradCache is for: the mean over micro-batches of 6 has another gradient than the batch of 24."""
    audio, text = related()
    _, whole, _ = value_and_gradient(get("cka"), audio, text)
    parts = [value_and_gradient(get("cka"), a, t)[1] / 4 for a, t in zip(audio.split(6), text.split(6), strict=True)]
    cosine = torch.cosine_similarity(torch.cat(parts).flatten(), whole.flatten(), dim=0)
    assert cosine < 0.9


@pytest.mark.slow
def test_two_processes(tmp_path):
    """Every objective on 12 + 12 rows of two processes, plain and accumulated, with and without a memory."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    script = Path(__file__).with_name("two_processes.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = torch.load(tmp_path / "found.pt", weights_only=True)
    assert json.loads((tmp_path / "world.json").read_text()) == 2
    assert len(found) == len(NAMES) * 2
    for key, (value, gradients) in found.items():
        name = key.split("/")[0]
        expected, wanted = one_batch(name)
        assert value == pytest.approx(expected, abs=1e-10), key
        for parameter, gradient in gradients.items():
            torch.testing.assert_close(gradient, wanted[parameter], rtol=0, atol=1e-9, msg=f"{key} {parameter}")
