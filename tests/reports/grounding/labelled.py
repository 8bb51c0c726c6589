"""The labelled pairs, and precision and recall of the check on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hf_auscult.data.facts import Fact
from hf_auscult.reports.grounding import Grounding, check

FOLDER = Path(__file__).parent
FILES = ("labelled", "styles", "held_out")
KINDS = ("contradictions", "additions")
DEVELOPMENT = (
    *("development", "held_out", "fresh", "notation", "notation_later", "styles"),
    *("idioms", "wide", "forms", "messages", "clinic", "consultations", "mixed", "triage"),
    *("earlier_letters", "earlier_ward", "earlier_telegraphic", "earlier_prose", "earlier_handover"),
    *("last_letters", "last_ward", "last_prose", "last_telegraphic"),
    *("cardiologist", "nurse", "gp", "llm", "foreign", "discharge", "handover", "paraphrase", "survey"),
    *("icu", "essay", "app", "notes", "clinic_letters", "ward_notes", "model_prose", "telegrams"),
    *("outpatients", "ward_round", "language_model", "short"),
)
"""Parts of labelled.yaml and styles.yaml; each was unseen once, and all have been read since."""
HELD_OUT = ("consultant", "nursing", "generated", "notes_in_brief")
"""Styles of held_out.yaml, which were measured once, when they had been written."""


@dataclass(frozen=True)
class Pair:
    dataset: str
    facts: tuple[Fact, ...]
    text: str
    contradictions: tuple[str, ...]
    additions: tuple[str, ...]


def fact(line: str) -> Fact:
    words, _, of = line.partition(" @")
    concept, _, value = words.partition("=")
    polarity = {"-": "absent", "~": "unknown"}.get(value[0], "present")
    return Fact(concept, value.lstrip("-~"), "table", polarity, of or None)


@cache
def content() -> dict[str, Any]:
    """Facts and parts of the three files."""
    files = [yaml.load((FOLDER / f"{name}.yaml").read_bytes(), yaml.CSafeLoader) for name in FILES]
    sets = {name: tuple(fact(line) for line in lines) for file in files for name, lines in file["facts"].items()}
    return {key: value for file in files for key, value in file.items()} | {"facts": sets}


def pairs(part: str) -> list[Pair]:
    sets = content()["facts"]
    return [Pair(name, sets[name], text, tuple(against), tuple(more)) for name, text, against, more in content()[part]]


def spans(text: str, quotations: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the quotations stand; one that stands twice is meant at its first place."""
    missing = [words for words in quotations if words not in text]
    assert not missing, f"{missing} not in {text!r}"
    return [(text.index(words), text.index(words) + len(words)) for words in quotations]


@dataclass
class Score:
    """Statements found that a quotation covers, all found; quotations found, all quotations."""

    right: int = 0
    found: int = 0
    met: int = 0
    gold: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.met / max(1, self.gold)

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, name) + getattr(other, name) for name in ("right", "found", "met", "gold")))


@cache
def checked(pair: Pair) -> Grounding:
    return check(pair.text, pair.facts)


def rejected(part: str) -> tuple[int, int]:
    """Correct texts that are turned down, and all correct texts."""
    correct = [pair for pair in pairs(part) if not pair.contradictions and not pair.additions]
    return sum(not checked(pair).grounded for pair in correct), len(correct)


def score(part: str, *, verbose: bool = False) -> dict[str, Score]:
    scores = {kind: Score() for kind in KINDS}
    for pair in pairs(part):
        result = checked(pair)
        for kind, found in zip(KINDS, (result.contradictions, result.unsupported), strict=True):
            gold = spans(pair.text, getattr(pair, kind))
            false = [one for one in found if not any(one.start < b and a < one.end for a, b in gold)]
            missed = [span for span in gold if not any(one.start < span[1] and span[0] < one.end for one in found)]
            total = scores[kind]
            total.found += len(found)
            total.right += len(found) - len(false)
            total.gold += len(gold)
            total.met += len(gold) - len(missed)
            if verbose and (false or missed):
                print(f"{pair.dataset} {kind}: {pair.text}")
                print("    false", [(one.text, one.concept, one.value, one.polarity, one.of) for one in false])
                print("    missed", [pair.text[a:b] for a, b in missed])
    return scores


if __name__ == "__main__":
    import sys

    names = [name for name in sys.argv[1:] if name != "-q"] or [*HELD_OUT]
    totals = {kind: Score() for kind in KINDS}
    wrong, correct = 0, 0
    for name in names:
        for kind, total in score(name, verbose="-q" not in sys.argv).items():
            print(name, kind, f"precision {total.precision:.3f} recall {total.recall:.3f}", total)
            totals[kind] += total
        turned_down, texts = rejected(name)
        wrong, correct = wrong + turned_down, correct + texts
    for kind, total in totals.items():
        print("all", kind, f"precision {total.precision:.3f} recall {total.recall:.3f}", total)
    print(f"correct texts rejected: {wrong} of {correct}")
