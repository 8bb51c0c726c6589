"""What each objective says of recordings and reports that have nothing to do with each other."""

from __future__ import annotations

import math

import pytest
import torch

from hf_auscult.alignment.objectives import get
from tests.alignment.objectives.pairs import independent

WIDTH = 512
BATCHES = (24, 96, 384, 1536)


@pytest.mark.parametrize("number", BATCHES)
def test_plug_in_cka_is_far_from_chance(number):
    """D / (D + B): 0.955 at the paper's batch of 24 leaves nothing to learn (measured elsewhere 0.956 +- 0.004)."""
    found = 1 - float(get("cka")(*independent(number)))
    assert found == pytest.approx(WIDTH / (WIDTH + number), abs=0.006)


@pytest.mark.parametrize("number", BATCHES)
def test_debiased_cka_is_at_zero(number):
    """0 on average at any batch; spread 0.07 at 24, measured elsewhere as -0.001 +- 0.070."""
    found = torch.tensor([1 - float(get("debiased_cka")(*independent(number, seed=seed))) for seed in range(4)])
    assert float(found.abs().max()) < 3 * 0.07 * 24 / number + 1e-3


@pytest.mark.parametrize("number", BATCHES)
def test_the_released_loss_mirrors_it(number):
    """B / (B + D): D x D matrices grow alike with the batch, whatever they hold."""
    found = 1 - float(get("published")(*independent(number)))
    assert found == pytest.approx(number / (WIDTH + number), abs=0.006)


@pytest.mark.parametrize("number", BATCHES)
@pytest.mark.parametrize("name", ["infonce", "multi_positive"])
def test_contrastive_losses_are_at_the_log_of_the_batch(name, number):
    """log B plus half the logits' variance, (1 / 0.07)^2 / D / 2."""
    found = float(get(name)(*independent(number)))
    variance = 0.07**-2 / WIDTH
    # Mean of B logits on the diagonal, of that variance.
    assert found == pytest.approx(math.log(number) + variance / 2, abs=4 * math.sqrt(variance / number) + 0.02)


@pytest.mark.parametrize("number", BATCHES)
def test_siglip_is_at_its_bias(number):
    audio, text = independent(number)
    negatives = (number - 1) * math.exp(-10 + 10**2 / WIDTH / 2)
    assert float(get("siglip")(audio, text)) == pytest.approx(10 + negatives, abs=4 * 10 / math.sqrt(WIDTH * number))


@pytest.mark.parametrize("number", BATCHES)
def test_mse_is_the_sum_of_variances(number):
    assert float(get("mse")(*independent(number))) == pytest.approx(2, abs=0.1)
