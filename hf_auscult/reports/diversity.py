"""How differently texts say things: openings, distinct n-grams and self-BLEU."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DataError
from ..files import Serialisable

_SAMPLE = 200
"""Texts that self-BLEU compares, each with all others."""


@dataclass(frozen=True)
class Diversity(Serialisable):
    """How differently a set of texts is worded.

    Args:
        texts: compared.
        different: of them.
        openings: different first four words, figures aside.
        distinct: n -> share of n-grams that are different (Li et al. 2016, arXiv 1510.03055), n = 1, 2, 3.
        self_bleu: mean BLEU-4 of each text against the others (Zhu et al. 2018, arXiv 1802.01886); 1 for equal texts.
    """

    texts: int
    different: int
    openings: int
    distinct: dict[str, float]
    self_bleu: float


def diversity(texts: Sequence[str], *, seed: int = 0) -> Diversity:
    """Measure how differently texts are worded.

    Args:
        texts: two or more.
        seed: of the sample that self-BLEU is measured on.

    Raises:
        DataError: fewer than two texts.

    Example:
        >>> found = diversity(["No wheezes are heard.", "No wheezes are heard.", "The lungs are clear today."])
        >>> found.different, found.openings, round(found.distinct["1"], 2)
        (2, 2, 0.62)
    """
    if len(texts) < 2:
        raise DataError(f"{len(texts)} texts", remedy="pass two or more")
    words = [re.findall(r"[\w/.-]*\w", text.lower()) for text in texts]
    starts = {" ".join(re.sub(r"\d[\d./-]*", "#", word) for word in text[:4]) for text in words}
    distinct = {}
    for n in (1, 2, 3):
        grams = [gram for text in words for gram in _grams(text, n)]
        distinct[str(n)] = len(set(grams)) / max(1, len(grams))
    sample = random.Random(seed).sample(words, min(_SAMPLE, len(words)))
    return Diversity(len(texts), len(set(texts)), len(starts), distinct, _self_bleu(sample))


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def _self_bleu(texts: Sequence[Sequence[str]]) -> float:
    """BLEU-4 with one added to the matches of two-grams and longer, and the brevity of the nearest length."""
    counts = [[Counter(_grams(text, n)) for n in range(1, 5)] for text in texts]
    first: list[dict[tuple[str, ...], tuple[int, int, int]]] = [{} for _ in range(4)]
    for number, text in enumerate(counts):
        for n, grams in enumerate(text):
            for gram, count in grams.items():
                most, owner, second = first[n].get(gram, (0, -1, 0))
                first[n][gram] = (count, number, most) if count > most else (most, owner, max(second, count))
    lengths = [len(text) for text in texts]
    scores = []
    for number, text in enumerate(counts):
        logs = 0.0
        for n, grams in enumerate(text):
            total = sum(grams.values())
            met = sum(min(count, _others(first[n][gram], number)) for gram, count in grams.items())
            plus = 1 if n else 0
            logs += math.log(max(met + plus, 1e-9) / max(total + plus, 1)) / 4
        nearest = min((abs(other - lengths[number]), other) for k, other in enumerate(lengths) if k != number)[1]
        scores.append(math.exp(logs) * min(1.0, math.exp(1 - nearest / max(1, lengths[number]))))
    return sum(scores) / len(scores)


def _others(most: tuple[int, int, int], number: int) -> int:
    """The most times that an n-gram stands in another text."""
    return most[2] if most[1] == number else most[0]
