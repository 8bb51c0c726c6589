"""Class sentences compared with recordings directly: together, one by one, and as probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...metrics.arrays import Floats
from ...metrics.retrieval import zero_shot_scores
from .evaluation_set import EvaluationSet, Row
from .probabilities import ZeroShotCalibration, calibrate_zero_shot, class_probabilities


@dataclass(frozen=True, eq=False)
class Direct:
    """What class sentences give without a trained head.

    Args:
        rows: all sentences together, raw and calibrated, and the base rates alone.
        sentences: one row a wording: the i-th sentence of every class.
        wording: their mean; the interval is of the mean.
        calibration: fitted on validation people; None, with the ``problem``, where it could not be.
        scores: (n, C) cosines with all sentences of a class together.
        probabilities: (n, C), calibrated.
        problem: why there are no probabilities.
    """

    rows: tuple[Row, ...]
    sentences: tuple[Row, ...]
    wording: Row
    calibration: ZeroShotCalibration | None
    scores: Floats
    probabilities: Floats | None
    problem: str = ""

    def range(self) -> tuple[Row, Row] | None:
        """The worst and the best wording by AUROC on the test people; None where it is undefined."""
        known = [(row.figures["auroc"].value, rank) for rank, row in enumerate(self.sentences)]
        defined = sorted((value, rank) for value, rank in known if value is not None)
        return (self.sentences[defined[0][1]], self.sentences[defined[-1][1]]) if defined else None


def direct(
    audio: Mapping[str, Floats],
    prompts: Mapping[str, Floats],
    sentences: Mapping[str, Sequence[str]],
    validation: NDArray[Any],
    tested: EvaluationSet,
    *,
    temperature: float,
) -> Direct:
    """Score recordings by the cosine with their classes' sentences.

    Args:
        audio: split -> (n, D) projected recordings; those of ``train`` give offsets and nothing else.
        prompts: class -> (p, D) projected sentences, in the order of the classes.
        sentences: class -> the sentences themselves.
        validation: labels of the validation recordings.
        tested: the test people.
        temperature: the model's own, for probabilities before calibration.

    Raises:
        DataError: embeddings that do not fit together.
    """
    scores = {split: zero_shot_scores(rows, prompts) for split, rows in audio.items() if len(rows)}
    test, reference = scores["test"], scores["train"]
    calibration: ZeroShotCalibration | None = None
    probabilities: Floats | None = None
    problem = ""
    plain = centred = prior = None
    if tested.multilabel:
        problem = "several classes hold at once, so there is no distribution over them"
    else:
        plain = class_probabilities(test, temperature=temperature)
        centred = class_probabilities(test, temperature=temperature, reference=reference)
        try:
            if "validation" not in scores:
                raise DataError("no validation people", remedy="prepare a split that has some")
            calibration = calibrate_zero_shot(validation, scores["validation"], reference)
            probabilities = calibration.probabilities(test)
            prior = np.tile(calibration.prior, (len(test), 1))
        except DataError as error:
            problem = str(error)
    rows = [tested.row("cosines", test, plain)]
    rows.append(tested.row("offsets taken out", test - reference.mean(axis=0), centred))
    if probabilities is not None and prior is not None:
        rows.append(tested.row("base rates and temperature", _log(probabilities), probabilities))
        rows.append(tested.row("floor: base rates alone", prior, prior))
    count = min(len(wordings) for wordings in prompts.values())
    single = np.stack(
        [zero_shot_scores(audio["test"], {name: p[[i]] for name, p in prompts.items()}) for i in range(count)]
    )
    return Direct(
        rows=tuple(rows),
        sentences=tuple(
            tested.row(" / ".join(wordings[i] for wordings in sentences.values()), single[i]) for i in range(count)
        ),
        wording=tested.row(f"mean over {count} wordings", single),
        calibration=calibration,
        scores=test,
        probabilities=probabilities,
        problem=problem,
    )


def _log(probabilities: Floats) -> Floats:
    """Log-probabilities, which rank as the probabilities do where those round to 0 or 1."""
    logged: Floats = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return logged
