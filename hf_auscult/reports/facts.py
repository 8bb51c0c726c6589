"""Where the facts of a dataset's recordings come from: its folder in the catalogue, or a mapping of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..data import DATASETS
from ..data.facts import Fact, FieldMapping, Row
from ..errors import ConfigurationError


class _Facts(Mapping[str, FieldMapping]):
    """The datasets of the catalogue that have facts, those that were registered later included."""

    def __getitem__(self, name: str) -> FieldMapping:
        facts = DATASETS[name].facts
        if facts is None:
            raise KeyError(name)
        return facts

    def __iter__(self) -> Iterator[str]:
        return (name for name, spec in DATASETS.items() if spec.facts is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


FACTS: Mapping[str, FieldMapping] = _Facts()
"""Dataset -> reader of the facts of one of its rows."""


def facts_of(dataset: str) -> Callable[[Row], tuple[Fact, ...]]:
    """Find a dataset's reader of facts.

    Args:
        dataset: a name of :data:`FACTS`, or the path of a :class:`FieldMapping` in YAML.

    Raises:
        ConfigurationError: there is none for it, or the file is no mapping.
    """
    if Path(dataset).suffix in (".yaml", ".yml"):
        return FieldMapping.from_yaml(dataset)
    if dataset not in FACTS:
        why = DATASETS[dataset].nothing.get("facts") if dataset in DATASETS else None
        raise ConfigurationError(
            f"no reports for dataset {dataset!r}{f': {why}' if why else ''}",
            remedy=f"choose one of {', '.join(FACTS)}, or give a field mapping in YAML",
        )
    return FACTS[dataset]


def circor_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that CirCor's table states of a recording.

    ``heard_here`` says whether the murmur is audible at the recording's own site, which follows from
    ``murmur_locations``. ``pregnancy_status`` is a fact where it is true.

    Args:
        row: a prepared recording: the columns of :data:`CIRCOR_FIELDS`; missing values are None, NaN or ``nan``.

    Raises:
        DataError: a column is missing, or holds a word that CirCor does not use.

    Example:
        >>> row = dict.fromkeys(CIRCOR_FIELDS) | {"recording_id": "1_MV", "site": "mitral", "murmur": "Absent"}
        >>> [(fact.concept, fact.value, fact.polarity) for fact in circor_facts(row)]
        [('site', 'mitral', 'present'), ('finding', 'murmur', 'absent')]
    """
    return FACTS["circor"](row)


CIRCOR_FIELDS: tuple[str, ...] = ("recording_id", *FACTS["circor"].fields)
"""Columns that the CirCor reports read. The rest is provenance (campaign, ids, the list of recordings) and unstated."""
