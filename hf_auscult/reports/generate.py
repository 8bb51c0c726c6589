"""Reports for recordings, each with the fields that it states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import ConfigurationError, DataError
from .facts import Row, facts_of, stated
from .masking import Mask, mask_of
from .schema import Fact
from .templates import chooser, write


@dataclass(frozen=True)
class Report:
    """A text about one recording.

    Args:
        recording_id: of the recording.
        text: the report.
        mask: name of the mask, one of :data:`hf_auscult.reports.STRENGTHS`.
        draw: number of the paraphrase.
        facts: what the text states.
    """

    recording_id: str
    text: str
    mask: str
    draw: int
    facts: tuple[Fact, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns that the text states, sorted; another value in one of them gives another text."""
        return tuple(sorted({fact.field for fact in self.facts}))


Generator = Callable[[Sequence[Fact], Mask, tuple[str, int, int]], str]
"""Facts, mask and (recording id, seed, draw) in, text out. It states the given facts and no other."""


def from_templates(facts: Sequence[Fact], mask: Mask, key: tuple[str, int, int]) -> str:
    """Write a report with :mod:`hf_auscult.reports.templates`."""
    return write(facts, mask, chooser(*key))


GENERATORS: dict[str, Generator] = {"template": from_templates}


def generate(
    rows: Iterable[Row],
    *,
    dataset: str = "circor",
    generator: str = "template",
    mask: str = "none",
    task: str | None = None,
    seed: int = 0,
    draws: int = 1,
) -> list[Report]:
    """Write reports for recordings from their metadata.

    A text depends on its row, the mask, the seed and the draw only: neither on the other rows nor on the process.

    Args:
        rows: prepared recordings; see :data:`hf_auscult.reports.CIRCOR_FIELDS`.
        dataset: whose rows they are.
        generator: what writes.
        mask: ``none``, ``paper``, ``strict`` or ``context``; see :func:`hf_auscult.reports.mask_of`.
        task: whose label the mask hides; None for the labels of all the dataset's tasks.
        seed: another seed gives other phrasings.
        draws: paraphrases per recording.

    Returns:
        ``draws`` reports per row, in the order of the rows.

    Raises:
        ConfigurationError: unknown dataset, generator, mask or task, or fewer than one draw.
        DataError: a row lacks a column or an id, or holds a word that the dataset does not use.

    Example:
        >>> from hf_auscult.reports import CIRCOR_FIELDS
        >>> row = dict.fromkeys(CIRCOR_FIELDS) | {"recording_id": "1_MV", "site": "mitral", "sex": "female"}
        >>> generate([row], mask="context")[0].fields
        ('sex', 'site')
    """
    read, chosen = facts_of(dataset), mask_of(dataset, task, mask)
    if generator not in GENERATORS:
        raise ConfigurationError(f"no generator {generator!r}", remedy=f"choose one of {', '.join(GENERATORS)}")
    if draws < 1:
        raise ConfigurationError(f"draws is {draws}", remedy="ask for 1 or more")
    reports: list[Report] = []
    for row in rows:
        name = stated(row.get("recording_id"))
        if name is None:
            raise DataError("a row has no recording_id", remedy="pass rows of a prepared dataset")
        facts = chosen.keep(read(row))
        for draw in range(draws):
            text = GENERATORS[generator](facts, chosen, (name, seed, draw))
            reports.append(Report(name, text, mask, draw, facts))
    return reports
