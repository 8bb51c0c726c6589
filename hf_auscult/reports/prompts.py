"""Sentences that stand for a class, for zero-shot classification with an aligned encoder."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConfigurationError
from .cough_prompts import COUGH
from .heart_prompts import HEART, MURMURS
from .lung_prompts import LUNG, SPRSOUND

PROMPTS: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "circor": {
        "murmur": {
            "Absent": (
                "No murmur is heard.",
                "There is no murmur.",
                "The heart sounds are free of murmurs.",
                "Cardiac auscultation without a murmur.",
            ),
            "Present": (
                "A murmur is heard.",
                "A heart murmur is present.",
                "A systolic murmur is audible over the heart.",
                "Cardiac auscultation with a murmur.",
            ),
        },
        "outcome": {
            "Normal": (
                "The clinical outcome is normal.",
                "Overall, the outcome of the examination is normal.",
                "The cardiac evaluation concludes with a normal outcome.",
            ),
            "Abnormal": (
                "The clinical outcome is abnormal.",
                "Overall, the outcome of the examination is abnormal.",
                "The cardiac evaluation concludes with an abnormal outcome.",
            ),
        },
        **MURMURS,
    },
    "sprsound": {
        "normal_adventitious": {
            "Normal": (
                "Normal breath sounds are heard.",
                "There are no adventitious lung sounds.",
                "Lung auscultation without wheezes or crackles.",
            ),
            "Adventitious": (
                "Adventitious lung sounds are heard.",
                "There are wheezes or crackles.",
                "Lung auscultation with adventitious sounds.",
            ),
        },
        "record": {
            "Normal": (
                "Normal breath sounds are heard.",
                "There are no adventitious lung sounds.",
                "Lung auscultation without wheezes or crackles.",
            ),
            "CAS": (
                "Continuous adventitious sounds are heard.",
                "There are wheezes, rhonchi or stridor.",
                "Lung auscultation with continuous adventitious sounds only.",
            ),
            "DAS": (
                "Discontinuous adventitious sounds are heard.",
                "There are crackles.",
                "Lung auscultation with discontinuous adventitious sounds only.",
            ),
            "CAS & DAS": (
                "Continuous and discontinuous adventitious sounds are heard.",
                "There are both wheezes and crackles.",
                "Lung auscultation with continuous as well as discontinuous adventitious sounds.",
            ),
            "Poor Quality": (
                "The recording is of poor quality.",
                "The lung sounds cannot be judged because of noise.",
                "Lung auscultation of poor signal quality.",
            ),
        },
        **SPRSOUND,
    },
    **HEART,
    **LUNG,
    **COUGH,
}


def class_prompts(dataset: str, task: str) -> dict[str, list[str]]:
    """Give several phrasings of each class of a task, by label.

    Args:
        dataset: e.g. ``circor``.
        task: e.g. ``murmur``.

    Returns:
        label -> sentences, in the order of the task's classes.

    Raises:
        ConfigurationError: no prompts for that dataset or task.

    Example:
        >>> class_prompts("circor", "murmur")["Absent"][0]
        'No murmur is heard.'
    """
    if dataset not in PROMPTS:
        raise ConfigurationError(f"no prompts for dataset {dataset!r}", remedy=f"choose one of {', '.join(PROMPTS)}")
    tasks = PROMPTS[dataset]
    if task not in tasks:
        raise ConfigurationError(
            f"no prompts for task {task!r}", where=dataset, remedy=f"choose one of {', '.join(tasks)}"
        )
    return {label: list(sentences) for label, sentences in tasks[task].items()}
