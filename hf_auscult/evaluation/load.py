"""A benchmark task with its recordings, from a folder of prepared datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .probes import ProbeSettings, PublishedProbe
from .suites import task_of
from .task import BenchmarkTask

if TYPE_CHECKING:
    import datasets

_FACTS = ("audio_sha256", "split_sha256", "split", "complete", "presence", "warnings")


@dataclass(frozen=True, eq=False)
class Task:
    """A task that can be run.

    Args:
        spec: what it is.
        dataset: its splits; ``audio`` undecoded, ``label``, ``subject_id`` and the dataset's own columns.
        manifests: dataset -> how it was prepared: hashes, split, warnings.
        protocol: ``default`` or ``published``: whose probe :attr:`probe` is.
        train: where it is trained on another dataset: that one's splits.
    """

    spec: BenchmarkTask
    dataset: datasets.DatasetDict
    manifests: dict[str, dict[str, Any]]
    protocol: str = "default"
    train: datasets.DatasetDict | None = None

    @property
    def metric(self) -> str:
        """The leading metric."""
        return self.spec.metrics[0]

    @property
    def probe(self) -> ProbeSettings | PublishedProbe:
        """Settings of the protocol's probe, for :func:`hf_auscult.evaluation.probes.run_probe`."""
        return self.spec.probe(self.protocol)

    def positive(self, classes: Sequence[str]) -> str:
        """Which of the task's classes is the positive one; empty unless it is about two.

        Raises:
            ConfigurationError: of two classes, nobody has said which.
        """
        from ..data.load import positive_class

        if self.spec.target != "class":
            return ""
        manifest = self.manifests[self.spec.dataset]
        return positive_class(manifest, self.spec.config, classes, asked=self.spec.positive)

    @property
    def leaks(self) -> bool:
        """Whether a split was prepared with leaks allowed."""
        return any(leaks(manifest) for manifest in self.manifests.values())

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """Dataset -> hashes, split, warnings and whether the split leaks: what a result rests on."""
        return {
            name: {
                "content_sha256": manifest["content_sha256"][self.spec.config],
                **{key: manifest[key] for key in _FACTS},
                "leaks": leaks(manifest),
            }
            for name, manifest in self.manifests.items()
        }


def load_task(key: str | BenchmarkTask, *, root: str | Path, protocol: str = "default") -> Task:
    """Load a benchmark task's recordings with their split.

    Args:
        key: e.g. ``acula18/T8``, or a task of your own.
        root: folder of prepared datasets, each in a folder of its name.
        protocol: whose probe ``.probe`` is: the ``default`` one, or the papers' own (``published``).

    Returns:
        The task, with ``.dataset``, ``.metric``, ``.protocol`` and ``.probe``.

    Raises:
        ConfigurationError: no such task or protocol, or a published protocol that the task does not have.
        DataError: its dataset is not prepared; the message says what to download and how to prepare it.
        LeakageError: its split shares people and was not prepared as one that does.

    Example:
        `load_task("acula18/T17", root="prepared").dataset["train"].features["label"].names`
    """
    spec = task_of(key) if isinstance(key, str) else key
    spec.probe(protocol)  # an unknown protocol is refused before anything is read
    missing = missing_data(spec, root)
    if missing:
        raise DataError("; ".join(missing.values()), where=Path(root), remedy="prepare it there")
    loaded = {name: _load(name, spec.config, Path(root)) for name in spec.datasets}
    manifests = {name: manifest for name, (_, manifest) in loaded.items()}
    train = loaded[spec.datasets[0]][0] if len(loaded) > 1 else None
    return Task(spec, loaded[spec.dataset][0], manifests, protocol, train)


def leaks(manifest: Mapping[str, Any]) -> bool:
    """Whether a prepared split was allowed to share people or recordings."""
    return bool(manifest["split"].get("allow_leakage"))


def missing_data(spec: BenchmarkTask, root: str | Path) -> dict[str, str]:
    """Dataset -> what to download and how to prepare it, for every dataset of a task that is not in ``root``.

    Example:
        >>> from hf_auscult.evaluation.suites import task_of
        >>> print(missing_data(task_of("acula18/T8"), "nowhere")["kauh"])  # doctest: +ELLIPSIS
        kauh: get https://..., then hf-auscult prepare kauh --source ... --output nowhere/kauh
    """
    from ..data import DATASETS
    from ..data.manifest import MANIFEST

    found = {}
    for name in spec.datasets:
        if (Path(root) / name / MANIFEST).is_file():
            continue
        source = f"get {DATASETS[name].source_url}, then " if name in DATASETS else ""
        verb = name if name in DATASETS else "from_folder"
        found[name] = f"{name}: {source}hf-auscult prepare {verb} --source DIR --output {Path(root) / name}"
    return found


def require_positive(spec: BenchmarkTask, root: str | Path) -> None:
    """Refuse a task of two classes whose positive one nobody has named, before anything is encoded.

    Raises:
        ConfigurationError: both names are in the message.
    """
    from ..data.load import manifest_of

    if spec.target != "class" or missing_data(spec, root):
        return
    manifest = manifest_of(Path(root) / spec.dataset)
    parts = manifest["configs"].get(spec.config, {})
    classes = sorted({name for counts in parts.values() for name in counts["labels"]})
    Task(spec, {}, {spec.dataset: manifest}).positive(classes)  # no rows are needed for it


def _load(name: str, config: str, root: Path) -> tuple[datasets.DatasetDict, dict[str, Any]]:
    from ..data.load import load_prepared, manifest_of

    manifest = manifest_of(root / name)
    return load_prepared(root / name, config, allow_leakage=leaks(manifest)), manifest
