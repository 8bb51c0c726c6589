"""What the figures are of embeddings whose quality is known."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.zero_shot.direct import direct
from hf_auscult.evaluation.zero_shot.evaluation_set import EvaluationSet
from hf_auscult.evaluation.zero_shot.pipeline import ReportGallery, exchanged, pipeline
from hf_auscult.evaluation.zero_shot.retrieval import retrieval

N, D = 120, 24
CLASSES = ("Absent", "Present")


class World:
    """Held-out and training recordings, two a person, whose reports state the label as far as `told` says."""

    def __init__(self, told: float, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.y = {"train": np.repeat(rng.permutation(N // 2) % 2, 2), "test": np.repeat(rng.permutation(N // 2) % 2, 2)}
        self.people = {split: [f"{split}{row // 2}" for row in range(N)] for split in self.y}
        centres, second = (rng.standard_normal((2, D)) for _ in range(2))
        # what a report says in the shared space, and in the second model's own
        self.shared, self.read, self.texts = {}, {}, {}
        for split, labels in self.y.items():
            self.shared[split] = told * 4 * centres[labels] + rng.standard_normal((N, D))
            self.read[split] = told * 4 * second[labels] + rng.standard_normal((N, D))
            self.texts[split] = [f"{split} {row}" for row in range(N)]
        self.class_texts = {"sentences": {name: second[[c]] for c, name in enumerate(CLASSES)}}
        self.prompts = {
            name: centres[[c]] + [[0.0], [0.1], [-0.1]] * rng.standard_normal((3, D)) for c, name in enumerate(CLASSES)
        }
        self.tested = EvaluationSet(
            tuple(self.texts["test"]), np.array(self.people["test"]), self.y["test"], CLASSES, Bootstrap(200)
        )

    def pipeline(self, audio, **settings):
        gallery = ReportGallery(
            "none", self.texts["train"], self.shared["train"], self.read["train"], self.people["train"]
        )
        return pipeline(
            gallery,
            audio,
            self.read["test"],
            self.class_texts,
            self.tested,
            **settings,
        )


def test_an_oracle_reaches_one_and_its_floor_stays_at_chance():
    """The recording's projection is that of its own report, and the report states the label."""
    world = World(told=1.0)
    (read,) = world.pipeline(world.shared["test"]).read
    assert read.retrieved.figures["auroc"].value == 1.0 == read.retrieved.figures["macro_f1"].value
    assert read.own.figures["auroc"].value == 1.0
    assert read.shuffled.mean == pytest.approx(0.5, abs=0.1)
    assert read.shuffled.low < 0.5 < read.shuffled.high < 1.0
    found = retrieval(
        "none", world.shared["test"], world.shared["test"], world.texts["test"], np.arange(N), world.tested
    )
    for way in ("audio_to_text", "text_to_audio"):
        assert found.figures[way]["R@1"].value == 1.0 == found.figures[way]["median_rank"].value
        assert found.chance[way]["R@1"] == pytest.approx(1 / N)


