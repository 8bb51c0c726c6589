"""Where the facts of a dataset's recordings come from: its folder in the catalogue, or a mapping of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..data import DATASETS
from ..data.facts import FieldMapping
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


def facts_of(dataset: str) -> FieldMapping:
    """Find a dataset's reader of facts.

    Args:
        dataset: a name of :data:`FACTS`, or the path of a :class:`FieldMapping` in YAML.

    Raises:
        ConfigurationError: there is none for it, or the file is no mapping.

    Example:
        >>> circor = facts_of("circor")
        >>> row = dict.fromkeys(circor.fields) | {"recording_id": "1_MV", "site": "mitral", "murmur": "Absent"}
        >>> [(fact.concept, fact.value, fact.polarity) for fact in circor(row)]
        [('site', 'mitral', 'present'), ('finding', 'murmur', 'absent')]
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
