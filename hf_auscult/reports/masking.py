"""Which facts a report may use. Masking takes facts away before a word is written; it never edits a text.

Per dataset and task, the catalogue declares what gives the label away (``masks`` in its ``dataset.yaml``). ``paper`` is
appendix E of arXiv 2512.04847: the label's own field and every diagnosis or outcome go, findings stay, so the label can
often still be read off them. ``strict`` takes those away too, and context through which the label shows. ``middle``
takes from ``paper`` only what is measured to tell the label, and keeps the rest (:mod:`hf_auscult.reports.middle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..data import DATASETS
from ..data.facts import Fact, FieldMapping, Kind, TaskLabels
from ..errors import ConfigurationError
from .facts import FACTS

STRENGTHS: tuple[str, ...] = ("none", "findings", "paper", "strict", "context")
MASKS: tuple[str, ...] = (*STRENGTHS, "middle")
"""Those that are declared, and the one that is measured, see :func:`hf_auscult.reports.middle_mask`."""
_ALL: frozenset[Kind] = frozenset({"context", "finding", "diagnosis"})
_LEAKS = {
    "none": "states everything, the labels among it: a probe on the text alone finds them",
    "findings": (
        "states what was heard and concluded, the labels among it, and nothing about the person; of the place only "
        "whether a murmur is heard at it"
    ),
    "paper": (
        "findings stay: where they restate the label, or are stated only where it is positive, a text still gives it "
        "away"
    ),
    "strict": "what restates the label and the declared context are taken away; the rest is to be measured at chance",
    "context": (
        "nothing that was heard or concluded: a control for what the person and the way of recording tell, which can "
        "be much where one group only was asked about symptoms"
    ),
    "middle": "facts were taken away in order of what they tell about the label until no reader told it from chance",
}


@dataclass(frozen=True)
class Mask:
    """What reports of one dataset may state when one task's label is to be hidden.

    Args:
        name: strength, one of :data:`STRENGTHS`.
        dataset: whose facts.
        task: whose label is hidden; None for the labels of all its tasks.
        kinds: kinds of fact that stay.
        without: field whose facts are taken away -> why.
        noun: what a murmur is called.
        leaks: what a text still gives away.
    """

    name: str
    dataset: str
    task: str | None
    kinds: frozenset[Kind]
    without: Mapping[str, str] = field(default_factory=dict)
    noun: str = "murmur"
    leaks: str = ""

    def keep(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        """Facts that may be stated, in their order."""
        return tuple(fact for fact in facts if fact.kind in self.kinds and fact.field not in self.without)


def mask_of(dataset: str, task: str | None, strength: str, *, measured: Mapping[str, str] | None = None) -> Mask:
    """Find the mask of a dataset's task.

    Args:
        dataset: a name of :data:`hf_auscult.reports.FACTS`, or the path of a field mapping in YAML.
        task: whose label is hidden; None hides the labels of all its tasks.
        strength: ``none``, ``paper``, ``strict``; or, whatever the task, ``findings``: only what was heard or
            concluded, and ``context``: a control in which nothing of that is stated.

    Raises:
        ConfigurationError: no such dataset, task or strength, or ``middle`` without what was measured.

    Example:
        >>> mask = mask_of("circor", "murmur", "paper")
        >>> mask.noun, sorted(mask.without)
        ('sound', ['murmur'])
    """
    tasks, always = _tasks(dataset)
    if strength not in MASKS:
        raise ConfigurationError(f"no mask {strength!r}", remedy=f"choose one of {', '.join(MASKS)}")
    if strength == "middle" and (task is None or measured is None):
        raise ConfigurationError(
            "the mask middle is measured on a task's rows", remedy="name a task, and give what middle_mask found"
        )
    if task is not None and task not in tasks:
        raise ConfigurationError(
            f"no mask for task {task!r}", where=dataset, remedy=f"choose one of {', '.join(tasks)}"
        )
    whatever_the_task: dict[str, frozenset[Kind]] = {
        "none": _ALL,
        "findings": _ALL - {"context"},
        "context": frozenset({"context"}),
    }
    if (kinds := whatever_the_task.get(strength)) is not None:
        noun = "" if strength == "context" else "murmur"
        return Mask(strength, dataset, task, kinds, noun=noun, leaks=_LEAKS[strength])
    without: dict[str, str] = {}
    for name in tasks if task is None else (task,):
        without |= dict.fromkeys(tasks[name].label, f"is the label of {name}")
        if strength == "strict":
            without |= {column: why for column, why in tasks[name].strict.items() if column not in without}
    without |= {column: why for column, why in (*always.items(), *(measured or {}).items()) if column not in without}
    kinds = _ALL - {"diagnosis"}
    return Mask(strength, dataset, task, kinds, without, noun="sound", leaks=_LEAKS[strength])


def _tasks(dataset: str) -> tuple[Mapping[str, TaskLabels], Mapping[str, str]]:
    """What gives each task's label away, and what is masked whatever the task."""
    if Path(dataset).suffix in (".yaml", ".yml"):
        return FieldMapping.from_yaml(dataset).tasks, {}
    if dataset not in FACTS:
        raise ConfigurationError(f"no masks for dataset {dataset!r}", remedy=f"choose one of {', '.join(FACTS)}")
    return DATASETS[dataset].masks, DATASETS[dataset].masked
