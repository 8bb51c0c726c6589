"""The columns of every prepared example, and how they are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import datasets

Row = dict[str, Any]
Kind = Literal["string", "float", "bool", "strings", "events", "segmentation"]
Target = Literal["class", "value", "classes"]
TIMED = ("events", "segmentation")  # columns of intervals, in seconds from the start of the recording
OLDEST = 130.0  # years; the longest documented life is 122: a higher age is a typing error
ORGANS: tuple[str, ...] = ("lung", "heart", "cough", "bowel", "voice", "breath")

SITES: tuple[str, ...] = (
    "aortic",
    "pulmonary",
    "tricuspid",
    "mitral",
    "trachea",
    "left anterior",
    "right anterior",
    "left posterior",
    "left lateral",
    "right posterior",
    "right lateral",
    "abdomen",
    "mouth",
    "nose",
    "other",
)
"""Where on the body, one vocabulary for all datasets; "other" is a place the dataset itself does not name."""

SEXES: tuple[str, ...] = ("female", "male")
MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "none", "null"})


def text_or_none(value: str | None) -> str | None:
    """Trim a table cell; the words datasets write for "missing" become None.

    Example:
        >>> text_or_none(" nan "), text_or_none("Child ")
        (None, 'Child')
    """
    stripped = (value or "").strip()
    return None if stripped.lower() in MISSING_WORDS else stripped


def impossible(row: Row) -> str | None:
    """Say which number of a row cannot be meant, if there is one.

    That is one that is not finite, an age outside 0 to 130, or an event that ends before it starts or starts before the
    recording. Whether it ends with the recording shows when that is read.

    Example:
        >>> impossible({"age": -7000.0})
        'age is -7000, which is outside 0 to 130 years'
    """
    age = row.get("age")
    if age is not None and not 0 <= age <= OLDEST:
        return f"age is {age:g}, which is outside 0 to {OLDEST:g} years"
    for column, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            return f"{column} is {value:g}"
        if column in TIMED:
            for event in value or ():
                if not 0 <= event["start"] <= event["end"] < math.inf:
                    return f"{column}: one from {event['start']:g} to {event['end']:g} s is impossible"
    return None


def label_feature(classes: Sequence[str], target: Target = "class") -> Any:
    """How the label of a task is stored: one class, several, or a value.

    Example:
        >>> label_feature(("Absent", "Present")).names
        ['Absent', 'Present']
    """
    import datasets

    if target == "value":
        return datasets.Value("float64")
    one = datasets.ClassLabel(names=list(classes))
    return datasets.List(one) if target == "classes" else one


def segment_features(label: Any) -> dict[str, Any]:
    """Which part of its recording an example is (seconds), and its label."""
    import datasets

    seconds = datasets.Value("float64")
    return {"segment": datasets.Value("int32"), "segment_start": seconds, "segment_end": seconds, "label": label}


def features(extra: Mapping[str, Kind]) -> datasets.Features:
    """Columns of every prepared recording, without labels.

    The audio cell keeps the original file's bytes and its path relative to the source folder; it is not decoded, so
    the original rate and bit depth survive and neither FFmpeg nor torchcodec is needed to load it.

    Args:
        extra: the dataset's own columns, name -> kind. ``events`` is a list of ``{start, end, type}``, ``segmentation``
            a list of ``{start, end, state}``; times in seconds from the start of the recording.

    Example:
        >>> list(features({"murmur": "string"}))[-1]
        'murmur'
    """
    import datasets

    string, seconds = datasets.Value("string"), datasets.Value("float64")
    kinds: dict[Kind, Any] = {
        "string": string,
        "float": seconds,
        "bool": datasets.Value("bool"),
        "strings": datasets.List(string),
        "events": datasets.List({"start": seconds, "end": seconds, "type": string}),
        "segmentation": datasets.List({"start": seconds, "end": seconds, "state": datasets.Value("int32")}),
    }
    columns: dict[str, Any] = {
        "audio": datasets.Audio(decode=False),
        "recording_id": string,
        "subject_id": string,
        "person": string,  # the smallest subject id of all that share an id, a file or a take: who stays on one side
        "site": string,
        "device": string,
        "age": seconds,  # years
        "age_group": string,  # the dataset's own wording
        "sex": string,
        "organ": string,
        "duration": seconds,  # seconds
        "sampling_rate": datasets.Value("int32"),  # Hz, of the original file
        "audio_sha256": string,  # of the original file
        "licence": string,
        "source": string,
    }
    return datasets.Features(columns | {name: kinds[kind] for name, kind in extra.items()})
