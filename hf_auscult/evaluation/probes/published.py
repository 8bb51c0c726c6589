"""The published probes as data: OPERA's classification and leave-one-subject-out heads, AuscultaBench's head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from ...errors import ConfigurationError

Kind = Literal["classification", "multilabel", "regression"]


@dataclass(frozen=True)
class ValidationCut:
    """How a script takes its validation rows out of the training rows (scikit-learn's ``train_test_split``).

    Rows, not people, are drawn, as in the scripts: one person may stand on both sides.
    """

    share: float
    seed: int
    stratify: bool


@dataclass(frozen=True)
class PublishedProbe:
    """A head trained by gradient steps, with the original script's order of random draws.

    Attributes:
        kind: what is predicted; decides loss (cross-entropy, binary cross-entropy, squared error).
        head: one linear layer, or d -> d, ReLU -> outputs.
        weights: N(0, 0.01), or Glorot uniform; biases start at 0.
        learning_rate: of Adam.
        decay: factor on the learning rate after every epoch.
        l2: times the sum of squares of all parameters, biases included, added to the loss.
        clip: largest norm of a run's gradient.
        epochs: passes over the training rows.
        batch_size: rows per step.
        seeds: one run each.
        validation: cut for splits without validation rows; None demands them.
        select: where the best epoch is chosen. "test" is a defect of the original, kept because its figures are
            made that way, and marked in every outcome.
        monitor: what is compared; AUROC is torchmetrics' single-precision one-versus-rest mean.
        every_n_epochs: only every n-th epoch can be kept.
        tie: whether the first or the last of equal epochs is kept.
        patience: epochs without an improvement by ``min_delta`` before a run ends; None never ends early.
        min_delta: see ``patience``.
        shuffled_validation: the script shuffles its validation loader, which draws one more seed per epoch.
        centre_targets: predict ``head(x) * std + mean`` of the training targets.
        standardise: columns to mean 0 and deviation 1 over a fold's training rows, those of its validation cut included
            (OPERA's regressions do so with openSMILE features alone).
        downsample: every run learns from as many rows of each class as the rarest has, drawn by numpy's generator of
            its seed after the cut (OPERA does so with VGGish on Coswara alone).

    Example:
        >>> OPERA_TASKS["kauh"].epochs, OPERA_TASKS["kauh"].every_n_epochs
        (50, 5)
    """

    kind: Kind = "classification"
    head: Literal["linear", "mlp"] = "linear"
    weights: Literal["normal", "xavier"] = "normal"
    learning_rate: float = 1e-4
    decay: float = 0.97
    l2: float = 1e-5
    clip: float = 1.0
    epochs: int = 64
    batch_size: int = 64
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    validation: ValidationCut | None = None
    select: Literal["validation", "test"] = "validation"
    monitor: Literal["auroc", "mae", "macro_f1"] = "auroc"
    every_n_epochs: int = 1
    tie: Literal["first", "last"] = "first"
    patience: int | None = None
    min_delta: float = 0.0
    shuffled_validation: bool = True
    centre_targets: bool = False
    standardise: bool = False
    downsample: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.every_n_epochs <= self.epochs or self.batch_size < 1 or not self.seeds:
            raise ConfigurationError(
                f"epochs {self.epochs}, every_n_epochs {self.every_n_epochs}, batch_size {self.batch_size}, "
                f"seeds {self.seeds}: no epoch would ever be kept",
                where="published probe",
                remedy="give at least one seed, one row per batch and 1 <= every_n_epochs <= epochs",
            )
        if (self.kind == "regression") != (self.monitor == "mae"):
            raise ConfigurationError(
                f"{self.kind} watched by {self.monitor}", where="monitor", remedy="regression uses 'mae', others not"
            )
        if self.kind == "multilabel" and self.monitor == "auroc":
            raise ConfigurationError("multilabel watched by auroc", where="monitor", remedy="use 'macro_f1'")


OPERA = PublishedProbe()
OPERA_FEATURES: Mapping[tuple[str, str], Mapping[str, bool]] = MappingProxyType(
    {
        ("opensmile", "mmlung"): {"standardise": True},
        ("opensmile", "nosemic"): {"standardise": True},
        ("vggish", "coswara"): {"downsample": True},
    }
)
"""What OPERA's script does with some models' features on some tasks: (model type, task) -> settings."""
_CUT = ValidationCut(0.2, 1337, stratify=True)
MMLUNG = PublishedProbe(
    kind="regression",
    l2=0.1,
    seeds=(0,),
    validation=ValidationCut(0.11, 42, stratify=False),
    monitor="mae",
    every_n_epochs=3,
    patience=5,
    min_delta=1e-3,
    shuffled_validation=False,
    centre_targets=True,
)
NOSEMIC = replace(
    MMLUNG, validation=ValidationCut(0.2, 42, stratify=False), every_n_epochs=1, patience=None, min_delta=0.0
)
# Each seed's rows and initial weights cannot be the original's: there the encoder draws from the same stream.
AUSCULTABENCH = PublishedProbe(
    weights="xavier",
    decay=0.99,
    batch_size=32,
    seeds=(0, 1, 2),
    select="test",
    monitor="macro_f1",
    tie="last",
    shuffled_validation=False,
)
AUSCULTABENCH_MULTILABEL = replace(AUSCULTABENCH, kind="multilabel")

OPERA_TASKS: Mapping[str, PublishedProbe] = MappingProxyType(
    {
        "coviduk": OPERA,
        "covid19sounds": OPERA,
        "coughvid": OPERA,
        "icbhidisease": replace(OPERA, batch_size=32, validation=_CUT),
        "coswara": replace(OPERA, batch_size=32, validation=_CUT),
        "kauh": replace(
            OPERA, batch_size=32, epochs=50, every_n_epochs=5, validation=ValidationCut(0.1, 1337, stratify=True)
        ),
        "copd": replace(OPERA, batch_size=32),
        "snoring": replace(OPERA, epochs=32, every_n_epochs=3),
        "mmlung": MMLUNG,
        "nosemic": NOSEMIC,
    }
)
