"""What every card states in its YAML, written by huggingface_hub's own classes; a missing required item is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..data.catalogue import DATASETS
from ..errors import DataError

RESEARCH_ONLY = "**For research only. Not a medical device; not for diagnosis, screening or treatment decisions.**"
CODE_LICENCE = "apache-2.0"

# From free to bound: who combines works keeps to the most restrictive of their licences.
RESTRICTIONS = (
    "cc0-1.0",
    "mit",
    "apache-2.0",
    "ms-pl",
    "odc-by",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "other",
    "unknown",
)


@dataclass(frozen=True)
class CardHead:
    """What the YAML of a model card says.

    Args:
        name: of the model.
        licence: the Hub's tag.
        pipeline_tag: the task that the Hub files it under.
        tags: beside those that every model of this package has.
        library_name: that loads it.
        base_model: Hub ids that it was trained from.
        datasets: Hub ids of the data that it was trained on.
        language: of the texts that it reads.
        results: with intervals and numbers of people among their arguments.
    """

    name: str
    licence: str
    pipeline_tag: str
    tags: Sequence[str] = ()
    library_name: str = "transformers"
    base_model: Sequence[str] = ()
    datasets: Sequence[str] = ()
    language: Sequence[str] = ()
    results: Sequence[EvalResult] = field(default_factory=tuple)

    def to_yaml(self) -> str:
        """Return the YAML between the dashes.

        Raises:
            DataError: name, licence, pipeline tag or library is missing, or a result has no finite value.
        """
        for item in ("name", "licence", "pipeline_tag", "library_name"):
            if not getattr(self, item):
                raise DataError(f"the card lacks its {item.replace('_', ' ')}", where=self.name or "model card")
        for result in self.results:
            if not isinstance(result.metric_value, (int, float)) or result.metric_value != result.metric_value:
                raise DataError(f"{result.metric_name} has no value", where=f"{self.name}: {result.dataset_name}")
        data = ModelCardData(
            license=self.licence if self.licence != "unknown" else "other",
            license_name=None if self.licence not in ("other", "unknown") else "see-card",
            library_name=self.library_name,
            pipeline_tag=self.pipeline_tag,
            tags=["auscultation", "body-sound", "hf_auscult", *self.tags],
            base_model=list(self.base_model) or None,
            datasets=list(self.datasets) or None,
            language=list(self.language) or None,
            model_name=self.name,
            eval_results=list(self.results) or None,
        )
        return data.to_yaml()


@cache
def families() -> Mapping[str, Mapping[str, Any]]:
    """What is known of each published family: title, source, licences, citation; see families.yaml."""
    text = resources.files(__package__).joinpath("families.yaml").read_text("utf-8")
    table: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return table


def most_restrictive(licences: Iterable[str]) -> str:
    """Return the tag that a work made from others must keep to; unknown ones bind most.

    Example:
        >>> most_restrictive(["apache-2.0", "cc-by-nc-4.0", "odc-by"])
        'cc-by-nc-4.0'
    """
    return max(licences, key=lambda tag: RESTRICTIONS.index(tag) if tag in RESTRICTIONS else len(RESTRICTIONS) - 2)


def data_licences(names: Iterable[str]) -> dict[str, str]:
    """Return the Hub's licence tag of each dataset; unknown ones are `unknown`."""
    return {name: DATASETS[name].licence_tag if name in DATASETS else "unknown" for name in names}


def template(name: str) -> Any:
    """Return a card's template."""
    environment = Environment(
        loader=PackageLoader("hf_auscult.hub"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


__all__ = ["CODE_LICENCE", "RESEARCH_ONLY", "CardHead", "data_licences", "families", "most_restrictive", "template"]
