"""The verbs `hf-auscult reports …`: write reports, check them, measure what they give away, have them reviewed."""

from __future__ import annotations

import argparse
import sys

from .command import Outcome, Verb, argument, name_of

GENERATORS = ("template", "transformers", "openai")  # of hf_auscult.reports, which --help need not import
SEED = argument("--seed", type=int, default=0, metavar="N", help="of what is drawn")
MAPPING = argument("--mapping", metavar="FILE.yaml", help="field mapping of your own dataset")


def generate(args: argparse.Namespace) -> Outcome:
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
    given = {name: getattr(args, name) for name in map(name_of, OPTIONS) if getattr(args, name) is not None}
    generator = build_generator(args.generator, given, draws=args.draws)
    plan = plan_set(args.folder, settings)
    confirm(generator, plan.requests, yes=args.yes, say=lambda line: print(line, file=sys.stderr))
    info = generate_set(plan, args.output, generator, overwrite=args.overwrite)
    counts = info.counts
    lines = {
        "output": args.output,
        "reports": f"{counts['reports']} on {counts['with_report']} of {counts['recordings']} rows",
    }
    if info.failures:
        missing = ", ".join(f"{count} {reason}" for reason, count in info.failures.items())
        lines["missing"] = f"{missing}: see failures.jsonl; the same command goes on"
    return Outcome({"output": args.output, **info.to_dict()}, Outcome(lines).render(), int(not info.complete))


def verify(args: argparse.Namespace) -> Outcome:
    """Compare every report of a set with its facts; exit status 1 when too many contradict or add something."""
    from ..reports.verify import verify_set

    found = verify_set(args.folder, contradictions=args.max_contradictions, unsupported=args.max_unsupported)
    names = {"consistency": "contradicts nothing", "unsupported": "adds something", "omission": "leaves a fact out"}
    lines = [f"{title}: {getattr(found.summary, name)}" for name, title in names.items()]
    for failure in found.failures[: args.show]:
        wrong = [f"{kind} {one.text!r}" for kind in ("contradictions", "unsupported") for one in getattr(failure, kind)]
        lines.append(f"  {failure.recording_id}: {'; '.join(wrong)}: {failure.text}")
    if len(found.failures) > args.show:
        lines.append(f"  … and {len(found.failures) - args.show} more (--json lists all)")
    return Outcome(found.to_dict(), "\n".join(lines), int(not found.passed))


def mask(args: argparse.Namespace) -> Outcome:
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
    lines = [f"{found.dataset}, {found.task}: AUROC of the label read off the text, {found.recordings} rows"]
    for name, masked in found.masks.items():
        for figure in masked.readers:
            lines.append(f"  {name}: {figure.auroc} by {figure.reader}{', at chance' if figure.at_chance else ''}")
    return Outcome(found.to_dict(), "\n".join(lines), int(not found.strict_at_chance))


def review(args: argparse.Namespace) -> Outcome:
    """Write a page on which an expert reviews a sample of reports, recordings included."""
    from ..reports.review.review_sets import review_sets

    found = review_sets(args.folders, args.n, args.output, prepared=args.audio, seed=args.seed)
    return Outcome({"page": str(found.page), "sheet": str(found.sheet), "reports": len(found.rows)})


def score(args: argparse.Namespace) -> Outcome:
    """Score a review that an expert filled in: the measures of AcuLa's Table II with Wilson intervals."""
    from ..reports.review import score_review

    found = score_review(args.sheet)
    names = {
        "consistent": "consistent with the metadata",
        "unsupported": "adds unsupported detail",
        "plausible": "clinically plausible",
    }
    return Outcome(found.to_dict(), "\n".join(f"{title}: {getattr(found, name)}" for name, title in names.items()))


