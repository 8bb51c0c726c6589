"""Verbs on models: convert, embed, export, pre-train, align, fine-tune."""

from __future__ import annotations

import argparse
import shlex
import warnings
from typing import Any

from .command import Outcome


def convert(args: argparse.Namespace) -> Outcome:
    """Convert a published checkpoint."""
    from ..models.convert_checkpoint import convert

    folder = convert(args.family, args.checkpoint, args.output)
    return Outcome({"output": str(folder), "files": sorted(path.name for path in folder.iterdir())})


def embed(args: argparse.Namespace) -> Outcome:
    """Embed recordings into a Parquet file."""
    from ..embedding.recordings import embed_files, embed_with_each

    settings: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("protocol", "batch_size", "precision", "vectors", "overwrite", "resume", "engine")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the report names silent recordings
        if args.also:
            reports = embed_with_each([args.model, *args.also], args.paths, args.output, **settings)
            data = {"outputs": [report.to_dict() for report in reports]}
            return Outcome(data, "\n\n".join(report.render() for report in reports))
        report = embed_files(args.model, args.paths, args.output, **settings)
    return Outcome(report.to_dict(), report.render())


def onnx(args: argparse.Namespace) -> Outcome:
    """Export an encoder to ONNX, compared with torch."""
    from ..hub.export_onnx import export

    return Outcome(export(args.model, args.output, opset=args.opset, frames=args.frames, int8=args.int8).to_dict())


def align(args: argparse.Namespace) -> Outcome:
    """Align an encoder with reports."""
    from ..recipes.align import align as run
    from ..recipes.align import load_config

    config = load_config(args.config, _overrides(args))
    command = f"accelerate launch examples/align.py {shlex.join(['--config', args.config])}"
    result = run(config, command=command, progress=not args.json, overwrite=args.overwrite)
    # Only the first process has something to say, and the run has said it in a table.
    return Outcome({"output": result.output, "seconds": result.seconds} if result else {}, "")


def pretrain(args: argparse.Namespace) -> Outcome:
    """Pre-train an encoder on sound alone."""
    from ..recipes.pretrain import load_config
    from ..recipes.pretrain import pretrain as run

    config = load_config(args.config, _overrides(args))
    result = run(config, command=args.command, progress=not args.json, overwrite=args.overwrite)
    return Outcome({"name": result.name, "seconds": result.seconds, **result.last} if result else {})


def finetune(args: argparse.Namespace) -> Outcome:
    """Fine-tune an encoder with labels."""
    from ..recipes.finetune import finetune as run
    from ..recipes.finetune import load_config

    config = load_config(args.config, _overrides(args))
    if args.models:
        from ..recipes.finetune_tables import finetune_tables, report

        tuned = finetune_tables(config, args.models, config.output, progress=not args.json)
        return Outcome({"rows": [entry.to_dict() for entry in tuned]}, report(tuned))
    result = run(config, command=args.command, progress=not args.json, overwrite=args.overwrite)
    return Outcome(result.to_dict(), result.table().markdown()) if result else Outcome({}, "")


def matrix(args: argparse.Namespace) -> Outcome:
    """Run the ablation matrix, or some of its rows."""
    from ..recipes.matrix import report, run_matrix

    settings = {"rows": args.rows, "seeds": args.seeds, "file": args.file, "progress": not args.json}
    rows = run_matrix(args.config, args.output, **settings)
    return Outcome({"rows": [row.to_dict() for row in rows]}, report(rows))


def _overrides(args: argparse.Namespace) -> dict[str, object]:
    """Settings that were typed, in place of the file's."""
    typed = {name: getattr(args, name, None) for name in ("output", "work", "seed")}
    return {name: value for name, value in typed.items() if value is not None}
