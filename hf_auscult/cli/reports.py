"""The verbs `hf-auscult reports …`: write reports, check them, measure what they give away, have them reviewed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import ConfigurationError
from .command import Outcome


def generate(args: argparse.Namespace) -> Outcome:
    """Write reports on a prepared dataset; exit status 1 when some are missing."""
    from ..reports.generate_set import ReportSettings, generate_set, plan_set
    from ..reports.generators.options import build_generator, confirm

    measured = None
    if args.mask == "middle" and args.task is not None:
        from ..recipes.leakage import measure_middle

        measured = measure_middle(args.folder, args.task, teacher=args.teacher, mapping=args.mapping)[1].without
    settings = ReportSettings(
        measured=measured,
        config=args.config,
        mask=args.mask,
        task=args.task,
        mapping=args.mapping,
        seed=args.seed,
        draws=args.draws,
        on_ungrounded=args.on_ungrounded,
    )
    given = {name: getattr(args, name) for name in args.verb.grouped if getattr(args, name) is not None}
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

    verification = verify_set(args.folder, contradictions=args.max_contradictions, unsupported=args.max_unsupported)
    names = {"consistency": "contradicts nothing", "unsupported": "adds something", "omission": "leaves a fact out"}
    lines = [f"{title}: {getattr(verification.summary, name)}" for name, title in names.items()]
    for failure in verification.failures[: args.show]:
        wrong = [
            f"{kind} {statement.text!r}"
            for kind in ("contradictions", "unsupported")
            for statement in getattr(failure, kind)
        ]
        lines.append(f"  {failure.recording_id}: {'; '.join(wrong)}: {failure.text}")
    if len(verification.failures) > args.show:
        lines.append(f"  … and {len(verification.failures) - args.show} more (--json lists all)")
    return Outcome(verification.to_dict(), "\n".join(lines), int(not verification.passed))


def mask(args: argparse.Namespace) -> Outcome:
    """Measure how well reports under each mask predict a label; exit status 1 unless strict is at chance."""
    from ..recipes.leakage import measure_leakage
    from ..reports import LeakageSettings

    result = measure_leakage(
        args.folder,
        args.task,
        reports=args.reports,
        teacher=args.teacher,
        mapping=args.mapping,
        plot=args.plot,
        settings=LeakageSettings(draws=args.resamples, level=args.level, seed=args.seed),
    )
    lines = [f"{result.dataset}, {result.task}: AUROC of the label predicted from the text, {result.recordings} rows"]
    for name, masked in result.masks.items():
        for figure in masked.readers:
            lines.append(f"  {name}: {figure.auroc} by {figure.reader}{', at chance' if figure.at_chance else ''}")
    gone = ", ".join(f"{name} ({why})" for name, why in result.middle.without.items()) or "nothing"
    lines.append(f"middle keeps {100 * result.middle.steps[-1].kept:.0f} % of the facts; it takes away {gone}")
    return Outcome(result.to_dict(), "\n".join(lines), int(not result.strict_at_chance))


def price(args: argparse.Namespace) -> Outcome:
    """Measure what hiding each label costs, over the tables of several datasets; write masks.md and price.png."""
    from ..recipes.price import PriceSettings, measure_prices, price_table
    from ..reports import LeakageSettings

    sources = dict(pair_of(text) for text in args.sources)
    leakage = LeakageSettings(draws=args.resamples, seed=args.seed)
    settings = PriceSettings(people=args.people, teacher=args.teacher, leakage=leakage)
    results = measure_prices(sources, args.output, tasks=args.task, settings=settings)
    return Outcome({"output": args.output, "tasks": results}, price_table(results))


def pair_of(text: str) -> tuple[str, Path]:
    """Read NAME=DIR.

    Raises:
        ConfigurationError: no name, or no folder.
    """
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise ConfigurationError(f"{text!r} is no NAME=DIR", remedy="write, for instance, circor=data/circor")
    return name, Path(folder)


def review(args: argparse.Namespace) -> Outcome:
    """Write a page on which an expert reviews a sample of reports, recordings included."""
    from ..reports.review.review_sets import review_sets

    written = review_sets(args.folders, args.n, args.output, prepared=args.audio, seed=args.seed)
    return Outcome({"page": str(written.page), "sheet": str(written.sheet), "reports": len(written.rows)})


def score(args: argparse.Namespace) -> Outcome:
    """Score a review that an expert filled in: the measures of AcuLa's Table II with Wilson intervals."""
    from ..reports.review import score_review

    result = score_review(args.sheet)
    names = {
        "consistent": "consistent with the metadata",
        "unsupported": "adds unsupported detail",
        "plausible": "clinically plausible",
    }
    return Outcome(result.to_dict(), "\n".join(f"{title}: {getattr(result, name)}" for name, title in names.items()))
