"""Nobody of a test split, nobody reserved and no sound of theirs gets into a corpus, whoever arranges the datasets."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.data import corpus_people, guards
from hf_auscult.data.corpus_people import Recording, barred, check_corpus, places, together
from hf_auscult.errors import LeakageError

from .attacker import BLANKS, Groups, plain, respelled

NAMES = ("circor", "icbhi", "sprsound")
MEMBERS = NAMES[:2]
LOCKED = {"circor": {"p0", "p1"}, "icbhi": {"p2"}, "sprsound": set()}
PARTS = ("train", "validation", "test", "test_intra", "subject_p4", "holdout", "Eval")


@pytest.fixture(autouse=True)
def _locked(monkeypatch):
    monkeypatch.setattr(guards, "reserved_subjects", lambda name: frozenset(LOCKED.get(name, ())))


def words(chance: random.Random) -> np.ndarray:
    return np.random.default_rng(chance.randrange(2**32)).integers(1, 2**32 - 1, 60, np.uint32)


def arranged(chance: random.Random, moves: int) -> tuple[list[Recording], list[tuple[Recording, Recording]]]:
    """Prepared datasets, honest at first (a person is in one part), and the copies that an attacker then adds."""
    found = []
    for dataset in NAMES:
        for person in range(8):
            part = chance.choice(PARTS[:4])
            for take in range(chance.randint(1, 3)):
                key = (dataset, f"r{person}_{take}")
                found.append(Recording(key, f"{dataset}:p{person}", part, f"sha of {key}", words(chance)))
    alike = []
    for number in range(moves):
        one, other = chance.choice(found), chance.choice(found)
        key, part, who = (other.key[0], f"forged {number}"), chance.choice(PARTS), other.subject
        match chance.choice(("bytes", "filter", "spelling", "blank", "nobody between")):
            case "bytes":
                found.append(Recording(key, who, part, one.sha256, one.words))
                alike.append((one, found[-1]))
            case "filter":
                flipped = one.words[5:55].copy()
                flipped[::10] ^= np.uint32(0b1011)
                found.append(Recording(key, who, part, f"sha {number}", flipped))
                alike.append((one, found[-1]))
            case "spelling" if who:
                found.append(Recording(key, respelled(who, chance), part, f"sha {number}", words(chance)))
            case "blank":
                blank = chance.choice(BLANKS)
                blank = None if blank is None else blank.format(name=key[0])
                found.append(Recording(key, blank, part, f"sha {number}", words(chance)))
            case "nobody between":
                long = np.concatenate([one.words, other.words])
                found.append(Recording(key, None, part, f"sha {number}", long))
                alike += [(one, found[-1]), (other, found[-1])]
    chance.shuffle(found)
    return found, alike


def leaks(recordings: list[Recording], alike: list[tuple[Recording, Recording]], placed: dict) -> list[object]:
    """Groups of people and sounds that are in the corpus though tested or locked, or in both of its parts."""
    groups = Groups()
    for item in recordings:
        groups.join(item.key, ("bytes", item.sha256))
        if plain(item.subject):
            groups.join(item.key, ("id", plain(item.subject)))
    for one, other in alike:
        groups.join(one.key, other.key)
    sides = defaultdict(set)
    for item in recordings:
        who = groups.root(item.key)
        if item.split not in ("train", "validation") or plain(item.subject).partition(":")[2] in LOCKED[item.key[0]]:
            sides[who].add("test")
        if item.key in placed:
            sides[who].add(placed[item.key])
            if not plain(item.subject):
                sides[who].add("nobody")
    return [who for who, found in sides.items() if len(found) > 1]


def assembled(recordings: list[Recording], seed: int) -> dict:
    person, alike = together(recordings)
    reasons = barred(recordings, person, alike)
    assert all(reasons.values())
    free = [item for item in recordings if item.key not in reasons]
    placed = places(free, person, MEMBERS, 0.1, seed)
    assert set(placed) == {item.key for item in free if item.key[0] in MEMBERS}, "a recording was lost"
    return placed


@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False), moves=st.integers(0, 15), seed=st.integers(0, 100))
def test_nobody_of_a_test_split_gets_in(chance: random.Random, moves: int, seed: int):
    recordings, alike = arranged(chance, moves)
    placed = assembled(recordings, seed)
    assert not leaks(recordings, alike, placed)
    check_corpus("made", recordings, placed)


def test_most_of_the_others_do_get_in():
    recordings, _ = arranged(random.Random(0), 0)
    placed = assembled(recordings, 0)
    honest = [item for item in recordings if item.key[0] in MEMBERS and item.split in ("train", "validation")]
    assert len(placed) >= len(honest) - 9 > 0  # three locked people with up to three recordings


def attacked(check: bool) -> bool:
    for seed in range(30):
        recordings, alike = arranged(random.Random(seed), 10)
        placed = assembled(recordings, seed)
        if check:
            check_corpus("made", recordings, placed)
        if leaks(recordings, alike, placed):
            return True
    return False


@pytest.mark.parametrize("defence", ["find_twins", "known_as", "is_reserved", "is_training", "people_of"])
def test_without_a_defence_somebody_gets_in(monkeypatch, defence: str):
    assert not attacked(check=True)
    blind = {
        "find_twins": lambda prints: [],
        "known_as": lambda subject: subject,
        "is_reserved": lambda subject, dataset: False,
        "is_training": lambda split: split != "test",
        "people_of": lambda rows, digests, twins: {row["recording_id"]: row["recording_id"] for row in rows},
    }
    monkeypatch.setattr(corpus_people, defence, blind[defence])
    assert attacked(check=False)


def test_the_check_refuses_what_the_filter_lets_through(monkeypatch):
    monkeypatch.setattr(
        corpus_people, "people_of", lambda rows, *_: {r["recording_id"]: r["recording_id"] for r in rows}
    )
    monkeypatch.setattr(corpus_people, "is_reserved", lambda subject, dataset: False)
    with pytest.raises(LeakageError):
        attacked(check=True)
