"""The verbs `hf-auscult bench` and `hf-auscult explain`: how good a model is, and where its decisions come from."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from .outcome import TEXT, Verb


def bench(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate models on a suite: encode once, probe, intervals over people, shortcuts, tables, plots."""
    from ..evaluation.runner import BenchmarkSettings, default_cache, run_benchmark
    from ..evaluation.suites import find_tasks
    from ..evaluation.tables import missing, overview

    suite, tasks = find_tasks(args.suite)
    if args.tasks:
        unknown = sorted(set(args.tasks) - {task.number for task in tasks})
        if unknown:
            known = ", ".join(task.number for task in tasks)
            raise ConfigurationError(f"no task {unknown[0]!r}", where=args.suite, remedy=f"choose one of {known}")
        tasks = tuple(task for task in tasks if task.number in args.tasks)
    settings = BenchmarkSettings(
        data_root=Path(args.data_root),
        output=Path(args.output),
        cache=Path(args.cache) if args.cache else default_cache(),
        protocols=tuple(args.protocol),
        encoding=args.encoding,
        draws=args.draws,
        seed=args.seed,
    )
    command = f"hf-auscult {shlex.join(arg for arg in sys.argv[1:] if arg != '--json')}"
    result = run_benchmark(args.model, tasks, settings, suite=suite, command=command, progress=not args.json)
    if args.json:
        return {"output": args.output, **result.to_dict()}
    lead = list(dict.fromkeys(task.spec.metrics[0] for task in result.tasks if not task.missing))
    parts = [overview(result, result.protocols[0], metric).markdown() for metric in lead]
    absent = missing(result)
    parts += [f"Not run:\n{absent.markdown()}"] if absent.rows else []
    return {TEXT: "\n\n".join([*parts, f"Everything else: {Path(args.output) / 'README.md'}"])}


def explain(args: argparse.Namespace) -> dict[str, Any]:
    """Compare where an encoder's decision comes from with where the annotators heard the sound."""
    from ..evaluation import explanations
    from ..evaluation.estimates import Bootstrap
    from ..evaluation.runner import default_cache
    from ..metrics.tables import estimate, number

    settings = explanations.ExplainSettings(
        model=args.model,
        data=Path(args.data),
        task=args.task,
        output=Path(args.output),
        cache=Path(args.cache) if args.cache else default_cache(),
        method=args.method,
        recordings=args.recordings,
        pictures=args.pictures,
        bootstrap=Bootstrap(args.draws, args.seed),
    )
    found = explanations.explain(settings, progress=not args.json)
    if args.json:
        return {"output": args.output, **found.to_dict()}
    titles = {
        "time_auroc": "heat of a frame for lying within the sound, AUROC",
        "pointing": "hottest frame lies within the sound",
        "energy": "share of the heat within the sound",
        "band": "share of the heat in the sound's band",
    }
    without = f", {found.without_heat} without heat" if found.without_heat else ""
    counts = f"{found.recordings} recordings of {found.people} people{without}"
    lines = [f"{found.model}, {found.task}, {found.method}: {counts}"]
    if found.trained_on:
        lines.append(f"  WARNING: the model was trained on {found.trained_on} of them")
    lines += [
        f"  {titles[name]}: {estimate(score.estimate)}, chance {number(score.chance)}"
        for name, score in found.scores.items()
    ]
    return {TEXT: "\n".join([*lines, f"pictures: {args.output}"])}


def add(verb: Verb) -> None:
    """Add the verbs to the command's parser."""
    one = verb("bench", bench, "bench acula18 --model auscult/acula-opera logmel --data-root prepared --output results")
    one.add_argument(
        "suite",
        metavar="SUITE",
        help="acula18, auscultabench16, covid_balanced, a task (acula18/T8), or a YAML file of tasks",
    )
    one.add_argument(
        "--model",
        required=True,
        nargs="+",
        help="folders or Hub ids; opensmile[:eGeMAPSv02], logmel[:FRONT_END], or a .parquet file of embeddings",
    )
    one.add_argument(
        "--data-root", required=True, metavar="DIR", help="prepared datasets, each in a folder of its name"
    )
    one.add_argument("--output", required=True, metavar="DIR", help="results.json, README.md, plots, predictions")
    one.add_argument("--tasks", nargs="+", metavar="NUMBER", help="only these")
    one.add_argument(
        "--protocol", nargs="+", default=["default"], choices=("default", "published"), help="of the probes"
    )
    one.add_argument("--encoding", default="default", help="how encoders cut recordings: default, published …")
    _common(one)

    one = verb("explain", explain, "explain auscult/acula-opera --data prepared/circor --task murmur --output heat")
    one.add_argument("model", metavar="MODEL", help="folder or Hub id of an encoder of log-mel windows")
    one.add_argument("--data", required=True, metavar="DIR", help="prepared circor or sprsound")
    one.add_argument("--task", required=True, help="murmur, murmur_any or normal_adventitious")
    one.add_argument("--output", required=True, metavar="DIR", help="explanation.json and pictures")
    one.add_argument("--method", default="occlusion", choices=("occlusion", "gradient", "grad_cam", "rollout"))
    one.add_argument("--recordings", type=int, default=0, metavar="N", help="at most so many; 0 (default) for all")
    one.add_argument("--pictures", type=int, default=4, metavar="N", help="of so many; default 4")
    _common(one)


def _common(one: argparse.ArgumentParser) -> None:
    one.add_argument("--cache", metavar="DIR", help="of encoded recordings; default ~/.cache/hf_auscult/features")
    one.add_argument("--draws", type=int, default=2000, metavar="N", help="bootstrap resamples; default 2000")
    one.add_argument("--seed", type=int, default=0, metavar="N")
