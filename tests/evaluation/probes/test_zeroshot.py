from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.zero_shot.scores import margins, zero_shot
from hf_auscult.metrics import auroc, zero_shot_scores


def _world(seed: int = 0, d: int = 16):
    """Recordings and reports of two classes in one space, and prompts at the class centres."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((2, d))
    y, y_reports = np.tile([0, 1], 40), np.tile([0, 1], 60)
    audio = centres[y] + rng.standard_normal((80, d))
    reports = centres[y_reports] + rng.standard_normal((120, d))
    prompts = {"normal": centres[:1] + 0.1 * rng.standard_normal((3, d)), "wheeze": centres[1]}
    return audio, reports, prompts, y


def test_without_reports_it_is_the_prompt_cosine():
    audio, _, prompts, y = _world()
    scores = zero_shot(audio, prompts)
    assert np.array_equal(scores, zero_shot_scores(audio, prompts))
    assert auroc(y, margins(scores)[:, 1]) > 0.9


def test_retrieval_route_is_the_obvious_loop():
    audio, reports, prompts, y = _world()
    rng = np.random.default_rng(5)
    values = reports @ rng.standard_normal((16, 7))  # the text encoder's own space has another width
    classes = {
        label: np.atleast_2d(p) @ np.random.default_rng(5).standard_normal((16, 7)) for label, p in prompts.items()
    }

    def unit(v):
        return v / np.linalg.norm(v)

    expected = []
    for clip in audio:
        nearest = sorted(range(120), key=lambda i: (-float(unit(clip) @ unit(reports[i])), i))[:5]
        mean = unit(np.mean([unit(values[i]) for i in nearest], axis=0))
        expected.append([mean @ unit(np.mean([unit(p) for p in prompt], axis=0)) for prompt in classes.values()])
    scores = zero_shot(audio, classes, report_keys=reports, report_values=values)
    assert scores == pytest.approx(np.array(expected), abs=1e-10)
    assert auroc(y, margins(scores)[:, 1]) > 0.9


def test_equal_reports_are_retrieved_once():
    keys = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.6, 0.8]])
    prompts = {"a": [[1.0, 0.0]], "b": [[0.0, 1.0]]}
    flooded = zero_shot([[1.0, 0.0]], prompts, report_keys=keys, top_k=2)
    assert flooded[0, 1] == pytest.approx(0.0)
    once = zero_shot([[1.0, 0.0]], prompts, report_keys=keys, report_ids=["x", "x", "x", "y"], top_k=2)
    assert once[0, 1] == pytest.approx(0.8 / np.hypot(1.6, 0.8))


def test_each_recording_is_scored_alone():
    audio, reports, prompts, _ = _world()
    whole = zero_shot(audio, prompts, report_keys=reports)
    assert zero_shot(audio[7:8], prompts, report_keys=reports)[0] == pytest.approx(whole[7], abs=1e-12)


def test_margins_remove_what_a_recording_adds_to_every_class():
    scores = np.random.default_rng(0).standard_normal((6, 3))
    shifted = scores + np.arange(6)[:, None]
    assert margins(shifted) == pytest.approx(margins(scores))
    assert margins(scores).argmax(axis=1).tolist() == scores.argmax(axis=1).tolist()
    assert margins([[0.2, 0.5]])[0] == pytest.approx([-0.3, 0.3])


def test_bad_input_is_named():
    audio, reports, prompts, _ = _world()
    with pytest.raises(ConfigurationError, match="top_k"):
        zero_shot(audio, prompts, report_keys=reports[:3])
    with pytest.raises(ConfigurationError, match="report_keys"):
        zero_shot(audio, prompts, report_values=reports)
    with pytest.raises(DataError, match="report keys"):
        zero_shot(audio, prompts, report_keys=reports[:, :4])
    with pytest.raises(DataError, match="report values"):
        zero_shot(audio, prompts, report_keys=reports, report_values=reports[:9])
    with pytest.raises(DataError, match="report_ids"):
        zero_shot(audio, prompts, report_keys=reports, report_ids=["a"])
    with pytest.raises(DataError, match="one class"):
        margins([[0.1]])
