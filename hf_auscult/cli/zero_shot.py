"""From the command line to a zero-shot run, and what it prints."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from ..evaluation.zero_shot.readme import direct_table, pipeline_table, retrieval_table, summary
from ..evaluation.zero_shot.run import ZeroShotSettings, run_zero_shot


def run_command(args: argparse.Namespace) -> dict[str, Any]:
    """Run what the arguments say; ``tables`` of the answer is what a reader wants to see, the rest is for machines."""
    output = Path(args.output)
    settings = ZeroShotSettings(
        model=args.model,
        data=Path(args.data),
        task=args.task,
        output=output,
        cache=Path(args.cache) if args.cache else output / "cache",
        second=args.second,
        top_k=args.top_k,
        search=args.search,
        reports=Path(args.reports_folder) if args.reports_folder else None,
        pictures=args.pictures,
        draws=args.draws,
        seed=args.seed,
    )
    given = ["zero-shot", args.model, "--data", args.data, "--task", args.task, "--output", args.output]
    optional = {
        "--second": (args.second, ZeroShotSettings.second),
        "--top-k": (args.top_k, ZeroShotSettings.top_k),
        "--search": (args.search, ZeroShotSettings.search),
        "--reports-folder": (args.reports_folder, None),
        "--draws": (args.draws, ZeroShotSettings.draws),
        "--seed": (args.seed, ZeroShotSettings.seed),
    }
    given += [str(item) for name, (value, usual) in optional.items() if value != usual for item in (name, value)]
    result = run_zero_shot(settings, command=shlex.join(["hf-auscult", *given]), progress=not args.json)
    tables = [direct_table(result), pipeline_table(result), retrieval_table(result)]
    written = f"Written to {output}: README.md, results.json, predictions.parquet, plots."
    found = result.to_dict()
    parts = [summary(result), *(table.markdown() for table in tables), written]
    return {"output": str(output), **found, "tables": "\n\n".join(parts)}
