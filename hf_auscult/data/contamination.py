"""Which public models and corpora have seen which datasets: a register with sources, so that results can say so.

``contamination.yaml`` lists the trainings; each dataset of the catalogue names those that used it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from ..errors import ConfigurationError
from .catalogue import DATASETS

EVIDENCE = ("paper", "code", "second-hand", "unknown")
PARTS = ("all", "train", "unknown")


@dataclass(frozen=True)
class Exposure:
    """A model or corpus that was trained on a dataset.

    Args:
        model: short name of the model or corpus.
        dataset: name in ``DATASETS``, or another; ``unknown`` where the training data are not published.
        part: ``train`` where test people were held out, ``all`` where not, ``unknown`` where it is not stated: then
            test people must be taken for seen.
        evidence: ``paper``, ``code``, ``second-hand`` or ``unknown``.
        source: where it is written.
    """

    model: str
    dataset: str
    part: str
    evidence: str
    source: str

    @property
    def sees_test_people(self) -> bool:
        """Whether people of a test split may have been trained on."""
        return self.part != "train"


def register() -> tuple[Exposure, ...]:
    """Read the register: trainings on datasets of the catalogue, then on others.

    Raises:
        ConfigurationError: a dataset names a training that is not listed, or describes one of its own badly.
    """
    trainings = _trainings()
    found: list[Exposure] = []
    for name, spec in DATASETS.items():
        for entry in spec.contamination:
            training = trainings.get(entry) if isinstance(entry, str) else entry
            if training is None:
                raise ConfigurationError(
                    f"no training {entry!r}", where=name, remedy=f"name one of {', '.join(trainings)}, or describe it"
                )
            found += _exposures(training, name)
    for training in trainings.values():
        for name in training.get("elsewhere") or ():
            found += _exposures(training, name)
    return tuple(found)


def _exposures(training: Mapping[str, Any], dataset: str) -> Iterator[Exposure]:
    try:
        part, evidence, source = training["part"], training["evidence"], training["source"]
        if part not in PARTS or evidence not in EVIDENCE or not source:
            raise ValueError(f"part {part!r}, evidence {evidence!r}")
        yield from (Exposure(model, dataset, part, evidence, source) for model in training["models"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"a training is badly described ({error})", where=dataset, remedy="give models, part, evidence and source"
        ) from error


@cache
def _trainings() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files(__package__).joinpath("contamination.yaml").read_text("utf-8")
    content: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return content


def exposures(model: str, dataset: str | None = None) -> tuple[Exposure, ...]:
    """Say what is known of a model: every dataset it has seen, or its exposure to one.

    A model whose training data are not published counts as exposed to everything.

    Args:
        model: short name, e.g. ``opera-ct``; a Hub id or folder counts by its last part.
        dataset: only this one.

    Example:
        >>> [item.part for item in exposures("auscult/opera-ct", "icbhi")]
        ['unknown']
    """
    name = model.rstrip("/").rpartition("/")[2].lower()
    known = (item for item in register() if item.model == name)
    return tuple(item for item in known if dataset is None or item.dataset in (dataset, "unknown"))
