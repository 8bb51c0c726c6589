"""What OPERA's splits of COUGHVID and Coswara share: they are drawn again from the complete tables, by its seeds.

They were drawn by code with fixed seeds (evelyn0414/OPERA, ``coughvid_split.py``, ``coswara_processing.py`` and
``linear_eval.py``), so the tables and the seeds give them, to the last recording. A table with other people in it would
give another split: it is refused. AcuLa took the splits over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ..errors import ConfigurationError

Member = TypeVar("Member", bound=object)


def halves(rest: Sequence[Member], *, share: float, seed: int, stratify: Any = None) -> dict[Member, str]:
    """Divide what is not test into train and validation, as scikit-learn draws it."""
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(list(rest), test_size=share, random_state=seed, stratify=stratify)
    return dict.fromkeys(train, "train") | dict.fromkeys(validation, "validation")


def check_complete(dataset: str, found: object, wanted: object) -> None:
    """Refuse another table than the complete one.

    Raises:
        ConfigurationError: it holds something else to split.
    """
    if found != wanted:
        raise ConfigurationError(
            f"OPERA's split follows from the complete table ({wanted} to split); this one has {found}",
            where=dataset,
            remedy="use the complete table, or SplitSpec(name='subject')",
        )
