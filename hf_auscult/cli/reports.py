"""The verbs `hf-auscult reports …`: write reports, check them, measure what they give away, have them reviewed."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .outcome import EXIT, TEXT, Handler


def generate(args: argparse.Namespace) -> dict[str, Any]:
    """Write reports on a prepared dataset; exit status 1 when some are missing."""
    from ..reports.generate_set import ReportSettings, generate_set, plan_set
    from ..reports.generators.options import build_generator, confirm

    settings = ReportSettings(
        config=args.config,
        mask=args.mask,
        task=args.task,
        mapping=args.mapping,
        seed=args.seed,
        draws=args.draws,
        on_ungrounded=args.on_ungrounded,
    )
    given = {name: getattr(args, name) for name in _OPTIONS if getattr(args, name) is not None}
    generator = build_generator(args.generator, given, draws=args.draws)
    plan = plan_set(args.folder, settings)
    confirm(generator, plan.requests, yes=args.yes, say=lambda line: print(line, file=sys.stderr))
    info = generate_set(plan, args.output, generator, overwrite=args.overwrite, progress=not args.json)
    status = int(not info.complete)
    if args.json:
        return {"output": args.output, **info.to_dict(), EXIT: status}
    counts = info.counts
    missing = ", ".join(f"{count} {reason}" for reason, count in info.failures.items())
    return {
        "output": args.output,
        "reports": f"{counts['reports']} on {counts['with_report']} of {counts['recordings']} rows",
        **({"missing": f"{missing}: see failures.jsonl; the same command goes on"} if missing else {}),
        EXIT: status,
    }


def verify(args: argparse.Namespace) -> dict[str, Any]:
    """Compare every report of a set with its facts; exit status 1 when too many contradict or add something."""
    from ..reports.verify import verify_set

    found = verify_set(args.folder, contradictions=args.max_contradictions, unsupported=args.max_unsupported)
    status = int(not found.passed)
    if args.json:
        return {**found.to_dict(), EXIT: status}
    names = {"consistency": "contradicts nothing", "unsupported": "adds something", "omission": "leaves a fact out"}
    lines = [f"{title}: {getattr(found.summary, name)}" for name, title in names.items()]
    for failure in found.failures[: args.show]:
        wrong = [f"{kind} {one.text!r}" for kind in ("contradictions", "unsupported") for one in getattr(failure, kind)]
        lines.append(f"  {failure.recording_id}: {'; '.join(wrong)}: {failure.text}")
    if len(found.failures) > args.show:
        lines.append(f"  … and {len(found.failures) - args.show} more (--json lists all)")
    return {TEXT: "\n".join(lines), EXIT: status}


def mask(args: argparse.Namespace) -> dict[str, Any]:
    """Measure how well a label can be read off reports under each mask; exit status 1 unless strict is at chance."""
    from ..recipes.leakage import measure_leakage
    from ..reports import LeakageSettings

    found = measure_leakage(
        args.folder,
        args.task,
        reports=args.reports,
        teacher=args.teacher,
        mapping=args.mapping,
        settings=LeakageSettings(draws=args.resamples, level=args.level, seed=args.seed),
    )
    status = int(not found.strict_at_chance)
    if args.json:
        return {**found.to_dict(), EXIT: status}
    lines = [f"{found.dataset}, {found.task}: AUROC of the label read off the text, {found.recordings} rows"]
    for name, masked in found.masks.items():
        for figure in masked.readers:
            lines.append(f"  {name}: {figure.auroc} by {figure.reader}{', at chance' if figure.at_chance else ''}")
    return {TEXT: "\n".join(lines), EXIT: status}


def review(args: argparse.Namespace) -> dict[str, Any]:
    """Write a page on which an expert reviews a sample of reports, recordings included."""
    from ..reports.review.review_sets import review_sets

    found = review_sets(args.folders, args.n, args.output, prepared=args.audio, seed=args.seed)
    return {"page": str(found.page), "sheet": str(found.sheet), "reports": len(found.rows)}


def score(args: argparse.Namespace) -> dict[str, Any]:
    """Score a review that an expert filled in: the measures of AcuLa's Table II with Wilson intervals."""
    from ..reports.review import score_review

    found = score_review(args.sheet)
    if args.json:
        return found.to_dict()
    names = {
        "consistent": "consistent with the metadata",
        "unsupported": "adds unsupported detail",
        "plausible": "clinically plausible",
    }
    return {TEXT: "\n".join(f"{title}: {getattr(found, name)}" for name, title in names.items())}


GENERATORS = ("template", "transformers", "openai")  # of hf_auscult.reports, which --help need not import
_OPTIONS = (
    *("model", "revision", "temperature", "max_tokens", "cache"),
    *("device", "dtype", "batch_size"),
    *("base_url", "key_variable", "timeout", "attempts", "per_minute", "workers", "price", "max_cost"),
)


