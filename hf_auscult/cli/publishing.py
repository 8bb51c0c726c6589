"""The verb `publish`: what goes to the Hub."""

from __future__ import annotations

import argparse

from ..errors import ConfigurationError
from .command import Outcome


def publish(args: argparse.Namespace) -> Outcome:
    """Publish one repository, or the whole family."""
    from ..hub.release import PublishSettings, plan, publish_all
    from ..hub.send import Access, Publication, send

    access = Access(token=args.token, private=args.private, gated=args.gated, revision=args.revision)
    if args.kind == "all":
        if args.source or args.repo:
            raise ConfigurationError("everything is published", remedy="give --namespace and --root instead")
        done = publish_all(args.namespace, args.root, access, dry_run=args.dry_run)
        lines = [_line(one, args.dry_run) for one in done.published]
        lines += [f"{repo}: left out, no {folder}" for repo, folder in done.missing.items()]
        return Outcome(done.to_dict(), "\n".join([*lines, *filter(None, [done.collection])]))
    if not args.source or not args.repo:
        raise ConfigurationError("what, and where to?", remedy="hf-auscult publish KIND DIR --repo NAMESPACE/NAME")
    settings = PublishSettings(args.licence, args.base, args.results, args.data_root)
    one: Publication = send(plan(args.kind, args.source, args.repo, settings), access, dry_run=args.dry_run)
    lines = [f"{size:>12,}  {path}" for path, size in one.files.items()]
    lines += [f"    left out  {path}" for path in one.left_out]
    return Outcome(one.to_dict(), "\n".join([*lines, _line(one, args.dry_run)]))


def _line(one: object, dry_run: bool) -> str:
    from ..hub.send import Publication

    assert isinstance(one, Publication)
    if dry_run:
        done = f"would hold {len(one.files)} files"
    elif one.commit is None:
        done = "holds everything already, no commit"
    else:
        done = f"{len(one.added)} files new or changed, {len(one.removed)} removed, commit {one.commit[:8]}"
    return f"{one.url}: {done}"
