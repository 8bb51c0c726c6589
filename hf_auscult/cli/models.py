"""Verbs on models: convert, embed, export, align."""

from __future__ import annotations

import argparse
import shlex

from .command import Outcome, Verb, argument

MODEL = argument("model", metavar="MODEL", help="folder or Hub id")
NEW_FOLDER = argument("--output", required=True, metavar="DIR", help="new folder")


def convert(args: argparse.Namespace) -> Outcome:
    """Convert a published checkpoint."""
    from ..models.convert_checkpoint import convert

    folder = convert(args.family, args.checkpoint, args.output, with_code=args.with_code)
    return Outcome({"output": str(folder), "files": sorted(path.name for path in folder.iterdir())})


def embed(args: argparse.Namespace) -> Outcome:
    """Embed recordings into a Parquet file."""
    from ..embedding.recordings import embed_files

    report = embed_files(args.model, args.paths, args.output, protocol=args.protocol, batch_size=args.batch_size)
    return Outcome(report.to_dict(), report.render())


def onnx(args: argparse.Namespace) -> Outcome:
    """Export an encoder to ONNX, compared with torch."""
    from ..hub.export_onnx import export

    return Outcome(export(args.model, args.output, opset=args.opset, frames=args.frames, int8=args.int8).to_dict())


def align(args: argparse.Namespace) -> Outcome:
    """Align an encoder with reports."""
    from ..recipes.align.config import load_config
    from ..recipes.align.run import run

    overrides = {name: getattr(args, name) for name in ("output", "work", "seed") if getattr(args, name) is not None}
    config = load_config(args.config, overrides)
    command = f"accelerate launch examples/align.py {shlex.join(['--config', args.config])}"
    results = run(config, command=command, progress=not args.json)
    # Only the first process has something to say, and the run has said it in a table.
    return Outcome({"output": config.output, "seconds": results["seconds"]} if results else {}, "")


VERBS = (
    Verb(
        convert,
        "convert opera-gt --checkpoint encoder-operaGT.ckpt --output auscult/opera-gt",
        (
            argument(
                "family",
                metavar="FAMILY",
                help="opera-ct, auscultabase, audiomae, panns-cnn14, vggish, msclap-2023, acula …: see the README",
            ),
            argument("--checkpoint", required=True, metavar="FILE", help="the file the authors published"),
            NEW_FOLDER,
            argument("--with-code", action="store_true", help="add the code that trust_remote_code=True loads"),
        ),
    ),
    Verb(
        embed,
        "embed auscult/acula-opera recordings/*.wav --output embeddings.parquet",
        (
            MODEL,
            argument("paths", metavar="PATH", nargs="+", help="recordings, or folders of recordings"),
            argument("--output", required=True, metavar="FILE.parquet"),
            argument("--protocol", default="default", help="default, published or published:NAME"),
            argument("--batch-size", type=int, default=32, metavar="N", help="windows that share a forward pass"),
        ),
    ),
    Verb(
        onnx,
        "onnx auscult/opera-gt --output onnx/opera-gt --int8",
        (
            MODEL,
            NEW_FOLDER,
            argument("--opset", type=int, default=18, metavar="N"),
            argument("--frames", type=int, metavar="N", help="of a window; the extractor's window if not given"),
            argument("--int8", action="store_true", help="also quantise the linear layers; loss and gain are measured"),
        ),
    ),
)
TRAINING = (
    Verb(
        align,
        "align --config examples/configs/demo.yaml",
        (
            argument("--config", required=True, metavar="FILE.yaml", help="see examples/configs"),
            argument("--output", metavar="DIR", help="replaces the file's"),
            argument("--work", metavar="DIR", help="replaces the file's"),
            argument("--seed", type=int, metavar="N", help="replaces the file's"),
        ),
    ),
)
