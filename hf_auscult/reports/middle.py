"""The mask ``middle``: facts go in the order of what they tell about a label, until texts tell it no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data.facts import Fact, Row
from ..data.people import person_of
from ..files import Serialisable
from .facts import facts_of
from .generate import generate
from .leakage import READERS, Leakage, LeakageSettings, leakage
from .masking import Mask, mask_of

Embed = Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class MiddleStep(Serialisable):
    """What texts tell once some facts are gone.

    Args:
        removed: field whose facts went last; None for the mask ``paper``.
        kept: share of all facts that the texts still state.
        readers: what each reader makes of them.
    """

    removed: str | None
    kept: float
    readers: tuple[Leakage, ...]

    computed = ("auroc", "at_chance")

    @property
    def auroc(self) -> float:
        """Of the reader that tells the label best."""
        return max((reader.auroc.value for reader in self.readers), default=0.5)

    @property
    def at_chance(self) -> bool:
        """Whether no reader tells the label from chance."""
        return all(reader.at_chance for reader in self.readers)


@dataclass(frozen=True)
class Middle(Serialisable):
    """A measured mask, and the price at which it was had.

    Args:
        told: field -> AUROC of the label read off its facts alone, by the bag of words.
        steps: from ``paper`` to the mask: facts kept against the label that leaks.
        without: field that the mask takes away -> why.
    """

    told: Mapping[str, float]
    steps: tuple[MiddleStep, ...]
    without: Mapping[str, str]


def middle_mask(
    rows: Sequence[Row],
    dataset: str,
    task: str,
    *,
    embed: Mapping[str, Embed] | None = None,
    settings: LeakageSettings | None = None,
    draws: int = 1,
) -> tuple[Mask, Middle]:
    """Take facts away in order of what each alone tells about a label, until the text-only AUROC contains .5.

    Args:
        rows: of the task, with ``label`` and ``person`` or ``subject_id``; nobody of a locked test set among them.
        dataset: whose rows they are, or the path of a field mapping.
        task: whose label is hidden.
        embed: name of a sentence encoder -> what it makes of texts: read beside words, characters and length.
        settings: folds, resamples, level and seed; also of the templates.
        draws: paraphrases a row.

    Returns:
        The mask, and how the label leaked on the way to it.

    Raises:
        ConfigurationError: no such dataset or task.
        DataError: fewer than two classes of as many people as folds.
    """
    settings = settings or LeakageSettings()
    paper, stated = mask_of(dataset, task, "paper"), [facts_of(dataset)(row) for row in rows]
    kept = [paper.keep(facts) for facts in stated]
    labels, people = [str(row["label"]) for row in rows], [person_of(row) for row in rows]
    few = replace(settings, draws=10)  # the order needs no interval
    names = dict.fromkeys(fact.field for facts in kept for fact in facts)
    told = {
        name: leakage([_alone(facts, name) for facts in kept], labels, people, settings=few).auroc.value
        for name in names
    }
    several = [label for label in labels for _ in range(draws)], [person for person in people for _ in range(draws)]
    queue = sorted(told, key=lambda name: -abs(told[name] - 0.5))
    without: dict[str, str] = {}
    steps: list[MiddleStep] = []
    removed: str | None = None
    while True:
        mask = mask_of(dataset, task, "middle", measured=without)
        reports = generate(rows, dataset=dataset, mask=mask, seed=settings.seed, draws=draws)
        texts = [report.text for report in reports]
        figures = [leakage(texts, *several, reader=reader, settings=settings) for reader in READERS]
        if all(figure.at_chance for figure in figures) or not queue:  # an encoder takes longest, and is asked last
            for name, encode in (embed or {}).items():
                figures.append(leakage(texts, *several, embeddings=encode(texts), reader=name, settings=settings))
        share = sum(len(report.facts) for report in reports) / draws / max(1, sum(map(len, stated)))
        steps.append(MiddleStep(removed, share, tuple(figures)))
        if steps[-1].at_chance or not queue:
            return mask, Middle(told, tuple(steps), without)
        removed = queue.pop(0)
        without[removed] = f"tells the label: AUROC {told[removed]:.2f} alone"


def _alone(facts: Sequence[Fact], name: str) -> str:
    """The facts of one field as words."""
    words = [(fact.concept, fact.value, fact.polarity, fact.of) for fact in facts if fact.field == name]
    return " ".join("_".join(map(str, word)).replace(" ", "_") for word in words) or "nothing"
