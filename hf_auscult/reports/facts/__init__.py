"""What a dataset's metadata says of a recording, as single facts, each traced to the field it comes from.

One file a dataset; :class:`FieldMapping` reads any other by a declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import ConfigurationError
from ..schema import Fact
from .cells import Row, stated
from .circor import CIRCOR_FIELDS, circor_facts
from .coswara import coswara_facts
from .coughvid import coughvid_facts
from .covid19_cough import covid19_cough_facts
from .heart import cinc2016_facts, zchsound_facts
from .hf_lung import hf_lung_facts
from .icbhi import icbhi_facts
from .kauh import kauh_facts
from .mapping import Column, FieldMapping, TaskLabels
from .sprsound import sprsound_facts
from .uk_covid19 import uk_covid19_facts

FACTS: dict[str, Callable[[Row], tuple[Fact, ...]]] = {
    "cinc2016": cinc2016_facts,
    "circor": circor_facts,
    "coswara": coswara_facts,
    "coughvid": coughvid_facts,
    "covid19_cough": covid19_cough_facts,
    "hf_lung": hf_lung_facts,
    "icbhi": icbhi_facts,
    "kauh": kauh_facts,
    "sprsound": sprsound_facts,
    "uk_covid19": uk_covid19_facts,
    "zchsound": zchsound_facts,
}
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
        raise ConfigurationError(
            f"no reports for dataset {dataset!r}",
            remedy=f"choose one of {', '.join(FACTS)}, or give a field mapping in YAML",
        )
    return FACTS[dataset]


__all__ = [
    "CIRCOR_FIELDS",
    "FACTS",
    "Column",
    "Fact",
    "FieldMapping",
    "Row",
    "TaskLabels",
    "circor_facts",
    "facts_of",
    "stated",
]
