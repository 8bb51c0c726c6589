"""Every dataset that can be prepared: one folder each, with all that is known of it.

``dataset.yaml`` describes it (licence, columns, tasks, splits, facts, masks, prompts, shortcuts, contamination), and
``reader.py`` reads the original download. A dataset from elsewhere is added by :func:`register_dataset`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...errors import ConfigurationError
from ..spec import DatasetSpec
from .loading import FILE, load_dataset_folder


class Catalogue(Mapping[str, DatasetSpec]):
    """Name -> dataset, by name; a folder is read when it is first asked for."""

    def __init__(self, home: Path) -> None:
        self._folders = {file.parent.name: file.parent for file in sorted(home.glob(f"*/{FILE}"))}
        self._known: dict[str, DatasetSpec] = {}

    def __getitem__(self, name: str) -> DatasetSpec:
        if name not in self._known:
            self._known[name] = load_dataset_folder(self._folders[name], package=f"{__name__}.{name}")
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._folders, *self._known}))

    def __len__(self) -> int:
        return len({*self._folders, *self._known})

    def __contains__(self, name: object) -> bool:
        return name in self._folders or name in self._known

    def add(self, spec: DatasetSpec) -> None:
        """Add a dataset.

        Raises:
            ConfigurationError: another one has its name.
        """
        if spec.name in self:
            raise ConfigurationError(f"a dataset {spec.name!r} exists", remedy="give the folder another name")
        self._known[spec.name] = spec

    def remove(self, name: str) -> None:
        """Forget a dataset that was added."""
        del self._known[name]


DATASETS = Catalogue(Path(__file__).parent)


def dataset(name: str) -> DatasetSpec:
    """Find a dataset by its name, with ``-`` or ``_``.

    Raises:
        ConfigurationError: there is none of that name.

    Example:
        >>> dataset("circor").licence
        'ODC-By-1.0'
    """
    name = name.replace("-", "_")
    if name not in DATASETS:
        raise ConfigurationError(f"no dataset {name!r}", remedy=f"choose one of {', '.join(DATASETS)}")
    return DATASETS[name]


def register_dataset(folder: str | os.PathLike[str]) -> DatasetSpec:
    """Add a dataset from outside the package, with everything that the public ones have.

    Args:
        folder: named as the dataset; with ``dataset.yaml`` and either ``reader.py`` or, for a ``metadata.csv`` beside
            the recordings, the key ``generic``. The folders of ``hf_auscult/data/catalogue`` show every part.

    Returns:
        The dataset: ``prepare``, ``load_prepared``, reports, masks, zero-shot prompts and the benchmark's shortcut row
        know its name from now on, in this process.

    Raises:
        ConfigurationError: a part is missing or does not fit, or a dataset of that name exists.

    Example:
        >>> register_dataset("my_clinic")  # doctest: +SKIP
        >>> hf_auscult.prepare("my_clinic", source="recordings", output="prepared/my_clinic")  # doctest: +SKIP
    """
    spec = load_dataset_folder(Path(folder).resolve())
    DATASETS.add(spec)
    return spec
