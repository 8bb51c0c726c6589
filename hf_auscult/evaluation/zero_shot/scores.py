"""Classes without a trained head: from prompts directly, or by way of retrieved training reports."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from numpy.typing import ArrayLike

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, numbers
from ...metrics.retrieval import unit_rows, zero_shot_scores
from .neighbours import Search, nearest


def zero_shot(
    audio_embeddings: ArrayLike,
    class_embeddings: Mapping[str, ArrayLike],
    *,
    report_keys: ArrayLike | None = None,
    report_values: ArrayLike | None = None,
    report_ids: Sequence[Hashable] | None = None,
    top_k: int = 5,
    search: Search = "exact",
) -> Floats:
    """Scores of each class for each recording, without a task-specific weight.

    Without reports: cosine of the recording with the class's mean prompt. With reports (AcuLa's procedure): retrieve
    the ``top_k`` training reports nearest to the recording, then take the cosine of the mean of those reports with the
    class's mean prompt. The procedure uses no label of the training set, but its reports may state one: mask them.

    Args:
        audio_embeddings: (n, d) in the shared space.
        class_embeddings: label -> (p, e) prompt embeddings; columns of the result follow this order.
        report_keys: (m, d) training reports in the shared space: what recordings are compared with.
        report_values: (m, e) the same reports in the text encoder's own space: what prompts are compared with. Left
            out, one text encoder serves both and e = d.
        report_ids: (m,) text or hash; equal reports are retrieved once (their first row), else five copies of one
            report fill the top five.
        top_k: reports per recording. Equal similarities are taken in the order of the rows.
        search: of :func:`hf_auscult.evaluation.probes.nearest`; the scores are the same.

    Returns:
        (n, classes) cosines in [-1, 1]. For AUROC take :func:`margins`.

    Raises:
        DataError: NaN, unequal widths or lengths, no class.
        ConfigurationError: ``top_k`` below 1 or above the number of distinct reports; values without keys.

    Source: AcuLa (arXiv:2512.04847), section IV-C, there with FAISS and a separate text model in the second step.

    Example:
        >>> prompts = {"normal": [[1.0, 0.0]], "wheeze": [[0.0, 1.0]]}
        >>> zero_shot([[0.1, 0.9]], prompts, report_keys=[[0, 1], [0, 2], [1, 0]], top_k=2).tolist()
        [[0.0, 1.0]]
    """
    clips = numbers(audio_embeddings, "audio embeddings", dimensions=(2,))
    if report_keys is None:
        if report_values is not None or report_ids is not None:
            raise ConfigurationError("reports without report_keys cannot be retrieved", where="report_keys")
        return zero_shot_scores(clips, class_embeddings)
    keys = numbers(report_keys, "report keys", dimensions=(2,))
    values = keys if report_values is None else numbers(report_values, "report values", dimensions=(2,))
    if keys.shape[1] != clips.shape[1]:
        raise DataError(f"{keys.shape[1]} wide, the audio {clips.shape[1]}", where="report keys")
    if len(keys) != len(values):
        raise DataError(f"{len(values)} rows for {len(keys)} keys", where="report values")
    found = nearest(clips, keys, top_k, ids=report_ids, search=search)
    return zero_shot_scores(unit_rows(values)[found.rows].mean(axis=1), class_embeddings)


def margins(scores: ArrayLike) -> Floats:
    """Each class's score minus the mean of the other classes' scores: what ranks recordings, not how loud they match.

    Raw cosines share an offset per recording that AUROC would rank by; the margin removes it.

    Args:
        scores: (n, classes), at least two classes.

    Raises:
        DataError: fewer than two classes, or NaN.

    Example:
        >>> margins([[0.5, 0.75]]).tolist()
        [[-0.25, 0.25]]
    """
    table = numbers(scores, "scores", dimensions=(2,))
    classes = table.shape[1]
    if classes < 2:
        raise DataError("one class has nothing to be compared with", where="scores")
    others: Floats = (table.sum(axis=1, keepdims=True) - table) / (classes - 1)
    return table - others
