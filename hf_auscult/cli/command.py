"""What a verb is made of, and the one place where errors of a user, the data or the system become a line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from ..errors import AuscultError, printable
from ..files import to_json

# Libraries that speak for themselves: what they raise about a file, an id or a revision is no fault of the code here.
LIBRARIES = ("transformers", "huggingface_hub", "safetensors", "datasets", "peft", "tokenizers", "pyarrow", "httpx")


@dataclass(frozen=True)
class Outcome:
    """What a verb gives back.

    Args:
        data: what `--json` prints.
        text: what is printed otherwise; `name: value` lines of the data if not given.
        status: exit status; 1 for a check that did not pass.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    status: int = 0

    def render(self) -> str:
        """What a person reads."""
        return "\n".join(f"{key}: {value}" for key, value in self.data.items()) if self.text is None else self.text


Argument = tuple[tuple[str, ...], dict[str, Any], str]
Run = Callable[[argparse.Namespace], Outcome]


@dataclass(frozen=True)
class Verb:
    """One verb of the command.

    Args:
        run: calls the library; the first line of its docstring is the help.
        example: the command line after `hf-auscult`; its first words are the verb's name.
        arguments: see :func:`argument`.
        words: how many words the name has.
    """

    run: Run
    example: str
    arguments: tuple[Argument, ...]
    words: int = 1

    @property
    def name(self) -> tuple[str, ...]:
        """Its words, e.g. ("reports", "verify")."""
        return tuple(self.example.split()[: self.words])

    def add_to(self, verbs: Any) -> None:
        """Add it to a parser."""
        text = (self.run.__doc__ or "").splitlines()[0].rstrip(".")
        parser = verbs.add_parser(
            self.name[-1], help=text, description=f"{text}.", epilog=f"example: hf-auscult {self.example}"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object; progress goes to stderr")
        groups = {"": parser}
        for flags, settings, group in self.arguments:
            if group not in groups:
                groups[group] = parser.add_argument_group(group)
            groups[group].add_argument(*flags, **settings)
        parser.set_defaults(verb=self)


def argument(*flags: str, group: str = "", **settings: Any) -> Argument:
    """An argument as argparse's `add_argument` takes it; with a group, under the heading of that name."""
    return flags, settings, group


def name_of(argument: Argument) -> str:
    """The name under which its value is found.

    Example:
        >>> name_of(argument("--max-cost", type=float))
        'max_cost'
    """
    return argument[0][0].lstrip("-").replace("-", "_")


def execute(args: argparse.Namespace) -> int:
    """Run a verb and print its outcome.

    Returns:
        0 when it worked, 1 when a check did not pass, 2 on an error of the user's, the data's or the system's, 130
        when it was interrupted.
    """
    verb: Verb = args.verb
    name = f"hf-auscult {' '.join(verb.name)}"
    try:
        with redirect_stdout(sys.stderr if args.json else sys.stdout):
            outcome = verb.run(args)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        print(f"{name}: {line}", file=sys.stderr)
        if args.json:
            where = getattr(error, "where", None)
            print(to_json({"error": type(error).__name__, "message": line, "where": where}, indent=None))
        return 2
    if text := to_json(outcome.data, indent=None) if args.json and outcome.data else outcome.render():
        print(printable(text))
    return outcome.status


def explain(error: Exception) -> str | None:
    """Say in a line what a user can do something about; None for what is a fault of this package.

    Example:
        >>> explain(FileNotFoundError(2, "No such file or directory", "a.yaml"))
        'a.yaml: No such file or directory'
    """
    line = " ".join(printable(str(error)).split())
    if isinstance(error, AuscultError):
        return line
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in line:
        return f"not enough memory ({line or 'for this'}). To fix: give a smaller --batch-size, or fewer recordings"
    if isinstance(error, OSError) and error.strerror:
        return f"{printable(error.filename)}: {error.strerror}" if isinstance(error.filename, str) else error.strerror
    if isinstance(error, OSError) or _raised_by(error) in LIBRARIES:
        return line or type(error).__name__
    return None


def _raised_by(error: Exception) -> str:
    """Top-level name of the library that an error comes from: by its own class, or the function that raised it."""
    of_class = type(error).__module__.partition(".")[0]
    if of_class in LIBRARIES:
        return of_class
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def parser_of(verbs: Iterable[Verb], groups: Mapping[str, str], version: str) -> argparse.ArgumentParser:
    """Return the command's parser.

    Args:
        verbs: in the order of the help.
        groups: first word of verbs of two words -> help.
        version: of the package.
    """
    top = argparse.ArgumentParser("hf-auscult", description="Body-sound AI for the Hugging Face ecosystem.")
    top.add_argument("--version", action="version", version=f"hf-auscult {version}")
    homes = {"": top.add_subparsers(required=True, metavar="VERB")}
    for verb in verbs:
        group = verb.name[0] if verb.words > 1 else ""
        if group not in homes:
            inner = homes[""].add_parser(group, help=groups[group], description=f"{groups[group]}.")
            homes[group] = inner.add_subparsers(required=True, metavar="JOB")
        verb.add_to(homes[group])
    return top
