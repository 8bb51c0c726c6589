from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.zero_shot.evaluation_set import EvaluationSet, margins
from hf_auscult.evaluation.zero_shot.pipeline import ReportGallery, pipeline
from hf_auscult.metrics import auroc


def _world(seed: int = 0, d: int = 16):
    """Recordings and reports of two classes in one space, and prompts at the class centres."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((2, d))
    y, y_reports = np.tile([0, 1], 40), np.tile([0, 1], 60)
    audio = centres[y] + rng.standard_normal((80, d))
    reports = centres[y_reports] + rng.standard_normal((120, d))
    prompts = {"normal": centres[:1] + 0.1 * rng.standard_normal((3, d)), "wheeze": centres[1]}
    return audio, reports, prompts, y


def _read(audio, classes, keys, values=None, texts=None, top_k=5):
    """(n, classes) cosines of what is retrieved for each recording."""
    keys = np.asarray(keys)
    texts = texts or [f"report {row}" for row in range(len(keys))]
    gallery = ReportGallery("none", texts, keys, keys if values is None else values, texts)
    tested = EvaluationSet(
        tuple(map(str, range(len(audio)))),
        np.arange(len(audio)),
        np.arange(len(audio)) % 2,
        tuple(classes),
        Bootstrap(20),
    )
    return pipeline(gallery, np.asarray(audio), None, {"prompts": classes}, tested, top_k=top_k).scores["prompts"]


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
    scores = _read(audio, classes, reports, values)
    assert scores == pytest.approx(np.array(expected), abs=1e-10)
    assert auroc(y, margins(scores)[:, 1]) > 0.9


def test_equal_reports_are_retrieved_once():
    keys = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.6, 0.8]])
    prompts = {"a": [[1.0, 0.0]], "b": [[0.0, 1.0]]}
    audio = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert _read(audio, prompts, keys, top_k=2)[0, 1] == pytest.approx(0.0)
    once = _read(audio, prompts, keys, texts=["x", "x", "x", "y"], top_k=2)
    assert once[0, 1] == pytest.approx(0.8 / np.hypot(1.6, 0.8))


def test_each_recording_is_scored_alone():
    audio, reports, prompts, _ = _world()
    whole = _read(audio, prompts, reports)
    assert _read(audio[7:9], prompts, reports)[0] == pytest.approx(whole[7], abs=1e-12)


def test_margins_remove_what_a_recording_adds_to_every_class():
    scores = np.random.default_rng(0).standard_normal((6, 3))
    shifted = scores + np.arange(6)[:, None]
    assert margins(shifted) == pytest.approx(margins(scores))
    assert margins(scores).argmax(axis=1).tolist() == scores.argmax(axis=1).tolist()
    assert margins([[0.2, 0.5]])[0] == pytest.approx([-0.3, 0.3])


def test_bad_input_is_named():
    audio, reports, prompts, _ = _world()
    with pytest.raises(DataError, match="wide"):
        _read(audio, prompts, reports[:, :4])
    with pytest.raises(DataError, match="one class"):
        margins([[0.1]])
    with pytest.raises(DataError, match="no training recording"):
        _read(audio, prompts, reports[:0])
