"""The README of a prepared dataset: YAML that ``load_dataset`` follows, and what a reader must know, as counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import DatasetCardData

from ..metrics.tables import Markup, Table
from ..metrics.tables import markdown_text as plain
from .catalogue import DATASETS
from .manifest import DATA, in_task
from .population import PLOT, age_order
from .report import PrepareReport
from .schema import features
from .spec import DatasetSpec
from .split_spec import IN_TURN, SplitSpec


def render(
    spec: DatasetSpec, split: SplitSpec, report: PrepareReport, people: Mapping[tuple[str, str], int], drawn: bool
) -> str:
    """Write the card of what ``prepare`` counted.

    Args:
        spec: the dataset.
        split: how it was split.
        report: the counts.
        people: (age, sex) -> people, see :mod:`hf_auscult.data.population`.
        drawn: whether the plot is there.
    """
    parts = (
        _yaml(spec, report),
        *_what(spec, split, report),
        *_who(spec, people, drawn),
        *_splits(spec, split, report),
        *_papers(spec, report),
        *_losses(spec, report),
    )
    return "\n\n".join(parts) + "\n"


def _yaml(spec: DatasetSpec, report: PrepareReport) -> str:
    default = next(iter(report.configs))
    configs: list[dict[str, Any]] = []
    columns = list(features(spec.columns))
    for name, parts in report.configs.items():
        filled = [part for part, counts in parts.items() if counts.recordings]
        files = [{"split": part, "path": f"{DATA}/{part}-*.parquet"} for part in filled]
        # load_dataset names its cache by this YAML and not by the files: without the hash, a folder that was prepared
        # again with another split would be answered from the old cache.
        config: dict[str, Any] = {
            "config_name": name,
            "description": f"content {report.content_sha256[name]}",
            "data_files": files,
        }
        label = spec.label_column(spec.task(name))
        config |= {"columns": [*columns, *([label] if label else [])], "filters": [[in_task(name), "==", True]]}
        configs.append(config | ({"default": True} if name == default else {}))
    head = DatasetCardData(
        license=spec.licence_tag,
        task_categories=["audio-classification"],
        tags=["body-sounds", "auscultation", spec.organ],
        pretty_name=spec.title,
        configs=configs,
    )
    return f"---\n{head.to_yaml().strip()}\n---"


def _what(spec: DatasetSpec, split: SplitSpec, report: PrepareReport) -> tuple[str, ...]:
    columns = [(f"`{name}`", _kind(kind)) for name, kind in features(spec.columns).items()]
    return (
        f"# {spec.title}",
        f"Prepared with hf_auscult from version {spec.version} ({spec.source_url}). Audio files are byte for byte the "
        "original ones. Research recordings of people: do not try to re-identify anyone; not for clinical use.",
        *(f"> **Warning**: {plain(warning)}" for warning in report.warnings),
        f"**Download**: {spec.source_url} ({report.presence.describe()}). Then `{command_of(spec, split)}`.",
        f"**Licence**: {plain(spec.licence)}. {spec.licence_note}",
        "To put it on the Hub, use `hf-auscult publish dataset`: `DatasetDict.push_to_hub` writes another card over "
        "this one, stores the audio once in every config and asks nobody about the licence.",
        f"**Please cite**: {spec.citation}",
        "## Columns",
        markdown_table(("column", "type"), columns),
        "Every recording is stored once; a config is the columns above, its labels and the recordings that have one. "
        + _labels(spec, report),
        "`audio` cells are `{bytes, path}`; `hf_auscult.audio.read` decodes them. `age` is in years, `duration` and "
        "event times in seconds. Columns after `source` hold the dataset's own words, null where it says nothing.",
    )


def _labels(spec: DatasetSpec, report: PrepareReport) -> str:
    columns = {name: spec.label_column(spec.task(name)) for name in report.configs}
    named = ", ".join(f"`{column}` in `{name}`" for name, column in columns.items() if column)
    segments = any(str(column).startswith("segments_") for column in columns.values())
    cut = (
        " A config of segments lists those of every recording; `hf_auscult.data.load_prepared` cuts them out, one row "
        "each."
    )
    return (f"Labels: {named}." if named else "It has no labels.") + (cut if segments else "")


def command_of(spec: DatasetSpec, split: SplitSpec) -> str:
    """The command that prepares it again, without the names of folders."""
    words = [f"hf-auscult prepare {spec.name if spec.name in DATASETS else f'from_folder --name {spec.name}'}"]
    words += [f"--split {split.name}"] if split.name != SplitSpec.name else []
    words += [f"--seed {split.seed}"] if split.seed else []
    words += [f"--{name} {value}" for name in ("by", "task", "paper") if (value := getattr(split, name))]
    words += ["--allow-leakage"] if split.allow_leakage else []
    return " ".join([*words, "--source FOLDER --output DIR"])


def _who(spec: DatasetSpec, people: Mapping[tuple[str, str], int], drawn: bool) -> tuple[str, ...]:
    ages = sorted({age for age, _ in people}, key=age_order)
    sexes = [sex for sex in ("female", "male", "unknown") if any(people.get((age, sex)) for age in ages)]
    lines = [(age, *(str(people.get((age, sex), 0)) for sex in sexes)) for age in ages]
    plot = (f"![People by age and sex]({PLOT})",) if drawn else ()
    who = (
        "people"
        if spec.has_subject_ids
        else "stand-ins for people (the distribution names no subjects, see the warning)"
    )
    return ("## People", f"{sum(people.values())} {who} by age and sex:", markdown_table(("age", *sexes), lines), *plot)


def _papers(spec: DatasetSpec, report: PrepareReport) -> tuple[str, ...]:
    lines = []
    for task in spec.tasks:
        for paper in task.paper:
            here: Counter[str] = Counter()
            for counts in report.configs.get(task.name, {}).values():
                here.update(counts.labels)
            columns = (dict(paper.counts), None if paper.measured is None else dict(paper.measured), dict(here))
            shown = [", ".join(f"{k} {v}" for k, v in c.items()) if c else "-" for c in columns]
            lines.append((f"{paper.suite}/{paper.number}", f"`{task.name}`", *shown, paper.note or "-"))
    header = ("paper's task", "config", "counts as printed", "complete distribution, where it differs", "here", "note")
    return ("## In the papers", markdown_table(header, lines)) if lines else ()


def _splits(spec: DatasetSpec, split: SplitSpec, report: PrepareReport) -> tuple[str, ...]:
    lines = []
    for name, parts in report.configs.items():
        for part, counts in parts.items():
            labels = ", ".join(f"{plain(label)} {count}" for label, count in counts.labels.items())
            positive = plain(spec.task(name).positive)
            labels += f" (positive = {positive})" if positive and labels else ""
            lines.append((f"`{name}`", part, str(counts.recordings), str(counts.people), labels or "-"))
    extra: tuple[str, ...] = ()
    if report.balance:
        rows = [tuple(str(row[key]) for key in ("age", "sex", "label", "before", "after")) for row in report.balance]
        extra = (
            "People of every class before and after balancing:",
            markdown_table(("age", "sex", "label", "before", "after"), rows),
        )
    return (
        "## Splits",
        _how(spec, split),
        markdown_table(("config", "split", "recordings", "people", "labels"), lines),
        f"Split SHA-256 (over sorted recording id and split): `{report.split_sha256}`",
        *extra,
    )


def _how(spec: DatasetSpec, split: SplitSpec) -> str:
    shares = "/".join(f"{share:g}" for share in split.fractions.values())
    dealt = f"divided {shares} ({', '.join(split.fractions)}), seed {split.seed}"
    disjoint = (
        "no subject overlap, within or across configs; recordings that are byte-identical or sound alike count as one "
        "person's. Reserved test subjects can only be in `test`."
    )
    if split.name == "subject":
        traits = split.stratify if split.stratify is not None else tuple(stratum.column for stratum in spec.strata)
        by = ", ".join(f"`{trait}`" for trait in traits) or "nothing"
        return f"People, not recordings, are {dealt}, balanced by {by}; {disjoint}"
    if split.name == "demographic":
        bands = ", ".join(map(str, split.age_bands))
        return (
            f"People are left out until every stratum of age (bands start at 0, {bands} years) and sex holds as many "
            f"of each class of `{split.task}`; unknown age, sex or label are left out too. The rest are {dealt}; "
            f"{disjoint}"
        )
    if split.name in IN_TURN:
        what = "person" if split.name == "loso" else f"value of `{split.by}`"
        return (
            f"One split a {what}: test on each, train on the others. No person is in two of them; people recorded in "
            "several stay with the one that has most of their recordings. Reserved test subjects are in none."
        )
    if split.name == "published":
        published = spec.published[str(split.paper)]
        leaks = f" **It leaks**: {published.leaks}. Do not report it as generalisation." if published.leaks else ""
        return f"As {split.paper} used it ({published.source}).{leaks}"
    if spec.official_leaks:
        return f"**The authors' own split, which leaks**: {spec.official_leaks}. Do not report it as generalisation."
    return "The authors' own split."


def _losses(spec: DatasetSpec, report: PrepareReport) -> tuple[str, ...]:
    left_out = []
    for name, parts in report.configs.items():
        lost: Counter[str] = Counter()
        for counts in parts.values():
            lost.update(counts.left_out)
        why = spec.task(name).why_left_out
        left_out += [
            f"- `{name}`: {count} recordings with {plain(repr(value))} left out: {why}."
            for value, count in lost.items()
        ]
    reasons = Counter(problem.error for problem in report.quarantined)
    why = "; ".join(f"{count} {reason}" for reason, count in Counter(report.withheld.values()).most_common(4))
    aside = "; ".join(f"{count} {error}" for error, count in sorted(reasons.items()))
    return (
        "## What is not in it",
        "\n".join(
            (
                f"- {report.listed} recordings listed = {report.written} written + {len(report.quarantined)} set aside "
                f"+ {len(report.withheld)} withheld{f' ({why})' if why else ''}.",
                *(
                    f"- {plain(pair.one)} and {plain(pair.other)} sound alike (over {pair.seconds:.1f} s; their "
                    f"fingerprints differ in {pair.error:.1%} of bits, 50 % is chance)."
                    for pair in report.twins[:20]
                ),
                f"- Set aside, see `quarantine.csv`: {aside or 'none'}.",
                *left_out,
            )
        ),
        "## Known traps",
        "\n".join(f"- {trap}" for trap in (*spec.traps, *(f"Found here: {plain(note)}." for note in report.notes))),
    )


def _kind(feature: Any) -> str:
    if hasattr(feature, "decode"):
        return "audio, undecoded"
    if hasattr(feature, "dtype"):
        return str(feature.dtype)
    inner = feature.feature
    return f"list of {{{', '.join(inner)}}}" if isinstance(inner, dict) else f"list of {inner.dtype}"


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table of text, markup in its cells included."""
    cells = [[Markup(cell.replace("|", "/")) for cell in line] for line in lines]
    return Table(header, cells, names=len(header)).markdown()
