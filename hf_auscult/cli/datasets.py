"""Verbs on datasets: prepare, audit, corpus."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .command import Outcome

if TYPE_CHECKING:
    from ..data.generic import GenericColumns


def prepare(args: argparse.Namespace) -> Outcome:
    """Prepare a dataset."""
    from ..data import SplitSpec
    from ..data import prepare as run
    from ..data.from_folder import folder_spec

    if args.list:
        return _datasets()
    given = {"DATASET": args.dataset, "--source": args.source, "--output": args.output}
    if missing := [name for name, value in given.items() if not value]:
        raise ConfigurationError(f"no {', '.join(missing)}", remedy="see --help, or --list for the datasets")
    own_folder = args.dataset.replace("-", "_") == "from_folder"
    if not own_folder and (args.name or args.organ or args.positive or args.columns):
        raise ConfigurationError(
            "--name, --organ, --positive and --columns describe your own folder", remedy="use them with from_folder"
        )
    own = {"name": args.name, "organ": args.organ, "licence": args.licence, "positive": args.positive}
    with _quiet("hf_auscult.data.preparation"):  # the report says what it warns of
        report = run(
            folder_spec(args.source, **own, columns=_columns(args.columns)) if own_folder else args.dataset,
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
            engine=args.engine,
            overwrite=args.overwrite,
            strict=args.strict,
            verify=not args.no_verify,
        )
    return Outcome(report.to_dict(), report.render())


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep what a logger warns of off the screen."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _columns(given: Sequence[str]) -> GenericColumns:
    """Read ``subject_id=patient``."""
    from ..data.generic import GenericColumns

    known = {field.name for field in fields(GenericColumns)}
    pairs = [word.partition("=") for word in given]
    wrong = ["".join(pair) for pair in pairs if pair[0] not in known or not pair[2]]
    if wrong:
        raise ConfigurationError(
            f"--columns {' '.join(wrong)}", remedy=f"give NAME=YOURS, with NAME one of {', '.join(sorted(known))}"
        )
    return GenericColumns(**{name: yours for name, _, yours in pairs})


def _datasets() -> Outcome:
    """What can be prepared."""
    from ..data import DATASETS
    from ..metrics.tables import Table

    rows = [(name, spec.title, spec.licence, spec.source_url) for name, spec in DATASETS.items()]
    table = Table(("dataset", "title", "licence", "download"), rows, names=4)
    return Outcome({"datasets": [dict(zip(table.header, row, strict=True)) for row in rows]}, table.text())


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