def test_reports_that_do_not_state_the_label_leave_even_an_oracle_at_chance():
    figures = [World(told=0.0, seed=seed) for seed in range(6)]
    found = [world.pipeline(world.shared["test"]).read[0] for world in figures]
    assert np.mean([read.retrieved.figures["auroc"].value for read in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([read.shuffled.mean for read in found]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([read.own.figures["auroc"].value for read in found]) == pytest.approx(0.5, abs=0.08)


def test_a_model_that_hears_nothing_stays_at_chance_whatever_the_reports_state():
    values = []
    for seed in range(6):
        world = World(told=1.0, seed=seed)
        deaf = np.random.default_rng(seed + 50).standard_normal((N, D))
        found = world.pipeline(deaf)
        values.append(found.read[0].retrieved.figures["auroc"].value)
        assert found.read[0].own.figures["auroc"].value == 1.0
    assert np.mean(values) == pytest.approx(0.5, abs=0.1)


def test_equal_reports_are_one_and_fewer_than_asked_for_are_all_read():
    world = World(told=1.0)
    world.texts["train"] = [("No murmur.", "A murmur.")[label] for label in world.y["train"]]
    found = world.pipeline(world.shared["test"], top_k=5)
    assert (found.distinct, found.top_k) == (2, 2)
    assert {world.texts["train"][row] for row in found.first} == {"No murmur.", "A murmur."}


def test_sentences_of_known_meaning():
    world = World(told=1.0)
    audio = {"train": world.shared["train"], "validation": world.shared["train"], "test": world.shared["test"]}
    sentences = {name: ["one", "two", "three"] for name in CLASSES}
    found = direct(audio, world.prompts, sentences, world.y["train"], world.tested, temperature=0.07)
    assert [row.name for row in found.rows][-1] == "floor: base rates alone"
    assert found.rows[0].figures["auroc"].value > 0.99
    assert found.rows[-1].figures["auroc"].value == 0.5
    assert len(found.sentences) == 3
    values = [row.figures["auroc"].value for row in found.sentences]
    assert found.wording.figures["auroc"].value == pytest.approx(np.mean(values))
    worst, best = found.range()
    assert (worst.figures["auroc"].value, best.figures["auroc"].value) == (min(values), max(values))
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert found.rows[2].figures["ece"].value < found.rows[-1].figures["ece"].value + 0.1


def test_without_validation_people_there_are_no_probabilities():
    world = World(told=1.0)
    audio = {"train": world.shared["train"], "validation": np.empty((0, D)), "test": world.shared["test"]}
    sentences = {name: ["one", "two", "three"] for name in CLASSES}
    found = direct(audio, world.prompts, sentences, np.empty(0, int), world.tested, temperature=0.07)
    assert found.probabilities is None and "validation" in found.problem
    assert len(found.rows) == 2


def test_classes_that_hold_at_once():
    world = World(told=1.0)
    table = np.stack([1 - world.y["test"], world.y["test"], np.ones(N, int)], axis=1)
    tested = EvaluationSet(world.tested.keys, world.tested.subjects, table, (*CLASSES, "Always"), Bootstrap(100))
    prompts = world.prompts | {"Always": world.prompts["Absent"] + world.prompts["Present"]}
    audio = {"train": world.shared["train"], "validation": world.shared["train"], "test": world.shared["test"]}
    found = direct(audio, prompts, {name: ["a"] * 3 for name in prompts}, table, tested, temperature=0.07)
    assert found.calibration is None and "several classes" in found.problem
    assert found.rows[0].figures["auroc"].value > 0.99
    assert found.rows[0].figures["auroc"].left_out == ("Always",)
    assert tested.auroc(found.scores) == pytest.approx(found.rows[0].figures["auroc"].value)


def test_reports_that_are_all_the_same_pair_with_nothing():
    world = World(told=0.0)
    found = retrieval("strict", world.shared["test"], world.shared["test"], ["same"] * N, np.arange(N), world.tested)
    assert found.problem and found.figures == {}


@pytest.mark.parametrize("seed", range(3))
def test_scores_that_are_all_equal_are_at_chance_exactly(seed):
    """Means of equal numbers differ in their last bit by how many there are; that must not rank people."""
    rng = np.random.default_rng(seed)
    people = np.array([f"p{person}" for person in range(12) for _ in range(3 + 2 * person)])
    carried = rng.permutation(12) % 3
    truth = np.array([carried[int(person[1:])] for person in people])
    tested = EvaluationSet(tuple(map(str, range(len(people)))), people, truth, ("a", "b", "c"), Bootstrap(50))
    prior = np.tile(rng.dirichlet((3, 2, 1)), (len(people), 1))
    row = tested.row("constant", prior, prior)
    assert row.figures["auroc"].value == 0.5 == row.figures["auroc_subject"].value == tested.auroc(prior)


def test_one_report_for_everybody_says_nothing():
    world = World(told=1.0)
    world.texts["train"] = ["The same."] * N
    (read,) = world.pipeline(world.shared["test"]).read
    assert read.retrieved.figures["auroc"].value == 0.5 == read.shuffled.low == read.shuffled.high


def test_one_person_has_a_calibration_error_without_an_interval():
    tested = EvaluationSet(("a", "b"), np.array(["p", "p"]), np.array([0, 1]), CLASSES, Bootstrap(50))
    found = tested.ece(np.array([[0.75, 0.25], [0.25, 0.75]]))
    # Of one person nothing is known of the spread between people, so all of the .25 may be chance.
    assert found.value == 0.0 and found.interval is None and found.problem
    several = EvaluationSet(tuple("abcd"), np.array(list("pqrs")), np.array([0, 0, 0, 0]), CLASSES, Bootstrap(50))
    off = several.ece(np.array([[0.75, 0.25]] * 4))
    assert off.value == pytest.approx(0.25) and off.interval is None and "bias" in off.problem


def test_shuffles_exchange_people_as_a_whole():
    """Reports of one person are alike; shuffled one by one they would make a floor that is too narrow."""
    owners = np.repeat(["a", "b", "c", "d"], (5, 1, 3, 2))
    for seed in range(20):
        order = exchanged(owners, np.random.default_rng(seed))
        taken = {owner: set(owners[order[owners == owner]]) for owner in "abcd"}
        assert all(len(found) == 1 for found in taken.values())
        assert set.union(*taken.values()) == set("abcd")
