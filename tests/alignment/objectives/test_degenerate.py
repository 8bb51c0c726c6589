"""Input with nothing in it: losses and gradients stay finite."""

from __future__ import annotations

import pytest
import torch

from hf_auscult.alignment.objectives import get
from tests.alignment.objectives.pairs import NAMES, related

CASES = {
    "constant audio": lambda a, t: (a[:1].expand_as(a), t),
    "constant text": lambda a, t: (a, t[:1].expand_as(t)),
    "both constant": lambda a, t: (a[:1].expand_as(a), t[:1].expand_as(t)),
    "zero audio": lambda a, t: (torch.zeros_like(a), t),
    "all zero": lambda a, t: (torch.zeros_like(a), torch.zeros_like(t)),
    "duplicates": lambda a, t: (a[torch.arange(len(a)) // 6], t[torch.arange(len(a)) // 6]),
    "one dimension": lambda a, t: (a * torch.eye(16, dtype=a.dtype)[0], t),
    "nearly constant": lambda a, t: (a[:1] + 1e-7 * a, t),
    "huge": lambda a, t: (1e6 * a, 1e6 * t),
    "tiny": lambda a, t: (1e-6 * a, 1e-6 * t),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [None, 7])
@pytest.mark.parametrize("name", NAMES)
def test_finite(name, chunk, case, dtype):
    audio, text = (side.to(dtype).contiguous().requires_grad_() for side in CASES[case](*related()))
    loss = get(name, chunk=chunk)(audio, text)
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(audio.grad.isfinite().all())
    assert bool(text.grad.isfinite().all())


@pytest.mark.parametrize("name", ["cka", "debiased_cka", "published"])
def test_a_constant_side_is_not_aligned_and_pulls_nowhere(name):
    audio, text = (side.requires_grad_() for side in CASES["constant audio"](*related()))
    audio = audio.detach().contiguous().requires_grad_()
    loss = get(name)(audio, text)
    loss.backward()
    assert loss.item() == 1
    assert not audio.grad.any()
