from __future__ import annotations

import importlib.util
import json
from types import ModuleType

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import debiased_cka, effective_rank, within_groups_debiased_cka


@pytest.fixture(scope="module")
def fill(shared) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_fill", shared / "reference" / "fill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _projected(fill, x, side):
    """Linear(in, 1024), ReLU, Linear(1024, 512) with the reference's deterministic weights, in float64."""

    def parameter(name, *shape):
        return fill.fill_tensor(f"{side}_projection_mlp.layers.{name}", shape, gain=2.0).astype(np.float64)

    hidden = x @ parameter("0.weight", 1024, x.shape[1]).T + parameter("0.bias", 1024)
    return np.maximum(hidden, 0) @ parameter("3.weight", 512, 1024).T + parameter("3.bias", 512)


@pytest.mark.parametrize("number", [0, 1])
def test_debiased_cka_of_the_reference_case(shared, fill, number):
    case = json.loads((shared / "reference" / "acula_alignment.json").read_text())["cases"][number]
    rng = np.random.default_rng(case["seed"])
    audio = rng.standard_normal((case["batch"], case["audio_dim"])).astype(np.float32).astype(np.float64)
    hidden = rng.standard_normal((case["batch"], case["tokens"], case["text_dim"])).astype(np.float32)
    text = np.stack(
        [row[:length].astype(np.float64).mean(axis=0) for row, length in zip(hidden, case["lengths"], strict=True)]
    )
    left, right = _projected(fill, audio, "audio"), _projected(fill, text, "language")
    assert left[0, :8] == pytest.approx(case["za_first8"], rel=1e-5, abs=1e-6)
    assert right[0, :8] == pytest.approx(case["zt_masked_first8"], rel=1e-5, abs=1e-6)
    assert debiased_cka(left, right) == pytest.approx(case["debiased_cka_masked_mean"], abs=1e-6)
    assert debiased_cka(left, left) == pytest.approx(case["cka_self"], abs=1e-12)


def _by_counting(k, m):
    """Unbiased HSIC from its definition, the mean over distinct 4-tuples (Song et al. 2012)."""
    n = len(k)
    total = count = 0.0
    for i in range(n):
        for j in range(n):
            for q in range(n):
                for r in range(n):
                    if len({i, j, q, r}) == 4:
                        total += k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
                        count += 1
    return total / count


def test_debiased_cka_is_the_u_statistic():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 3)) + 4, rng.standard_normal((9, 5))
    k, m = x @ x.T, y @ y.T
    expected = _by_counting(k, m) / np.sqrt(_by_counting(k, k) * _by_counting(m, m))
    assert debiased_cka(x, y) == pytest.approx(expected, abs=1e-10)


def test_invariances_and_the_pairing():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 10))
    y = x[:, :6] + 0.5 * rng.standard_normal((60, 6))
    value = debiased_cka(x, y)
    rotation = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    assert debiased_cka(7 * x @ rotation + 100, y - 3) == pytest.approx(value, abs=1e-9)
    assert debiased_cka(y, x) == pytest.approx(value, abs=1e-12)
    shuffle = rng.permutation(60)
    assert debiased_cka(x[shuffle], y[shuffle]) == pytest.approx(value, abs=1e-12)
    assert value > 0.5 and abs(debiased_cka(x, y[shuffle])) < 0.15


def test_unrelated_rows_average_zero_where_the_plug_in_does_not():
    rng = np.random.default_rng(2)
    debiased, plug_in = [], []
    for _ in range(40):
        x, y = rng.standard_normal((24, 512)), rng.standard_normal((24, 512))
        debiased.append(debiased_cka(x, y))
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        k, m = x @ x.T, y @ y.T
        plug_in.append((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))
    assert abs(np.mean(debiased)) < 0.02 and np.mean(plug_in) > 0.9


def test_pooling_over_datasets_is_what_within_groups_avoids():
    rng = np.random.default_rng(3)
    groups = np.repeat(["circor", "sprsound"], 100)
    offset = np.where(groups == "circor", 3.0, -3.0)[:, None]
    x, y = rng.standard_normal((200, 8)) + offset, rng.standard_normal((200, 8)) + offset
    assert debiased_cka(x, y) > 0.8
    within = within_groups_debiased_cka(x, y, groups)
    assert list(within) == ["circor", "sprsound"]
    assert max(abs(value) for value in within.values()) < 0.1
    assert within["circor"] == debiased_cka(x[:100], y[:100])


def test_undefined_cka_is_refused():
    x = np.random.default_rng(0).standard_normal((6, 3))
    with pytest.raises(DataError, match="does not vary"):
        debiased_cka(x, np.full((6, 3), 0.1))
    with pytest.raises(DataError, match="at least 4"):
        debiased_cka(x[:3], x[:3])
    with pytest.raises(DataError, match="6 and 5 rows"):
        debiased_cka(x, x[:5])
    with pytest.raises(DataError, match="group tiny"):
        within_groups_debiased_cka(x, x, ["big"] * 4 + ["tiny"] * 2)


def test_effective_rank():
    rng = np.random.default_rng(0)
    assert effective_rank(np.eye(7)) == pytest.approx(7)
    assert effective_rank(np.outer(rng.standard_normal(30), rng.standard_normal(8))) == pytest.approx(1, abs=1e-6)
    # Singular values 3 and 1: entropy of (3/4, 1/4).
    share = np.array([0.75, 0.25])
    assert effective_rank(np.diag([3.0, 1.0])) == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    x = rng.standard_normal((200, 5))
    rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    assert effective_rank(9 * x @ rotation) == pytest.approx(effective_rank(x))
    assert effective_rank(x + 1000) < 1.1 and effective_rank(x + 1000, center=True) > 4.5
    with pytest.raises(DataError, match="collapsed"):
        effective_rank(np.full((5, 3), 0.1), center=True)
    with pytest.raises(DataError, match="zero"):
        effective_rank(np.zeros((5, 3)))
