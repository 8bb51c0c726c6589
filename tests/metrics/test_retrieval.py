from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import (
    bidirectional_retrieval,
    mean_hits,
    person_interval,
    retrieval_intervals,
    zero_shot_scores,
)

DIRECTIONS = ("audio_to_text", "text_to_audio")


def _noisy_pairs(n: int, d: int, noise: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    text = rng.standard_normal((n, d))
    return text + noise * rng.standard_normal((n, d)), text


def _by_sorting(query, gallery):
    """Rank of row i's partner, by a full sort: the obvious way."""
    query = query / np.linalg.norm(query, axis=1, keepdims=True)
    gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    order = np.argsort(-(query @ gallery.T), axis=1)
    return 1 + np.array([int(np.flatnonzero(row == i)[0]) for i, row in enumerate(order)])


def test_agrees_with_sorting():
    audio, text = _noisy_pairs(90, 12, 1.5)
    scores = bidirectional_retrieval(audio, text)
    for direction, ranks in (("audio_to_text", _by_sorting(audio, text)), ("text_to_audio", _by_sorting(text, audio))):
        figures = getattr(scores, direction)
        assert np.array_equal(scores.queries[direction].rank, ranks)
        assert figures["median_rank"] == np.median(ranks)
        for k in (1, 5, 10):
            assert figures[f"R@{k}"] == pytest.approx(np.mean(ranks <= k))
            assert scores.chance[direction][f"R@{k}"] == pytest.approx(k / 90)
        assert scores.chance[direction]["median_rank"] == 45.5


def test_blocks_do_not_change_the_ranks(monkeypatch):
    import hf_auscult.metrics.retrieval as module

    audio, text = _noisy_pairs(50, 6, 1.0)
    whole = bidirectional_retrieval(audio, text)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert bidirectional_retrieval(audio, text).to_dict() == whole.to_dict()


def test_identical_sides_are_perfect_and_the_pairing_matters():
    _, text = _noisy_pairs(40, 8, 0.0)
    perfect = bidirectional_retrieval(3 * text, text)
    assert perfect.audio_to_text == {"R@1": 1.0, "R@5": 1.0, "R@10": 1.0, "median_rank": 1.0}
    assert perfect.text_to_audio == perfect.audio_to_text
    shifted = bidirectional_retrieval(text, np.roll(text, 1, axis=0))
    assert shifted.audio_to_text["R@1"] == 0.0


def test_permuting_the_pairs_together_changes_nothing():
    audio, text = _noisy_pairs(60, 8, 1.0)
    ids = [f"report {i % 20}" for i in range(60)]
    shuffle = np.random.default_rng(3).permutation(60)
    for extra in ({}, {"text_ids": ids}, {"groups": ids}):
        if "text_ids" in extra:
            text = text[np.arange(60) % 20]
        moved = {name: [value[i] for i in shuffle] for name, value in extra.items()}
        first = bidirectional_retrieval(audio, text, **extra).to_dict()
        second = bidirectional_retrieval(audio[shuffle], text[shuffle], **moved).to_dict()
        for direction in DIRECTIONS:
            assert first[direction] == pytest.approx(second[direction], abs=1e-12)


@pytest.mark.parametrize("width", [2, 7, 129, 512])
@pytest.mark.parametrize("constant", ["both", "audio", "text", "zero"])
def test_constant_embeddings_score_exactly_chance(width, constant):
    rng = np.random.default_rng(width)
    varied = rng.standard_normal((37, width)).astype(np.float32)
    fixed = np.tile(rng.standard_normal(width).astype(np.float32), (37, 1))
    audio = {"both": fixed, "audio": fixed, "text": varied, "zero": np.zeros_like(fixed)}[constant]
    text = varied if constant == "audio" else fixed
    scores = bidirectional_retrieval(audio, text)
    # A constant gallery ties every query. A constant query ranks a varied gallery, the same for all: ranks 1..n once.
    for direction in DIRECTIONS:
        assert getattr(scores, direction) == pytest.approx(scores.chance[direction], abs=1e-12)


def test_constant_embeddings_score_exactly_chance_with_repeated_texts_and_groups():
    ids = [0, 0, 0, 1, 2, 2, 3, 3, 3, 3]
    groups = ["a"] * 4 + ["b"] * 6
    scores = bidirectional_retrieval(np.ones((10, 5)), np.ones((10, 5)), text_ids=ids, groups=groups, ks=(1, 2))
    for direction in DIRECTIONS:
        assert getattr(scores, direction) == scores.chance[direction]
    # audio -> text: 4 recordings choose among 2 texts, 6 among 2.
    assert scores.chance["audio_to_text"]["R@1"] == pytest.approx(0.5)
    # text -> audio: 3 of 4, 1 of 4, 2 of 6, 4 of 6 recordings are right.
    assert scores.chance["text_to_audio"]["R@1"] == pytest.approx((3 / 4 + 1 / 4 + 2 / 6 + 4 / 6) / 4)
    # Two guesses without replacement, a miss being all wrong: 1 of 4 wrong, 3 of 4, 4 of 6, 2 of 6.
    misses = (0, 3 * 2 / (4 * 3), 4 * 3 / (6 * 5), 2 * 1 / (6 * 5))
    assert scores.chance["text_to_audio"]["R@2"] == pytest.approx(1 - np.mean(misses))


def test_chance_is_what_random_embeddings_score():
    ids = np.repeat(np.arange(30), 3)
    rng = np.random.default_rng(0)
    figures = []
    for _ in range(60):
        text = rng.standard_normal((30, 8))[ids]
        scores = bidirectional_retrieval(rng.standard_normal((90, 8)), text, text_ids=ids.tolist())
        figures.append([getattr(scores, d)[k] for d in DIRECTIONS for k in ("R@1", "R@10", "median_rank")])
    expected = [scores.chance[d][k] for d in DIRECTIONS for k in ("R@1", "R@10", "median_rank")]
    measured = np.mean(figures, axis=0)
    assert measured[[0, 1, 3, 4]] == pytest.approx(np.array(expected)[[0, 1, 3, 4]], abs=0.03)
    assert measured[2] == pytest.approx(expected[2], rel=0.08)  # 15.5
    # With three right answers the best rank is skewed: the median lies below its mean, 91 / 4.
    assert expected[5] == pytest.approx(91 / 4) and measured[5] < expected[5]


def test_ties_take_the_middle():
    audio = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    text = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    scores = bidirectional_retrieval(audio, text, ks=(1, 2))
    assert scores.queries["audio_to_text"].rank.tolist() == [1.5, 1.0, 1.5]
    assert scores.audio_to_text["R@1"] == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert scores.audio_to_text["R@2"] == 1.0


def test_equal_reports_are_one_target():
    text = np.eye(3)[[0, 0, 1, 2]]
    audio = np.array([[1, 0, 0.1], [0.2, 1, 0], [0, 1, 0], [0.9, 0, 1]])
    scores = bidirectional_retrieval(audio, text, text_ids=["x", "x", "y", "z"], ks=(1,))
    # Recording 1 sounds like y: text x is second of the three texts.
    assert scores.queries["audio_to_text"].rank.tolist() == [1, 2, 1, 1]
    assert scores.queries["audio_to_text"].gallery.tolist() == [3, 3, 3, 3]
    # Three text queries; x is answered by its better recording, 0.
    assert scores.queries["text_to_audio"].rank.tolist() == [1, 1, 1]
    assert scores.queries["text_to_audio"].row.tolist() == [0, 2, 3]
    assert scores.queries["text_to_audio"].gallery.tolist() == [4, 4, 4]
    assert scores.n == 4


def test_groups_keep_galleries_apart():
    rng = np.random.default_rng(0)
    dataset = np.repeat([0, 1], 50)
    offset = 5.0 * np.where(dataset == 0, 1, -1)[:, None] * np.ones(6)  # both sides know only the dataset
    audio, text = rng.standard_normal((100, 6)) + offset, rng.standard_normal((100, 6)) + offset
    pooled = bidirectional_retrieval(audio, text)
    within = bidirectional_retrieval(audio, text, groups=dataset.tolist())
    assert pooled.audio_to_text["median_rank"] < 0.65 * pooled.chance["audio_to_text"]["median_rank"]
    assert within.audio_to_text["median_rank"] == pytest.approx(25.5, abs=6)
    assert within.chance["audio_to_text"]["median_rank"] == 25.5
    half = bidirectional_retrieval(audio[:50], text[:50])
    assert np.array_equal(within.queries["audio_to_text"].rank[:50], half.queries["audio_to_text"].rank)


def test_dot_product_sees_length():
    audio, text = np.array([[1.0, 0.0], [0.9, 0.1]]), np.array([[1.0, 0.0], [9.0, 1.0]])
    assert bidirectional_retrieval(audio, text).audio_to_text["R@1"] == 1.0
    assert bidirectional_retrieval(audio, text, similarity="dot").audio_to_text["R@1"] == 0.5


def test_intervals_are_over_people():
    audio, text = _noisy_pairs(120, 8, 1.5)
    who = np.repeat(np.arange(40), 3)
    scores = bidirectional_retrieval(audio, text)
    intervals = retrieval_intervals(scores, who)
    for direction in DIRECTIONS:
        for name, interval in intervals[direction].items():
            assert interval.value == pytest.approx(getattr(scores, direction)[name])
            assert interval.low <= interval.value <= interval.high and interval.subjects == 40
    ranks = scores.queries["text_to_audio"].rank
    hits = (ranks <= 5).astype(float)
    assert intervals["text_to_audio"]["R@5"] == person_interval(mean_hits, hits, subjects=who)
    alone = retrieval_intervals(scores, np.arange(120))["text_to_audio"]
    resampled = person_interval(lambda rank: float(np.median(rank)), ranks, subjects=np.arange(120), draws=500)
    assert alone["median_rank"].low == pytest.approx(resampled.low, abs=4)
    assert alone["median_rank"].high == pytest.approx(resampled.high, abs=4)
    with pytest.raises(DataError, match="subjects"):
        retrieval_intervals(scores, who[:-1])


def test_bad_input_is_named():
    x = np.eye(4)
    with pytest.raises(DataError, match="differ"):
        bidirectional_retrieval(x, x[:, :3])
    with pytest.raises(DataError, match="one candidate"):
        bidirectional_retrieval(x[:1], x[:1])
    with pytest.raises(DataError, match="NaN"):
        bidirectional_retrieval(x, np.where(x == 1, np.nan, x))
    with pytest.raises(DataError, match="text_ids"):
        bidirectional_retrieval(x, x, text_ids=["a"])
    with pytest.raises(ConfigurationError, match="similarity"):
        bidirectional_retrieval(x, x, similarity="euclid")
    with pytest.raises(ConfigurationError, match="cut-offs"):
        bidirectional_retrieval(x, x, ks=(0, 1))


def test_zero_shot_uses_the_mean_of_normalised_prompts():
    rng = np.random.default_rng(0)
    audio, prompts = rng.standard_normal((5, 6)), rng.standard_normal((3, 6))
    unit = prompts / np.linalg.norm(prompts, axis=1, keepdims=True)
    mean = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))
    expected = audio @ mean / np.linalg.norm(audio, axis=1)
    scores = zero_shot_scores(audio, {"a": prompts, "b": prompts[0], "c": 5 * prompts[:1]})
    assert scores[:, 0] == pytest.approx(expected)
    assert scores[:, 1] == pytest.approx(scores[:, 2])
    louder = prompts * np.array([[1.0], [50.0], [1.0]])
    assert zero_shot_scores(audio, {"a": louder})[:, 0] == pytest.approx(expected)
    with pytest.raises(DataError, match="prompts of b"):
        zero_shot_scores(audio, {"a": prompts, "b": prompts[:, :4]})
    with pytest.raises(DataError, match="no classes"):
        zero_shot_scores(audio, {})
