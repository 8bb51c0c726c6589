"""The README of a prepared dataset: YAML that ``load_dataset`` follows, and what a reader must know, as counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import yaml

from .report import PrepareReport
from .schema import features
from .spec import DatasetSpec
from .splits import SplitSpec


def render(spec: DatasetSpec, split: SplitSpec, report: PrepareReport) -> str:
    """Write the card of what ``prepare`` counted.

    Args:
        spec: the dataset.
        split: how it was split.
        report: the counts.
    """
    return (
        "\n\n".join((_yaml(spec, report), *_what(spec), *_splits(spec, split, report), *_losses(spec, report))) + "\n"
    )


def _yaml(spec: DatasetSpec, report: PrepareReport) -> str:
    default = next(iter(report.configs))
    configs = []
    for name, parts in report.configs.items():
        filled = [part for part, counts in parts.items() if counts.recordings]
        files = [{"split": part, "path": f"{name}/{part}-*.parquet"} for part in filled]
        # load_dataset names its cache by this YAML and not by the files: without the hash, a folder that was prepared
        # again with another split would be answered from the old cache.
        config = {"config_name": name, "description": f"content {report.content_sha256[name]}", "data_files": files}
        configs.append(config | ({"default": True} if name == default else {}))
    head = {
        "license": spec.licence_tag,
        "task_categories": ["audio-classification"],
        "tags": ["body-sounds", "auscultation", spec.organ],
        "pretty_name": spec.title,
        "configs": configs,
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _what(spec: DatasetSpec) -> tuple[str, ...]:
    columns = [(f"`{name}`", _kind(kind)) for name, kind in features(spec.columns).items()]
    return (
        f"# {spec.title}",
        f"Prepared with hf_auscult from version {spec.version} ({spec.source_url}). Audio files are byte for byte the "
        "original ones. Research recordings of people: do not try to re-identify anyone; not for clinical use.",
        f"**Licence**: {spec.licence}. {spec.licence_note}",
        f"**Please cite**: {spec.citation}",
        "## Columns",
        _table(("column", "type"), columns),
        "`audio` cells are `{bytes, path}`; `hf_auscult.audio.read` decodes them. `age` is in years, `duration` and "
        "event times in seconds. Columns after `source` hold the dataset's own words, null where it says nothing.",
    )


def _splits(spec: DatasetSpec, split: SplitSpec, report: PrepareReport) -> tuple[str, ...]:
    lines = []
    for name, parts in report.configs.items():
        for part, counts in parts.items():
            labels = ", ".join(f"{label} {count}" for label, count in counts.labels.items())
            lines.append((f"`{name}`", part, str(counts.recordings), str(counts.people), labels or "-"))
    if split.name == "subject":
        shares = "/".join(f"{share:g}" for share in split.fractions.values())
        traits = split.stratify if split.stratify is not None else tuple(stratum.column for stratum in spec.strata)
        how = (
            f"People, not recordings, are divided {shares} ({', '.join(split.fractions)}), seed {split.seed}, balanced "
            f"by {', '.join(f'`{trait}`' for trait in traits) or 'nothing'}; nobody is on two sides, within or across "
            "configs. Reserved test subjects can only be in `test`."
        )
    else:
        how = f"**The authors' own split, which leaks**: {spec.official_leaks}. Do not report it as generalisation."
    return (
        "## Splits",
        how,
        _table(("config", "split", "recordings", "people", "labels"), lines),
        f"Split SHA-256 (over sorted recording id and split): `{report.split_sha256}`",
    )


def _losses(spec: DatasetSpec, report: PrepareReport) -> tuple[str, ...]:
    left_out = []
    for name, parts in report.configs.items():
        lost: Counter[str] = Counter()
        for counts in parts.values():
            lost.update(counts.left_out)
        why = spec.task(name).why_left_out
        left_out += [f"- `{name}`: {count} recordings with {value!r} left out: {why}." for value, count in lost.items()]
    reasons = Counter(problem.error for problem in report.quarantined)
    aside = "; ".join(f"{count} {error}" for error, count in sorted(reasons.items()))
    return (
        "## What is not in it",
        "\n".join(
            (
                f"- {report.listed} recordings listed = {report.written} written + {len(report.quarantined)} set aside "
                f"+ {len(report.withheld)} withheld (reserved test subjects in an official training part).",
                f"- Set aside, see `quarantine.csv`: {aside or 'none'}.",
                *left_out,
            )
        ),
        "## Known traps",
        "\n".join(f"- {trap}" for trap in (*spec.traps, *(f"Found here: {note}." for note in report.notes))),
    )


def _kind(feature: Any) -> str:
    if hasattr(feature, "decode"):
        return "audio, undecoded"
    if hasattr(feature, "dtype"):
        return str(feature.dtype)
    return f"list of {{{', '.join(feature.feature)}}}"


def _table(header: Sequence[str], lines: Sequence[Sequence[str]] | Sequence[tuple[str, ...]]) -> str:
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
