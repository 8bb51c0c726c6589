"""The command `hf-auscult`: parses what is typed and calls the library; `--json` for machines."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import resources

import yaml

from .. import __version__
from .command import Verb, completions, execute, parser_of

# `eval "$(hf-auscult --completion)"` in .bashrc or .zshrc: asks the command itself, which answers at once.
COMPLETION = """\
[ -n "$ZSH_VERSION" ] && autoload -Uz bashcompinit && bashcompinit
_hf_auscult() {
  COMPREPLY=($(compgen -W "$(hf-auscult --completion "${COMP_WORDS[@]:1:COMP_CWORD}")" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _hf_auscult hf-auscult"""
GROUPS = {"reports": "Clinical reports from metadata: generate, verify, mask, review, score"}


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    text = resources.files(__package__).joinpath("verbs.yaml").read_text("utf-8")
    table = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # written in C: ten times as fast
    return parser_of((Verb(name, **entry) for name, entry in table.items()), GROUPS, __version__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see :func:`hf_auscult.cli.command.execute` for the exit status."""
    typed = sys.argv[1:] if argv is None else argv
    if typed[:1] == ["--completion"]:
        print(COMPLETION if len(typed) == 1 else "\n".join(completions(parser(), typed[1:])))
        return 0
    args = parser().parse_args(typed)
    args.command = shlex.join(["hf-auscult", *(word for word in typed if word != "--json")])
    from ..hub.registration import register

    register()
    # Without a network the Hub's client warns of every retry; the error at the end says it all.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    status = execute(args)
    leave_process_group(status)
    return status


def leave_process_group(status: int = 0) -> None:
    """End a process of a distributed run at once; does nothing in a process of its own.

    Everything is on disk by now. Left to the interpreter, torch's gloo group can deadlock or abort while it is taken
    apart (seen with torch 2.11): it joins a thread, holding the lock which that thread needs to drop its last tensor.
    """
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
