"""Reports for recordings, each with the facts that it states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..data.facts import Fact, Row, stated
from ..errors import ConfigurationError, DataError, GenerationError
from .facts import facts_of
from .generators import Failed, Generator, Request, TemplateGenerator
from .masking import Mask, mask_of


@dataclass(frozen=True)
class Report:
    """A text about one recording.

    Args:
        recording_id: of the recording; ``recording#3`` for its segment 3.
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


def requests_of(rows: Iterable[Row], *, dataset: str, mask: Mask, seed: int = 0, draws: int = 1) -> list[Request]:
    """Mask the facts of recordings: what a generator is given.

    Args:
        rows: prepared recordings or segments; ``organ`` names the specialist who writes.
        dataset: whose rows they are, or the path of a field mapping in YAML.
        mask: what may be stated.
        seed: another seed gives other phrasings.
        draws: paraphrases per row.

    Returns:
        ``draws`` requests per row, in the order of the rows.

    Raises:
        ConfigurationError: unknown dataset, or fewer than one draw.
        DataError: a row lacks a column or an id, or holds a word that the dataset does not use.
    """
    read = facts_of(dataset)
    if draws < 1:
        raise ConfigurationError(f"draws is {draws}", remedy="ask for 1 or more")
    return [
        Request(name_of(row), facts, mask.noun, stated(row.get("organ")) or "body", seed, draw)
        for row in rows
        for facts in (mask.keep(read(row)),)
        for draw in range(draws)
    ]


def name_of(row: Row) -> str:
    """Name of a row: its recording, and its number among the recording's segments where it is one.

    Raises:
        DataError: it has no recording_id.

    Example:
        >>> name_of({"recording_id": "101_Al", "segment": 3})
        '101_Al#3'
    """
    name = stated(row.get("recording_id"))
    if name is None:
        raise DataError("a row has no recording_id", remedy="pass rows of a prepared dataset")
    segment = stated(row.get("segment"))
    return name if segment is None else f"{name}#{segment}"


def generate(
    rows: Iterable[Row],
    *,
    dataset: str = "circor",
    generator: Generator | None = None,
    mask: str | Mask = "none",
    task: str | None = None,
    seed: int = 0,
    draws: int = 1,
) -> list[Report]:
    """Write reports for recordings from their metadata.

    A text of the templates depends on its row, the mask, the seed and the draw only: neither on the other rows nor on
    the process.

    Args:
        rows: prepared recordings, with the columns that ``facts_of(dataset).fields`` names.
        dataset: whose rows they are, or the path of a field mapping in YAML.
        generator: what writes; templates by default, see :mod:`hf_auscult.reports.generators`.
        mask: of :data:`hf_auscult.reports.STRENGTHS`, or what :func:`hf_auscult.reports.middle_mask` found.
        task: whose label the mask hides; None for the labels of all the dataset's tasks.
        seed: another seed gives other phrasings.
        draws: paraphrases per recording.

    Returns:
        ``draws`` reports per row, in the order of the rows.

    Raises:
        ConfigurationError: unknown dataset, mask or task, or fewer than one draw.
        DataError: a row lacks a column or an id, or holds a word that the dataset does not use.
        GenerationError: the generator failed on a row; `hf-auscult reports generate` goes on instead.

    Example:
        >>> row = dict.fromkeys(facts_of("circor").fields) | {"recording_id": "1_MV", "site": "mitral", "sex": "female"}
        >>> generate([row], mask="context")[0].fields
        ('sex', 'site')
    """
    hidden = mask if isinstance(mask, Mask) else mask_of(dataset, task, mask)
    requests = requests_of(rows, dataset=dataset, mask=hidden, seed=seed, draws=draws)
    outcomes = dict((generator or TemplateGenerator()).write(requests))
    reports: list[Report] = []
    for place, request in enumerate(requests):
        outcome = outcomes[place]
        if isinstance(outcome, Failed):
            raise GenerationError(f"{outcome.reason}: {outcome.detail}", where=request.recording_id)
        reports.append(Report(request.recording_id, outcome.text, hidden.name, request.draw, request.facts))
    return reports