def add(verbs: Any) -> None:
    """Add `reports` and its verbs to the command's parser."""
    text = "Clinical reports from metadata: generate, verify, mask, review, score"
    top = verbs.add_parser("reports", help=text, description=f"{text}.")
    inner = top.add_subparsers(dest="job", required=True, metavar="JOB")

    def verb(name: str, handler: Handler, example: str) -> argparse.ArgumentParser:
        text = (handler.__doc__ or "").rstrip(".")
        epilog = f"example: hf-auscult reports {example}"
        found: argparse.ArgumentParser = inner.add_parser(name, help=text, description=f"{text}.", epilog=epilog)
        found.add_argument("--json", action="store_true", help="print one JSON object instead of text")
        found.set_defaults(handler=handler)
        return found

    one = verb("generate", generate, "generate prepared/circor --output reports/circor --mask strict --task murmur")
    one.add_argument("folder", metavar="DIR", help="a prepared dataset")
    one.add_argument("--output", required=True, metavar="DIR", help="folder of the set")
    one.add_argument("--config", default="recordings", help="of the dataset: recordings (default), or e.g. cycles")
    one.add_argument("--mask", default="none", choices=("none", "paper", "strict", "context"))
    one.add_argument("--task", help="whose label the mask hides; every task's if not given")
    one.add_argument("--mapping", metavar="FILE.yaml", help="field mapping of your own dataset")
    one.add_argument("--draws", type=int, default=1, metavar="N", help="paraphrases a recording")
    one.add_argument("--seed", type=int, default=0, metavar="N")
    one.add_argument(
        "--on-ungrounded",
        default="drop",
        choices=("drop", "regenerate", "keep"),
        help="what becomes of a text that contradicts its facts or adds to them",
    )
    one.add_argument("--overwrite", action="store_true", help="replace a set that was made with other settings")
    _add_generator(one)

    one = verb("verify", verify, "verify reports/circor")
    one.add_argument("folder", metavar="DIR", help="a set of reports")
    one.add_argument("--max-contradictions", type=float, default=0.0, metavar="SHARE", help="0 (default) to 1")
    one.add_argument("--max-unsupported", type=float, default=0.0, metavar="SHARE", help="0 (default) to 1")
    one.add_argument("--show", type=int, default=10, metavar="N", help="failures that are printed")

    one = verb("mask", mask, "mask prepared/circor --task murmur --reports reports/circor")
    one.add_argument("folder", metavar="DIR", help="a prepared dataset")
    one.add_argument("--task", required=True, help="whose label is read off the text")
    one.add_argument("--reports", metavar="DIR", help="a set whose own texts are measured; leakage.json goes there")
    one.add_argument("--teacher", metavar="MODEL", help="also read by this model's embeddings")
    one.add_argument("--mapping", metavar="FILE.yaml", help="field mapping of your own dataset")
    one.add_argument("--resamples", type=int, default=1000, metavar="N", help="of people, for the intervals")
    one.add_argument("--level", type=float, default=0.95, help="of the intervals; more where many tasks are looked at")
    one.add_argument("--seed", type=int, default=0, metavar="N")

    one = verb("review", review, "review reports/circor reports/icbhi --n 50 --audio prepared/circor --output review")
    one.add_argument("folders", metavar="DIR", nargs="+", help="sets of reports, one a dataset")
    one.add_argument("--n", type=int, default=50, metavar="N", help="reports in the review; default 50")
    one.add_argument("--audio", metavar="DIR", nargs="+", default=(), help="prepared datasets, to listen to")
    one.add_argument("--output", required=True, metavar="DIR", help="folder of review.html and review.csv")
    one.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample")

    one = verb("score", score, "score review/review.csv")
    one.add_argument("sheet", metavar="FILE.csv", help="the filled table")


def _add_generator(one: argparse.ArgumentParser) -> None:
    one.add_argument("--generator", default="template", choices=GENERATORS)
    group = one.add_argument_group("transformers and openai")
    group.add_argument("--model", metavar="NAME", help="folder, Hub id, or the endpoint's name for it")
    group.add_argument("--temperature", type=float, metavar="T", help="default: transformers 0, openai 1")
    group.add_argument("--max-tokens", type=int, metavar="N", help="of a text; a longer one is a failure")
    group.add_argument("--cache", metavar="DIR", help="of what was written before; ~/.cache/hf_auscult/reports")
    group = one.add_argument_group("transformers")
    group.add_argument("--revision", metavar="COMMIT", help="of a model on the Hub")
    group.add_argument("--device", help="auto (default), cpu, cuda …")
    group.add_argument("--dtype", choices=("auto", "float32", "bfloat16", "float16"))
    group.add_argument("--batch-size", type=int, metavar="N", help="default 8")
    group = one.add_argument_group("openai: any compatible endpoint")
    group.add_argument("--base-url", metavar="URL", help="default https://api.openai.com/v1")
    group.add_argument("--key-variable", metavar="NAME", help="environment variable of the key; OPENAI_API_KEY")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="of a call; default 60")
    group.add_argument("--attempts", type=int, metavar="N", help="of a call; default 6")
    group.add_argument("--per-minute", type=float, metavar="N", help="requests a minute at most")
    group.add_argument("--workers", type=int, metavar="N", help="calls at a time; default 4")
    group.add_argument("--price", type=float, nargs=2, metavar=("READ", "WRITTEN"), help="$ per million tokens")
    group.add_argument("--max-cost", type=float, metavar="DOLLARS", help="budget; instead of --yes")
    group.add_argument("--yes", action="store_true", help="pay what the estimate says")
