"""Every objective against its formula, written out with loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hf_auscult.alignment.objectives import fact_similarity, fact_table, get
from hf_auscult.errors import ConfigurationError
from tests.alignment.objectives.pairs import related

SCALE, BIAS = 7.0, -2.0


@pytest.fixture(scope="module")
def pairs():
    return related(9, 5)


def cosine(one, two):
    return float(one @ two) / math.sqrt(float(one @ one) * float(two @ two))


def hsic_plug_in(x, y):
    n = len(x)
    h = np.eye(n) - 1 / n
    return np.trace(x @ x.T @ h @ y @ y.T @ h)


def hsic_unbiased(x, y):
    """The U-statistic itself: the mean over all ordered quadruples of different rows."""
    k, l, n = x @ x.T, y @ y.T, len(x)  # noqa: E741
    total, count = 0.0, 0
    for i in range(n):
        for j in range(n):
            for q in range(n):
                for r in range(n):
                    if len({i, j, q, r}) == 4:
                        total += k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q])
                        count += 1
    return total / count


@pytest.mark.parametrize(("name", "hsic"), [("cka", hsic_plug_in), ("debiased_cka", hsic_unbiased)])
def test_cka(pairs, name, hsic):
    x, y = (side.numpy() for side in pairs)
    expected = 1 - hsic(x, y) / math.sqrt(hsic(x, x) * hsic(y, y))
    assert float(get(name)(*pairs)) == pytest.approx(expected, abs=1e-10)


def test_published(pairs):
    first, second = (np.cov(side.numpy().T) for side in pairs)
    expected = 1 - (first * second).sum() / math.sqrt((first**2).sum() * (second**2).sum())
    assert float(get("published")(*pairs)) == pytest.approx(expected, abs=1e-12)


def test_mse(pairs):
    audio, text = pairs
    expected = sum((a - t) ** 2 for a, t in zip(audio.flatten().tolist(), text.flatten().tolist(), strict=True)) / 45
    assert float(get("mse")(audio, text)) == pytest.approx(expected)


def test_siglip(pairs):
    audio, text = pairs
    total = 0.0
    for i, a in enumerate(audio):
        for j, t in enumerate(text):
            sign = 1 if i == j else -1
            total += math.log1p(math.exp(-sign * (SCALE * cosine(a, t) + BIAS)))
    assert float(get("siglip")(audio, text, logit_scale=SCALE, logit_bias=BIAS)) == pytest.approx(total / 9)


def contrastive(audio, text, weights):
    """Cross entropy both ways against row-normalised weights."""
    total = 0.0
    for queries, keys, table in ((audio, text, weights), (text, audio, weights.T)):
        for i, query in enumerate(queries):
            logits = [SCALE * cosine(query, key) for key in keys]
            log_sum = math.log(sum(math.exp(one) for one in logits))
            target = [float(one) / float(table[i].sum()) for one in table[i]]
            total += sum(share * (log_sum - one) for share, one in zip(target, logits, strict=True))
    return total / (2 * len(audio))


def test_infonce(pairs):
    assert float(get("infonce")(*pairs, logit_scale=SCALE)) == pytest.approx(contrastive(*pairs, np.eye(9)))


def test_multi_positive_of_equal_reports(pairs):
    ids = torch.tensor([0, 1, 1, 2, 3, 0, 4, 5, 1])
    weights = (ids[:, None] == ids[None]).double().numpy()
    found = get("multi_positive")(*pairs, logit_scale=SCALE, text_ids=ids)
    assert float(found) == pytest.approx(contrastive(*pairs, weights))


def test_multi_positive_of_graded_similarity(pairs):
    facts = [{"murmur", "systolic", "loud"}, {"murmur", "systolic"}, {"no murmur"}, set(), set(), {"murmur"}]
    facts += [{"wheeze"}, {"wheeze", "no murmur"}, {"loud"}]
    weights = np.array([[len(a & b) / len(a | b) if a | b else 1.0 for b in facts] for a in facts])
    similarity = fact_similarity(torch.from_numpy(fact_table(facts)))
    np.testing.assert_allclose(similarity, weights, atol=1e-7)
    np.testing.assert_allclose(fact_similarity(torch.from_numpy(fact_table(facts)), sharpness=3), weights**3, atol=1e-6)
    found = get("multi_positive")(*pairs, logit_scale=SCALE, similarity=similarity)
    assert float(found) == pytest.approx(contrastive(*pairs, weights), rel=1e-6)
    # The own report is right even where the similarity does not say so.
    assert float(get("multi_positive")(*pairs, logit_scale=SCALE, similarity=torch.zeros(9, 9))) == pytest.approx(
        contrastive(*pairs, np.eye(9))
    )


def test_graded_positives_lie_between_one_and_all(pairs):
    """An alike report that is ranked high costs less than under InfoNCE, more than where it counts as equal."""
    audio, text = pairs
    text = text.clone()
    text[1] = text[0] + 1e-3 * text[1]
    values = []
    for share in (0.0, 0.5, 1.0):
        similarity = torch.eye(9, dtype=torch.float64)
        similarity[0, 1] = similarity[1, 0] = share
        leaf = audio.clone().requires_grad_()
        get("multi_positive")(leaf, text, similarity=similarity).backward()
        values.append(float(leaf.grad[0] @ text[1]))  # how strongly recording 0 is pushed from report 1
    assert values[0] > values[1] > values[2]


def test_bad_similarity(pairs):
    with pytest.raises(ConfigurationError, match=r"similarity \(4, 4\), expected \(9, 9\)"):
        get("multi_positive")(*pairs, similarity=torch.eye(4))
    with pytest.raises(ConfigurationError, match="sharpness 0"):
        fact_similarity(torch.eye(3), sharpness=0)
