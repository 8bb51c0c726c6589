"""The tables of a zero-shot run, beside the paper's."""

from __future__ import annotations

from pathlib import Path

from ...files import write_text
from ...metrics.tables import Cell, Table, estimate, interval, number
from ..estimates import Estimate
from ..results import ModelResult, Result, TaskResult
from ..suites import suite_of
from ..tables import paper_table
from .pipeline import SHUFFLES
from .results import ZeroShotResult
from .retrieval import KS

MASKS = {
    "none": "everything stated",
    "paper": "label and diagnosis masked (paper)",
    "strict": "strictly masked",
}
_RETRIEVAL_LEGEND = (
    "Test recordings and their own reports, cosine in the shared space. Equal reports are one target, reports that "
    "differ in wording alone are several; ties count as broken at random."
)
WAYS = {"audio_to_text": "audio to text", "text_to_audio": "text to audio"}


def write_readme(result: ZeroShotResult, folder: Path) -> Path:
    """Write ``README.md``, whole or not at all."""
    parts = [f"# Zero-shot: {result.dataset}/{result.task} by {result.model['name']}"]
    if result.command:
        parts.append(f"Made by `{result.command}`.")
    parts += [summary(result), "## Class sentences alone", direct_table(result).markdown(), _calibration(result)]
    parts += ["One sentence a class instead of all of them:", wording_table(result).markdown()]
    parts += [
        "## By way of training reports (the AcuLa paper's pipeline)",
        _pipeline_legend(result),
        pipeline_table(result).markdown(),
    ]
    parts += ["Printed in the paper (Table VII; other people, other reports and a larger model):"]
    parts += [_table_seven(result).markdown()]
    parts += ["## Which report belongs to which recording", _RETRIEVAL_LEGEND, retrieval_table(result).markdown()]
    parts += [
        "Printed in the paper (Table XX, a pooled test set; ranks grow with the gallery):",
        paper_table("acula18/XX").markdown(),
    ]
    parts += [f"![{name}](plots/{name})" for name in result.plots]
    target = folder / "README.md"
    write_text(target, "\n\n".join(part for part in parts if part) + "\n")
    return target


def summary(result: ZeroShotResult) -> str:
    """The test people, and what speaks against the results."""
    test = result.counts["test"]
    classes = ", ".join(f"{name} {test.per_class.get(name, 0)}" for name in result.classes)
    positive = f"; positive = {result.positive}" if result.positive else ""
    lines = [
        f"Test set: people {test.people}, recordings {test.recordings} ({classes}{positive}). 95 % intervals over "
        "people, not recordings.",
        *(f"**Warning:** {text}." for text in (*result.contamination, *result.data["warnings"])),
    ]
    return "\n\n".join(lines)


def direct_table(result: ZeroShotResult) -> Table:
    """All sentences of a class together."""
    rows = [
        [
            row.name,
            *(estimate(row.figures.get(key)) for key in ("auroc", "auroc_subject", "macro_f1")),
            row.figures["ece"].value if "ece" in row.figures else None,
        ]
        for row in result.direct.rows
    ]
    return Table(("", "AUROC", "AUROC over people", "macro-F1", "ECE, debiased"), rows, names=1)


def wording_table(result: ZeroShotResult) -> Table:
    """One sentence a class, the worst wording first; the best one was chosen on these people, so it is no estimate."""
    direct = result.direct
    ordered = sorted(direct.sentences, key=lambda row: row.figures["auroc"].value or 0.0)
    marks = {0: "worst: ", len(ordered) - 1: "best on these people: "} if len(ordered) > 1 else {}
    rows = [(marks.get(rank, "") + row.name, row) for rank, row in enumerate(ordered)]
    rows.append((direct.wording.name, direct.wording))
    header = (" / ".join(result.classes), "AUROC")
    return Table(header, [(name, estimate(row.figures["auroc"])) for name, row in rows], names=1)


