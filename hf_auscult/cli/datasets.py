"""Verbs on datasets: prepare, audit, corpus."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import ConfigurationError
from .command import Outcome


def prepare(args: argparse.Namespace) -> Outcome:
    """Prepare a dataset."""
    from ..data import SplitSpec
    from ..data import prepare as run
    from ..data.from_folder import folder_spec

    if args.dataset != "from_folder" and (args.name or args.organ or args.positive):
        raise ConfigurationError(
            "--name, --organ and --positive describe your own folder", remedy="use them with from_folder"
        )
    own = {"name": args.name, "organ": args.organ, "licence": args.licence, "positive": args.positive}
    report = run(
        folder_spec(args.source, **own) if args.dataset == "from_folder" else args.dataset,
        args.source,
        args.output,
        split=SplitSpec(
            name=args.split,
            seed=args.seed,
            by=args.by,
            task=args.task,
            paper=args.paper,
            allow_leakage=args.allow_leakage,
            prefixed_ids=None if args.prefixed_ids is None else args.prefixed_ids == "same",
            age_bands=tuple(args.age_bands) if args.age_bands else SplitSpec.age_bands,
        ),
        num_proc=args.num_proc,
        overwrite=args.overwrite,
        strict=args.strict,
        verify=not args.no_verify,
    )
    lines = {
        "output": report.output,
        "recordings": f"{report.written} of {report.listed}, {len(report.quarantined)} set aside, "
        f"{len(report.withheld)} withheld",
        "presence": report.presence.describe(),
        "split": report.split_sha256,
    }
    return Outcome(report.to_dict(), Outcome(lines).render())


def audit(args: argparse.Namespace) -> Outcome:
    """Report subject overlap, copies and near-duplicates across splits; exit status 1 when there are any."""
    from ..data.audit import audit as run

    ledger = run(args.sources, listen=not args.quick)
    return Outcome(ledger.to_dict(), ledger.render(), int(not ledger.clean))


def corpus(args: argparse.Namespace) -> Outcome:
    """Assemble a training corpus from prepared datasets."""
    from ..data.corpora import build_corpus

    report = build_corpus(args.corpus, args.prepared, args.output, seed=args.seed)
    lines: dict[str, Any] = {"output": report.output}
    for name, parts in report.kept.items():
        left_out = sum(report.left_out.get(name, {}).values())
        lines[name] = f"{sum(parts.values())} recordings, {left_out} left out"
    lines["absent"] = ", ".join(report.absent) or "none"
    return Outcome(report.to_dict(), Outcome(lines).render())
