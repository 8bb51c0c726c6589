"""Which public models and corpora have seen which datasets: a register with sources, so that results can say so."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..errors import DataError

EVIDENCE = ("paper", "code", "second-hand", "unknown")
PARTS = ("all", "train", "unknown")


@dataclass(frozen=True)
class Exposure:
    """A model or corpus that was trained on a dataset.

    Args:
        model: short name of the model or corpus.
        dataset: name in ``DATASETS``, or another; ``unknown`` where the training data are not published.
        part: ``train`` where test people were held out, ``all`` where not, ``unknown`` where nobody says: then test
            people must be taken for seen.
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


@cache
def register() -> tuple[Exposure, ...]:
    """Read the register.

    Raises:
        DataError: the file is damaged.
    """
    lines = resources.files(__package__).joinpath("contamination.tsv").read_text("utf-8").splitlines()
    reader = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    try:
        found = tuple(Exposure(**row) for row in reader)
    except TypeError as error:
        raise DataError("the register is damaged", where="contamination.tsv", remedy="reinstall") from error
    if any(item.evidence not in EVIDENCE or item.part not in PARTS or not item.source for item in found):
        raise DataError("the register is damaged", where="contamination.tsv", remedy="reinstall")
    return found


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