def pipeline_table(result: ZeroShotResult) -> Table:
    """The pipeline beside its floors and its ceiling."""
    rows: list[list[Cell]] = []
    for pipeline in result.pipelines:
        for read in pipeline.read:
            figures, floor = read.retrieved.figures, read.shuffled
            rows.append(
                [
                    MASKS[pipeline.mask],
                    read.against,
                    f"{pipeline.top_k} of {pipeline.distinct}",
                    estimate(figures["auroc"]),
                    interval(floor.mean, floor.low, floor.high),
                    None if read.own is None else estimate(read.own.figures["auroc"]),
                    estimate(figures.get("macro_f1")),
                ]
            )
    header = ("reports", "read against", "reports read", "AUROC", "floor: shuffled", "own report", "macro-F1")
    base = next((row.figures for row in result.direct.rows if row.name.startswith("floor")), None)
    if base is not None:
        rows.append(
            ["none: base rates alone", None, None, estimate(base["auroc"]), None, None, estimate(base.get("macro_f1"))]
        )
    return Table(header, rows)


def retrieval_table(result: ZeroShotResult) -> Table:
    """Recall and median rank both ways, with chance under each line."""
    rows: list[list[Cell]] = []
    keys = [*(f"R@{k}" for k in KS), "median_rank"]
    for retrieval in result.retrievals:
        if retrieval.problem:
            rows.append([MASKS[retrieval.mask], retrieval.problem, *[None] * len(keys)])
        for way, figures in retrieval.figures.items():
            candidates = (
                f"{retrieval.texts} reports" if way == "audio_to_text" else f"{retrieval.recordings} recordings"
            )
            cells = [_retrieval(figures[key], key) for key in keys]
            rows.append([f"{WAYS[way]}, {MASKS[retrieval.mask]}", candidates, *cells])
            rows.append(["– chance", "", *(_chance(retrieval.chance[way][key], key) for key in keys)])
    return Table(("", "candidates", *keys[:-1], "median rank"), rows)


def _retrieval(value: Estimate, key: str) -> str:
    return estimate(value) if value.interval is not None or value.value is None else _chance(value.value, key)


def _chance(value: float, key: str) -> str:
    return f"{value:.1f}" if key == "median_rank" else number(value)


def _calibration(result: ZeroShotResult) -> str:
    calibration = result.direct.calibration
    if calibration is None:
        return f"No probabilities: {result.direct.problem}."
    rates = ", ".join(f"{name} {rate:.2f}" for name, rate in zip(result.classes, calibration.prior, strict=True))
    told = (
        ""
        if calibration.useful
        else " The cosines tell the validation people's classes apart not at all (or perfectly)."
    )
    return (
        "Offsets are the mean cosines of unlabelled training recordings; base rates "
        f"({rates}) and the temperature ({calibration.temperature:.3g}) are fitted on validation people.{told}"
    )


def _pipeline_legend(result: ZeroShotResult) -> str:
    leaks = [f"- {MASKS[mask]}: {text}." for mask, text in result.leaks.items() if mask in result.sources]
    return (
        f"For each recording the {result.settings['top_k']} nearest different training reports are retrieved and "
        f"read by {result.second['given']}. Floor: reports of other training people read in their place, mean and "
        f"95 % range of {SHUFFLES} shuffles. Own report: read instead of those retrieved, that is how much of the "
        "label this text model finds in the text itself. Macro-F1 is of the class whose text is nearest, the paper's "
        "answer; one class's text can be nearest to everything, whatever the AUROC.\n\n"
    ) + "\n".join(leaks)


def _table_seven(result: ZeroShotResult) -> Table:
    """The paper's table, with our results in a line of their own task where this is one of its tasks."""
    spec = next((t for t in suite_of("acula18") if (t.dataset, t.config) == (result.dataset, result.task)), None)
    if spec is None:
        return paper_table("acula18/VII")
    by_mask = {MASKS[pipeline.mask]: pipeline.read[-1].retrieved for pipeline in result.pipelines}
    results = tuple(ModelResult(name, "default", row.figures) for name, row in by_mask.items())
    ours = Result(
        suite="acula18",
        tasks=(TaskResult(spec, results=results),),
        models={name: {**result.model, "made": "zero-shot"} for name in by_mask},
        protocols=("default",),
        command="",
        seeds={},
        versions={},
        seconds={},
    )
    return paper_table("acula18/VII", ours, "default")
