"""How a dataset can be split, and what a decided split is: data, no code path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigurationError

DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}
IN_TURN = ("loso", "leave_one_source_out")
"""Families each of whose parts is tested by what the others teach; of all others one part is never tested."""
FAMILIES = ("subject", "official", "published", "loso", "demographic", "leave_one_source_out")


@dataclass(frozen=True)
class SplitSpec:
    """How a dataset is split.

    Args:
        name: the family. ``subject``: no person on two sides, stratified, deterministic. ``official``: as the dataset's
            authors published it. ``published``: as ``paper`` used it. ``loso``: one split a person.
            ``leave_one_source_out``: one split a value of ``by``. ``demographic``: ``subject`` over people chosen so
            that every stratum of age and sex holds as many of each class of ``task`` (COVID-19 report, 2511.14939).
        fractions: share of the people per split, summing to 1; ``subject`` and ``demographic`` only.
        stratify: columns to balance; None takes the dataset's own, () none; ``subject`` only.
        seed: another seed gives another split.
        allow_leakage: let a split that shares people or audio through; it must be asked for.
        by: column of the sources, e.g. ``device`` or ``site``.
        task: task whose classes are balanced.
        age_bands: first years of the bands after the first, for ``demographic``; the report does not state its own.
        prefixed_ids: whether a bare number and the same number after letters (``7``, ``P7``) are one person. None takes
            them for two, and warns where both occur.
        paper: ``opera``, ``auscultabench`` …, see ``DatasetSpec.published``.

    Raises:
        ConfigurationError: unknown name, fractions that do not sum to 1, or a setting that the family lacks or needs.

    Example:
        >>> SplitSpec(fractions={"train": 0.8, "test": 0.2}).seed
        0
    """

    name: str = "subject"
    fractions: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_FRACTIONS))
    stratify: tuple[str, ...] | None = None
    seed: int = 0
    allow_leakage: bool = False
    by: str | None = None
    task: str | None = None
    age_bands: tuple[int, ...] = (18, 30, 40, 50, 60)
    paper: str | None = None
    prefixed_ids: bool | None = None

    def __post_init__(self) -> None:
        if self.name not in FAMILIES:
            raise ConfigurationError(f"no split {self.name!r}", remedy=f"choose one of {', '.join(FAMILIES)}")
        for setting, family in (("by", "leave_one_source_out"), ("task", "demographic"), ("paper", "published")):
            if (getattr(self, setting) is None) == (self.name == family):
                raise ConfigurationError(
                    f"{setting}={getattr(self, setting)!r} with split {self.name!r}",
                    remedy=f"{setting} belongs to split {family!r}, which needs it",
                )
        shares = list(self.fractions.values())
        if not all(share > 0 for share in shares) or not abs(sum(shares) - 1) <= 1e-9:  # NaN fails both
            raise ConfigurationError(
                f"fractions {dict(self.fractions)} are not positive shares that sum to 1", remedy="correct them"
            )
        if not all(split.isidentifier() for split in self.fractions):
            raise ConfigurationError(f"split names {list(self.fractions)}", remedy="use plain words")
        if list(self.age_bands) != sorted(set(self.age_bands)):
            raise ConfigurationError(f"age bands {self.age_bands} do not rise", remedy="give first years in order")


@dataclass(frozen=True)
class SplitPlan:
    """A decided split.

    Args:
        splits: recording id -> split.
        names: the splits, in order.
        withheld: recording id -> why it is in no split.
        warnings: what the split cannot promise.
        leaks: what is known to be wrong with it; empty for a split that was checked.
        table: ``demographic``: per stratum and class, people before and after.
        people: recording id -> the person it is kept together with, see :func:`hf_auscult.data.people.people_of`.
    """

    splits: Mapping[str, str]
    names: tuple[str, ...]
    withheld: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    leaks: str = ""
    table: tuple[Mapping[str, Any], ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
