"""People sorted into subgroups: age groups, and which rows belong to whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigurationError, DataError
from .arrays import Integers, one_spelling_each

FEWEST_CASES = 20  # people; below, a subgroup's figure is refused


def age_groups(ages: ArrayLike, edges: Sequence[float] = (1, 3, 18, 40, 65)) -> NDArray[np.str_]:
    """Name the age group of each row in years: "<1", "1-3", ..., "65+"; unknown ages (NaN) give "".

    Args:
        ages: (n,) years.
        edges: lower ends of the groups but the first, ascending; an age on an edge belongs to the older group.

    Raises:
        DataError: a negative age.
        ConfigurationError: edges that do not ascend.

    Example:
        >>> age_groups([0.5, 1, 70, float("nan")]).tolist()
        ['<1', '1-3', '65+', '']
    """
    if not len(edges) or list(edges) != sorted(set(edges)):
        raise ConfigurationError(f"{list(edges)} do not ascend", where="edges")
    years = np.asarray(ages, dtype=np.float64)
    if (years < 0).any():
        raise DataError(f"row {int(np.argmax(years < 0))} is negative", where="ages")
    inner = [f"{low:g}-{high:g}" for low, high in pairwise(edges)]
    names = np.array([f"<{edges[0]:g}", *inner, f"{edges[-1]:g}+"])
    found: NDArray[np.str_] = np.where(np.isnan(years), "", names[np.searchsorted(edges, years, side="right")])
    return found


def group_rows(groups: ArrayLike, n: int) -> dict[str, Integers]:
    """Rows of each group, names sorted; rows whose group is missing ("", None, NaN) belong to none.

    Raises:
        DataError: another number of rows than ``n``, or one group under several spellings.

    Example:
        >>> {name: rows.tolist() for name, rows in group_rows(["m", "", "f", "m"], 4).items()}
        {'f': [2], 'm': [0, 3]}
    """
    column = np.asarray(groups, dtype=object)
    if column.ndim != 1 or len(column) != n:
        raise DataError(f"shape {column.shape} for {n} rows", where="groups")
    names = np.array(["" if value is None or value != value else str(value) for value in column])
    known = [str(name) for name in np.unique(names) if name]
    one_spelling_each(known, "groups")
    return {name: np.flatnonzero(names == name) for name in known}
