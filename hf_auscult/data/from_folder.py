"""A folder of recordings with its ``metadata.csv`` becomes a dataset with every guarantee of the public ones."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..metrics.arrays import one_spelling_each
from .generic import OWN_COLUMNS, TABLE, GenericColumns, GenericTable, other_columns, read_generic
from .preparation import prepare
from .report import PrepareReport
from .schema import ORGANS, Kind
from .spec import DatasetSpec, Stratum, TaskConfig

NO_SUBJECTS = (
    "the table has no subject_id column: every recording stands for a person of its own, so a person recorded twice "
    "can be on both sides of a split unless the recordings sound alike"
)
LONGEST_CLASS = 100  # letters: more is a text, and no figure has room for it
MOST_CLASSES = 100  # a column with more different values is an id or a number, not a class


def folder_spec(
    source: str | os.PathLike[str],
    *,
    name: str | None = None,
    organ: str | None = None,
    licence: str = "unknown",
    columns: GenericColumns | None = None,
    positive: str = "",
) -> DatasetSpec:
    """Describe a folder by its table: its columns, its people and the classes of its labels.

    Args:
        source: folder with ``metadata.csv``: ``path`` and, best, ``subject_id``, ``label`` and whatever else is known
            (see :mod:`hf_auscult.data.generic`).
        name: short name of the dataset; the folder's by default.
        organ: what is heard, where the table does not say; one of ``ORGANS``.
        licence: of the recordings.
        columns: what the table's columns are called, where they are called otherwise.
        positive: of two labels, the one that sensitivity, F1 and the AUROC are of; a task of two classes without one
            is prepared but cannot be scored.

    Raises:
        DataError: no table, one that cannot be read, or one class under several spellings.
        ConfigurationError: an organ or name that cannot be used, labels that are no classes, or a positive one that is
            none of them.
    """
    folder = Path(source)
    title = name or folder.resolve().name
    if not title.replace("-", "_").isidentifier():
        raise ConfigurationError(f"{title!r} is no name for a dataset", remedy="give a name of letters, digits and _")
    if organ is not None and organ not in ORGANS:
        raise ConfigurationError(f"organ is {organ!r}", remedy=f"use one of {', '.join(ORGANS)}")
    columns = columns or GenericColumns()
    extra: dict[str, Kind] = other_columns(folder, columns=columns)
    table = GenericTable(title, organ, licence, columns=columns, extra=extra, subjects=False)
    first = read_generic(folder, table)
    # A person is known only where every line names one; a line without one is then a problem, not a person.
    subjects = any(row["subject_id"] != f"{title}:{row['recording_id']}" for row in first.rows)
    labels = Counter(row["original_label"] for row in first.rows if row["original_label"] is not None)
    one_spelling_each(labels, name=f"{folder / TABLE}, column {columns.label!r}")
    tasks = [TaskConfig("recordings")]
    if len(labels) > MOST_CLASSES:
        raise ConfigurationError(
            f"{len(labels)} different labels are no classes", where=folder / TABLE, remedy="leave the label column out"
        )
    if longest := max((label for label in labels if len(label) > LONGEST_CLASS), key=len, default=""):
        raise ConfigurationError(
            f"a label of {len(longest)} letters ({longest[:30]!r} …) is no class",
            where=folder / TABLE,
            remedy="shorten it, or leave the label column out",
        )
    if positive and len(labels) < 2:
        raise ConfigurationError(f"positive is {positive!r}, the labels are {sorted(labels)}", where=folder / TABLE)
    if len(labels) > 1:
        unlabelled: tuple[str | None, ...] = (None,)
        tasks.append(
            TaskConfig(
                "label",
                column="original_label",
                classes=tuple(sorted(labels)),
                rule={label: label for label in labels},
                left_out=unlabelled,
                why_left_out="the table gives it no label",
                positive=positive,
            )
        )
    rarest_first = tuple((label,) for label, _ in reversed(labels.most_common()))
    return DatasetSpec(
        name=title,
        title=title,
        version="1",
        organ=organ or "body",
        licence=licence,
        licence_tag="other" if licence != "unknown" else "unknown",
        licence_note="As stated by whoever prepared it.",
        citation="none given",
        source_url="a folder of its owner",
        columns={**OWN_COLUMNS, **extra},
        tasks=tuple(tasks),
        strata=(Stratum("original_label", rarest_first),) if labels else (),
        subject_warning="" if subjects else NO_SUBJECTS,
        read=partial(read_generic, table=replace(table, subjects=subjects)),
    )


def from_folder(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    name: str | None = None,
    organ: str | None = None,
    licence: str = "unknown",
    columns: GenericColumns | None = None,
    positive: str = "",
    **settings: Any,
) -> PrepareReport:
    """Prepare a folder of recordings with a table: subject-disjoint splits, quarantine, card, ``load_dataset``.

    Args:
        source, name, organ, licence, columns, positive: see :func:`folder_spec`.
        output: folder to write.
        settings: of :func:`hf_auscult.data.prepare` (``split``, ``num_proc`` …).

    Example:
        >>> from_folder("my_recordings", "prepared/mine", organ="heart")  # doctest: +SKIP
        >>> datasets.load_dataset("prepared/mine", "label")  # doctest: +SKIP
    """
    spec = folder_spec(source, name=name, organ=organ, licence=licence, columns=columns, positive=positive)
    return prepare(spec, source, output, **settings)