BOTH, LOCAL, ENDPOINT = "transformers and openai", "transformers", "openai: any compatible endpoint"
OPTIONS = (
    argument("--model", metavar="NAME", help="folder, Hub id, or the endpoint's name for it", group=BOTH),
    argument("--temperature", type=float, metavar="T", help="default: transformers 0, openai 1", group=BOTH),
    argument("--max-tokens", type=int, metavar="N", help="of a text; a longer one is a failure", group=BOTH),
    argument("--cache", metavar="DIR", help="of what was written before; ~/.cache/hf_auscult/reports", group=BOTH),
    argument("--revision", metavar="COMMIT", help="of a model on the Hub", group=LOCAL),
    argument("--device", help="auto (default), cpu, cuda …", group=LOCAL),
    argument("--dtype", choices=("auto", "float32", "bfloat16", "float16"), group=LOCAL),
    argument("--batch-size", type=int, metavar="N", help="default 8", group=LOCAL),
    argument("--base-url", metavar="URL", help="default https://api.openai.com/v1", group=ENDPOINT),
    argument("--key-variable", metavar="NAME", help="environment variable of the key; OPENAI_API_KEY", group=ENDPOINT),
    argument("--timeout", type=float, metavar="SECONDS", help="of a call; default 60", group=ENDPOINT),
    argument("--attempts", type=int, metavar="N", help="of a call; default 6", group=ENDPOINT),
    argument("--per-minute", type=float, metavar="N", help="requests a minute at most", group=ENDPOINT),
    argument("--workers", type=int, metavar="N", help="calls at a time; default 4", group=ENDPOINT),
    argument("--price", type=float, nargs=2, metavar=("READ", "WRITTEN"), help="$ per million tokens", group=ENDPOINT),
    argument("--max-cost", type=float, metavar="DOLLARS", help="budget; instead of --yes", group=ENDPOINT),
)
"""What a generator is built with; None where the user says nothing."""

VERBS = (
    Verb(
        generate,
        "reports generate prepared/circor --output reports/circor --mask strict --task murmur",
        (
            argument("folder", metavar="DIR", help="a prepared dataset"),
            argument("--output", required=True, metavar="DIR", help="folder of the set"),
            argument("--config", default="recordings", help="of the dataset: recordings (default), or e.g. cycles"),
            argument("--mask", default="none", choices=("none", "paper", "strict", "context")),
            argument("--task", help="whose label the mask hides; every task's if not given"),
            MAPPING,
            argument("--draws", type=int, default=1, metavar="N", help="paraphrases a recording"),
            SEED,
            argument(
                "--on-ungrounded",
                default="drop",
                choices=("drop", "regenerate", "keep"),
                help="what becomes of a text that contradicts its facts or adds to them",
            ),
            argument("--overwrite", action="store_true", help="replace a set that was made with other settings"),
            argument("--generator", default="template", choices=GENERATORS),
            *OPTIONS,
            argument("--yes", action="store_true", help="pay what the estimate says", group=ENDPOINT),
        ),
        words=2,
    ),
    Verb(
        verify,
        "reports verify reports/circor",
        (
            argument("folder", metavar="DIR", help="a set of reports"),
            argument("--max-contradictions", type=float, default=0.0, metavar="SHARE", help="0 (default) to 1"),
            argument("--max-unsupported", type=float, default=0.0, metavar="SHARE", help="0 (default) to 1"),
            argument("--show", type=int, default=10, metavar="N", help="failures that are printed"),
        ),
        words=2,
    ),
    Verb(
        mask,
        "reports mask prepared/circor --task murmur --reports reports/circor",
        (
            argument("folder", metavar="DIR", help="a prepared dataset"),
            argument("--task", required=True, help="whose label is read off the text"),
            argument("--reports", metavar="DIR", help="a set whose own texts are measured; leakage.json goes there"),
            argument("--teacher", metavar="MODEL", help="also read by this model's embeddings"),
            MAPPING,
            argument("--resamples", type=int, default=1000, metavar="N", help="of people, for the intervals"),
            argument("--level", type=float, default=0.95, help="of the intervals; more where many tasks are looked at"),
            SEED,
        ),
        words=2,
    ),
    Verb(
        review,
        "reports review reports/circor reports/icbhi --n 50 --audio prepared/circor --output review",
        (
            argument("folders", metavar="DIR", nargs="+", help="sets of reports, one a dataset"),
            argument("--n", type=int, default=50, metavar="N", help="reports in the review; default 50"),
            argument("--audio", metavar="DIR", nargs="+", default=(), help="prepared datasets, to listen to"),
            argument("--output", required=True, metavar="DIR", help="folder of review.html and review.csv"),
            SEED,
        ),
        words=2,
    ),
    Verb(
        score,
        "reports score review/review.csv",
        (argument("sheet", metavar="FILE.csv", help="the filled table"),),
        words=2,
    ),
)
