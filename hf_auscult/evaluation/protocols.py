"""Which published probe belongs to which task."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConfigurationError
from .probes.published import AUSCULTABENCH, AUSCULTABENCH_MULTILABEL, OPERA, OPERA_TASKS, PublishedProbe
from .task import BenchmarkTask

PUBLISHED: Mapping[str, PublishedProbe] = {
    **{f"opera-{name}": settings for name, settings in OPERA_TASKS.items()},
    "opera": OPERA,
    "auscultabench": AUSCULTABENCH,
    "auscultabench-multilabel": AUSCULTABENCH_MULTILABEL,
}
"""Name in ``BenchmarkTask.published`` -> settings. ``opera`` is its usual head, for tasks that OPERA does not have."""


def published_probe(spec: BenchmarkTask) -> PublishedProbe:
    """The papers' probe of a task.

    Raises:
        ConfigurationError: it has none: no paper probed it.

    Example:
        >>> from hf_auscult.evaluation import task_of
        >>> published_probe(task_of("acula18/T8")).epochs
        50
    """
    if spec.published not in PUBLISHED:
        raise ConfigurationError("no paper probed this task", where=spec.key, remedy="use the default protocol")
    return PUBLISHED[spec.published]
