"""Verbs that evaluate models: bench, tables, readers, explain, zero-shot."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from .command import Outcome


def bench(args: argparse.Namespace) -> Outcome:
    """Evaluate models on a suite: encode once, probe, intervals over people, shortcuts, tables, plots."""
    from ..evaluation.runner import BenchmarkSettings, run_benchmark
    from ..evaluation.suites import find_tasks
    from ..evaluation.tables import missing, overview

    suite, tasks = find_tasks([f"{args.suite}/{number}" for number in args.tasks] if args.tasks else args.suite)
    settings = BenchmarkSettings(
        data_root=Path(args.data_root),
        output=Path(args.output),
        cache=_cache(args.cache),
        protocols=tuple(args.protocol),
        encoding=args.encoding,
        precision=args.precision,
        draws=args.draws,
        seed=args.seed,
        overwrite=args.overwrite,
    )
    result = run_benchmark(args.model, tasks, settings, suite=suite, command=args.command)
    lead = dict.fromkeys(task.spec.metrics[0] for task in result.tasks if not task.missing)
    parts = [overview(result, result.protocols[0], metric).markdown() for metric in lead]
    absent = missing(result)
    parts += [f"Not run:\n{absent.markdown()}"] if absent.rows else []
    parts.append(f"Everything else: {Path(args.output) / 'README.md'}")
    return Outcome({"output": args.output, **result.to_dict()}, "\n\n".join(parts))


def tables(args: argparse.Namespace) -> Outcome:
    """Tables of a finished run, computed again from its saved predictions, without models."""
    from ..evaluation.benchmark_plots import plot_column
    from ..evaluation.benchmark_readme import write_readme
    from ..evaluation.rebuild import predictions_of, rebuild

    result = rebuild(args.results)
    if args.figure:
        drawn = plot_column(result, predictions_of(result, args.results), Path(args.figure))
        return Outcome({"figure": str(drawn)}, f"figure: {drawn}")
    if args.output:  # the plots of single tasks stay where bench drew them
        result = replace(result, tasks=tuple(replace(task, plots=()) for task in result.tasks))
    file = write_readme(result, args.output or args.results)
    return Outcome({"output": str(file), **result.to_dict()}, file.read_text("utf-8"))


def readers(args: argparse.Namespace) -> Outcome:
    """Compare a model's scores with the decisions of readers on the same recordings."""
    from ..evaluation.reader_study import read_scores, reader_study

    scores = read_scores(args.scores)
    study = reader_study(args.decisions, scores, positive=args.positive, threshold=args.threshold)
    counts = f"{study.recordings} recordings of {study.people} people, threshold {study.threshold:g}"
    return Outcome(study.to_dict(), "\n\n".join([counts, study.table().text(), study.comparison().text()]))


def explain(args: argparse.Namespace) -> Outcome:
    """Compare the evidence for an encoder's decision with the annotated sounds."""
    from ..evaluation import explanations
    from ..evaluation.estimates import Bootstrap
    from ..metrics.tables import estimate, number

    settings = explanations.ExplainSettings(
        model=args.model,
        data=Path(args.data),
        task=args.task,
        output=Path(args.output),
        cache=_cache(args.cache),
        method=args.method,
        recordings=args.recordings,
        pictures=args.pictures,
        bootstrap=Bootstrap(args.draws, args.seed),
        overwrite=args.overwrite,
    )
    explanation = explanations.explain(settings)
    titles = {
        "time_auroc": "heat of a frame for lying within the sound, AUROC",
        "pointing": "hottest frame lies within the sound",
        "energy": "share of the heat within the sound",
        "band": "share of the heat in the sound's band",
    }
    without = f", {explanation.without_heat} without heat" if explanation.without_heat else ""
    counts = f"{explanation.recordings} recordings of {explanation.people} people{without}"
    lines = [f"{explanation.model}, {explanation.task}, {explanation.method}: {counts}"]
    if explanation.trained_on:
        lines.append(f"  WARNING: the model was trained on {explanation.trained_on} of them")
    lines += [
        f"  {titles[name]}: {estimate(score.estimate)}, chance {number(score.chance)}"
        + (f", loudness alone {estimate(score.loudness)}" if score.loudness is not None else "")
        for name, score in explanation.scores.items()
    ]
    return Outcome({"output": args.output, **explanation.to_dict()}, "\n".join([*lines, f"pictures: {args.output}"]))


def zero_shot(args: argparse.Namespace) -> Outcome:
    """Tell classes apart by text alone, and find the reports of recordings."""
    from ..evaluation.zero_shot.readme import direct_table, pipeline_table, retrieval_table, summary
    from ..evaluation.zero_shot.run import ZeroShotSettings, run_zero_shot

    output = Path(args.output)
    settings = ZeroShotSettings(
        model=args.model,
        data=Path(args.data),
        task=args.task,
        test=args.test,
        output=output,
        cache=_cache(args.cache),
        second=args.second,
        top_k=args.top_k,
        search=args.search,
        reports=Path(args.reports_folder) if args.reports_folder else None,
        pictures=args.pictures,
        draws=args.draws,
        seed=args.seed,
        precision=args.precision,
        overwrite=args.overwrite,
    )
    result = run_zero_shot(settings, command=args.command)
    tables = (make(result).markdown() for make in (direct_table, pipeline_table, retrieval_table))
    written = f"Written to {output}: README.md, results.json, predictions.parquet, plots."
    return Outcome({"output": args.output, **result.to_dict()}, "\n\n".join([summary(result), *tables, written]))


def _cache(given: str | None) -> Path:
    from ..evaluation.runner import default_cache

    return Path(given) if given else default_cache()
