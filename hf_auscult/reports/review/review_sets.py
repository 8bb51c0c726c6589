"""A review by an expert: a sample of report sets, with the recordings to listen to."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import soundfile

from ...audio import read
from ...data import load_prepared
from ...data.load import manifest_of
from ...errors import ConfigurationError
from ..generate import name_of
from ..report_set import ReportSet, read_set
from .sheet import Review, ReviewRow, make_review, media_type, sample


def review_sets(
    folders: Sequence[str | Path], n: int, output: str | Path, *, prepared: Sequence[str | Path] = (), seed: int = 0
) -> Review:
    """Write a page and a table with a sample of reports, equally many of each dataset.

    Args:
        folders: sets of reports; the first draw of each recording may be chosen.
        n: reports in the review.
        output: folder of ``review.html`` and ``review.csv``.
        prepared: prepared datasets that hold the recordings; without one there is nothing to listen to.
        seed: of the sample.

    Raises:
        ConfigurationError: fewer reports than asked for, two sets on one dataset, or a prepared dataset without a set.
        DataError: not a set of reports.
    """
    sets: dict[str, ReportSet] = {}
    for folder in folders:
        reports = read_set(folder)
        if (name := reports.info.dataset) in sets:
            raise ConfigurationError(f"a second set on {name}", where=folder, remedy="review one set of a dataset")
        sets[name] = reports
    rows = [
        ReviewRow(recording, dataset, group[0].text, group[0].facts)
        for dataset, reports in sets.items()
        for recording, group in reports.by_name().items()
    ]
    chosen = sample(rows, n, seed=seed)
    for folder in prepared:
        chosen = _with_sound(chosen, Path(folder), {name: item.info.settings["config"] for name, item in sets.items()})
    return make_review(chosen, len(chosen), output, seed=seed)


def _with_sound(rows: Sequence[ReviewRow], folder: Path, configs: Mapping[str, str]) -> list[ReviewRow]:
    dataset = str(manifest_of(folder)["dataset"])
    if dataset not in configs:
        raise ConfigurationError(f"holds {dataset}, on which there is no set", where=folder, remedy="leave it out")
    wanted = {row.recording_id for row in rows if row.dataset == dataset}
    sounds: dict[str, bytes] = {}
    for part in load_prepared(folder, configs[dataset]).values():
        names = [name_of(row) for row in part.remove_columns("audio")]
        for number in (number for number, name in enumerate(names) if name in wanted):
            sounds[names[number]] = _playable(part[number]["audio"])
    return [
        replace(row, audio=sounds.get(row.recording_id, row.audio)) if row.dataset == dataset else row for row in rows
    ]


def _playable(cell: dict[str, Any]) -> bytes:
    """Bytes that every browser plays: the file's own, or what it decodes to as 16-bit wav."""
    content: bytes = cell["bytes"]
    if media_type(content):
        return content
    waveform = read(cell)
    target = io.BytesIO()
    soundfile.write(target, waveform.array, waveform.sampling_rate, format="WAV", subtype="PCM_16")
    return target.getvalue()
