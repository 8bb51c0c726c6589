"""A run's results as tables for people, in the terminal and on the card."""

from __future__ import annotations

from pathlib import Path

from ...metrics.tables import DASH, Table, count_range, estimate, number
from .results import AlignResult

# Retrieval's directions as the columns call them.
WAYS = {"audio_to_text": "a→t", "text_to_audio": "t→a"}
RANKS = ("R@1", "R@5", "R@10", "median_rank")
FEWEST_SEEDS = 3
"""Training seeds below which no difference is marked: one training says little of a way of training."""
# Only these carry their interval: with it in all eight columns the table is wider than a page.
WITH_INTERVAL = ("R@10", "median_rank")


def render(result: AlignResult) -> str:
    """Return the whole comparison as plain text."""
    data, task = result.data, result.config.data.task
    train, test = data.splits["train"], data.splits["test"]
    classes = " / ".join(f"{count} {name}" for name, count in reversed(test.per_class.items()))
    positive = f"; positive = {data.classes[1]}" if len(data.classes) == 2 else ""
    retrieval = result.conditions["aligned"].retrieval
    assert retrieval is not None
    return "\n\n".join(
        [
            f"{data.dataset} {task}: trained on {train.people} people, evaluated on {test.people} others "
            f"({test.recordings} recordings; {classes}{positive}).\n"
            f"AUROC of a linear probe on frozen embeddings, 95 % interval over people. {legend(result)}",
            probe_table(result).text(),
            "Retrieval among the held-out recordings and their reports "
            f"({retrieval.compared_by}); zero-shot AUROC from class prompts.",
            retrieval_table(result).text(),
            "What else the embedding carries (held-out people).",
            representation_table(result).text(),
        ]
    )


def legend(result: AlignResult) -> str:
    """Return what the marks of the probe table mean, and what few labels do not take away."""
    few = "With few labels, the interval holds who is labelled, too; the aligned model has read all training reports."
    if result.contamination:
        few += f" The checkpoint that this started from may know the test people: {'; '.join(result.contamination)}."
    seeds = len(result.config.seeds) or 1
    if seeds < FEWEST_SEEDS:
        return f"No difference is marked: claims about training need {FEWEST_SEEDS} seeds, here {seeds}. {few}"
    return f"* = differs at 5 % after Holm's correction for all differences of the table, over {seeds} seeds. {few}"


def closing(result: AlignResult) -> str:
    """Return what was found, where it lies and what to do next, a line each."""
    config, rows = result.config, result.conditions
    aligned, before = rows["aligned"], rows["before"]
    gain = result.gains["before"][1.0]
    test = result.data.splits["test"]
    found = (
        f"{config.data.task} AUROC on {test.people} held-out people: {estimate(aligned.probe.figures[1.0].recording)} "
        f"aligned, {estimate(before.probe.figures[1.0].recording)} before (difference {estimate(gain, sign=True)})"
    )
    for name in config.compare:
        other = rows[Path(name).name]
        found += f"; {name}: {estimate(other.probe.figures[1.0].recording)}"
        if other.zero_shot is not None:
            found += f", and {estimate(other.zero_shot)} from two sentences alone"
    return "\n".join(
        [
            f"Found: {found}.",
            f"Written: {config.output} (model, README.md, results.json, roc.png, retrieval_example.png) "
            f"in {result.seconds} s.",
            f'Next: hf_auscult.embed("{config.output}", ["recording.wav"]), or your own data: examples/README.md.',
        ]
    )


def tables(result: AlignResult) -> dict[str, Table]:
    """Return every table, for the card."""
    return {
        "probe": probe_table(result),
        "retrieval": retrieval_table(result),
        "representation": representation_table(result),
        "subgroups": subgroup_table(result),
    }


def probe_table(result: AlignResult) -> Table:
    """Return probes with all and with few labels, each with what "aligned" gains over it."""
    few = result.config.evaluation.label_fraction
    people = result.conditions["aligned"].probe.figures[few].people
    amounts = {1.0: "all labels", few: f"{100 * few:g} % of labels ({count_range(people)} people)"}
    header = ["", *(cell for name in amounts.values() for cell in (name, "aligned − this")), "asks"]
    lines = [(name, row.condition.title, row.probe, row.condition.asks) for name, row in result.conditions.items()]
    lines += [(name, row.title, row.probe, row.asks) for name, row in result.baselines.items()]
    marked = len(result.config.seeds) >= FEWEST_SEEDS
    rows = []
    for name, title, probe, asks in lines:
        cells = []
        for fraction in amounts:
            gain = result.gains.get(name, {}).get(fraction)
            differs = marked and result.adjusted.get(name, {}).get(fraction, 1.0) <= 0.05
            cells += [
                estimate(probe.figures[fraction].recording),
                "" if gain is None else estimate(gain, marks=" *" if differs else "", sign=True),
            ]
        rows.append([title, *cells, asks])
    return Table(header, rows, names=1)


def retrieval_table(result: AlignResult) -> Table:
    """Return retrieval both ways and zero-shot, chance as the last row."""
    header = ["", *(f"{way} {key.replace('_', ' ')}" for way in WAYS.values() for key in RANKS), "zero-shot AUROC"]
    rows, chance = [], {}
    for row in result.conditions.values():
        if row.retrieval is None:
            continue
        scores, intervals = row.retrieval.scores.to_dict(), row.retrieval.intervals
        chance = scores["chance"]
        cells = [
            estimate(intervals[way][key]) if key in WITH_INTERVAL else _rank(scores[way][key])
            for way in WAYS
            for key in RANKS
        ]
        rows.append([row.condition.title, *cells, estimate(row.zero_shot)])
    rows.append(["chance", *(_rank(chance[way][key]) for way in WAYS for key in RANKS), ".500"])
    return Table(header, rows, names=1)


def representation_table(result: AlignResult) -> Table:
    """Return effective rank, debiased CKA with the teacher and the sex probe."""
    rows = [
        [
            row.condition.title,
            f"{row.effective_rank:.1f}",
            number(row.debiased_cka),
            DASH if row.sex is None else estimate(row.sex),
        ]
        for row in result.conditions.values()
    ]
    return Table(["", "effective rank", "debiased CKA with the teacher", "sex AUROC"], rows, names=1)


def subgroup_table(result: AlignResult) -> Table:
    """Return the aligned model's probe by sex and age; a group with too few people says so."""
    rows = [
        [
            f"{cell.attribute}: {cell.group}",
            f"{cell.people} ({cell.positives})",
            cell.refused if cell.interval is None else estimate(cell.interval),
        ]
        for cell in result.conditions["aligned"].subgroups
    ]
    return Table(["group", "people (positive)", "AUROC, all labels"], rows, names=1)


def _rank(value: float) -> str:
    return number(value, 1) if value >= 1 else number(value)
