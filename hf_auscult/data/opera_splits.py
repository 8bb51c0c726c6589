"""The splits that OPERA drew from COUGHVID and Coswara, and AcuLa took over: drawn again from the complete tables.

They were drawn by code with fixed seeds (evelyn0414/OPERA, ``coughvid_split.py``, ``coswara_processing.py`` and
``linear_eval.py``), so the tables and the seeds give them, to the last recording. A table with other people in it would
give another split: it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..errors import ConfigurationError
from .schema import Row

NAMES = ("train", "validation", "test")
_COUGHVID, _COUGHVID_TEST = 10_746, {"female": 1031, "male": 1924}
_COSWARA: Mapping[str, tuple[int, int]] = {"gender": (759, 1737), "smoker": (201, 747)}
_COSWARA_TEST: Mapping[str, tuple[int, int]] = {"gender": (174, 478), "smoker": (43, 58)}
"""Column -> people with and without the trait: in all, and in the test part, whose size OPERA took from Google's."""


def coughvid(rows: Sequence[Row]) -> dict[str, str]:
    """Draw OPERA's split of COUGHVID: 5,843 / 1,948 / 2,955 recordings with ``cough_detected`` >= 0.8.

    Raises:
        ConfigurationError: the table is not the complete one of version 1.
    """
    from sklearn.model_selection import train_test_split

    coughs = sorted((row for row in rows if row["cough"] == "yes"), key=lambda row: str(row["recording_id"]))
    _complete("COUGHVID v1", len(coughs), _COUGHVID)
    test: set[str] = set()
    for gender, count in _COUGHVID_TEST.items():
        names = [str(row["recording_id"]) for row in coughs if row["gender"] == gender]
        test |= {names[index] for index in np.random.RandomState(0).choice(len(names), count, replace=False)}
    rest = [str(row["recording_id"]) for row in coughs if row["recording_id"] not in test]
    train, validation = train_test_split(rest, test_size=0.25, random_state=100)
    return dict.fromkeys(train, "train") | dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")


def coswara(column: str, trait: Mapping[str, bool]) -> Callable[[Sequence[Row]], dict[str, str]]:
    """Draw OPERA's split of Coswara for one trait: people whose two coughs are usable, both coughs on one side.

    Args:
        column: ``gender`` or ``smoker``.
        trait: value of the column -> whether it is the positive class; other values leave a person out.

    Returns:
        A function of rows that raises a ConfigurationError where their table is not the complete one.
    """

    def assign(rows: Sequence[Row]) -> dict[str, str]:
        from sklearn.model_selection import train_test_split

        usable = ("1", "2")
        coughs = [row for row in rows if row["modality"] in ("cough-heavy", "cough-shallow")]
        people = {
            row["table_line"]: (str(row["person_id"]), trait[row[column]])
            for row in coughs
            if row["quality"] in usable and row["partner_quality"] in usable and row[column] in trait
        }
        order = [people[line] for line in sorted(people)]
        labels = np.array([flag for _, flag in order], dtype=bool)
        _complete("Coswara", (int(labels.sum()), int((~labels).sum())), _COSWARA[column])
        random = np.random.RandomState(42)
        test: set[int] = set()
        for count, indices in zip(
            _COSWARA_TEST[column], (np.flatnonzero(labels), np.flatnonzero(~labels)), strict=True
        ):
            random.shuffle(indices)
            test |= set(indices[:count].tolist())
        rest = [index for index in range(len(order)) if index not in test]
        train, validation = train_test_split(rest, test_size=0.2, random_state=1337, stratify=labels[rest])
        part = {order[index][0]: "train" for index in train} | {order[index][0]: "validation" for index in validation}
        part |= {order[index][0]: "test" for index in test}
        return {str(row["recording_id"]): part[row["person_id"]] for row in coughs if row["person_id"] in part}

    return assign


def _complete(dataset: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ConfigurationError(
            f"OPERA's split follows from the complete table ({wanted} to split); this one has {found}",
            where=dataset,
            remedy="use the complete table, or SplitSpec(name='subject')",
        )
