"""What a verb is made of, and the one place where errors of a user, the data or the system become a line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NoReturn

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


@dataclass(frozen=True)
class Verb:
    """One verb of the command, see verbs.yaml.

    Args:
        name: one word, or two where several verbs share a first one.
        run: module below `hf_auscult.cli` and function, imported when the verb runs.
        help: one sentence.
        example: a command line after `hf-auscult`.
        arguments: flag or name -> keywords of argparse's `add_argument`, and `group`.
    """

    name: str
    run: str
    help: str
    example: str
    arguments: Mapping[str, Mapping[str, Any]]

    @property
    def grouped(self) -> list[str]:
        """Names under which the values of arguments with a group are found."""
        return [flag.lstrip("-").replace("-", "_") for flag, keys in self.arguments.items() if "group" in keys]

    def __call__(self, args: argparse.Namespace) -> Outcome:
        """Run it."""
        module, function = self.run.split(".")
        outcome: Outcome = getattr(import_module(f"{__package__}.{module}"), function)(args)
        return outcome

    def add_to(self, verbs: Any) -> None:
        """Add it to a parser."""
        epilog = f"example: hf-auscult {self.example}"
        parser = verbs.add_parser(self.name.split()[-1], help=self.help, description=f"{self.help}.", epilog=epilog)
        parser.add_argument("--json", action="store_true", help="print one JSON object; progress goes to stderr")
        groups: dict[str | None, Any] = {None: parser}
        for flag, keys in self.arguments.items():
            keywords = {key: _KEYWORDS[key](value) if key in _KEYWORDS else value for key, value in keys.items()}
            title = keywords.pop("group", None)
            if title not in groups:
                groups[title] = parser.add_argument_group(title)
            groups[title].add_argument(flag, **keywords)
        parser.set_defaults(verb=self)


# What YAML cannot say as it is meant.
_KEYWORDS: dict[str, Callable[[Any], Any]] = {
    "type": {"int": int, "float": float}.__getitem__,
    "metavar": lambda value: tuple(value) if isinstance(value, list) else value,
}


def execute(args: argparse.Namespace) -> int:
    """Run a verb and print its outcome.

    Returns:
        0 when it worked, 1 when a check did not pass, 2 on an error of the user's, the data's or the system's, 130
        when it was interrupted.
    """
    name = f"hf-auscult {args.verb.name}"
    try:
        with redirect_stdout(sys.stderr if args.json else sys.stdout):
            outcome = args.verb(args)
    except KeyboardInterrupt:
        print(f"{name}: interrupted; the same command goes on from what is done", file=sys.stderr)
        return 130
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        if not isinstance(error, AuscultError):
            line = _about(error, line, args) + line
        print(f"{name}: {line}", file=sys.stderr)
        if args.json:
            where = getattr(error, "where", None)
            print(to_json({"error": type(error).__name__, "message": line, "where": where}, indent=None))
        return 2
    if text := to_json(outcome.data, indent=None) if args.json and outcome.data else outcome.render():
        print(printable(text))
    return outcome.status


def _about(error: Exception, line: str, args: argparse.Namespace) -> str:
    """What a message is about that does not say it: the output where the system refuses to write, else the models."""
    if isinstance(error, OSError) and error.errno:
        output = getattr(args, "output", None)
        return "" if error.filename or not output else f"{output}: "
    models = getattr(args, "model", None) or []
    models = [models] if isinstance(models, str) else models
    return "" if not models or any(model in line for model in models) else f"{', '.join(models)}: "


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
    if isinstance(error, ImportError) and not (error.name or "hf_auscult").startswith("hf_auscult"):
        return f"{line}. To fix: pip install {error.name}"
    if isinstance(error, OSError) or (not isinstance(error, _FAULTS) and _library(error) in LIBRARIES):
        line, cause = line or type(error).__name__, error.__cause__
        return f"{line} ({explain(cause)})" if isinstance(cause, OSError) else line
    return None


# What a library raises when it is called wrongly: a fault of this package, and its traceback is wanted.
_FAULTS = (TypeError, AttributeError, NameError, AssertionError)


def _library(error: Exception) -> str:
    """Top-level name of the library that was called last from here, which raised the error or let it through."""
    names = []
    trace = error.__traceback__
    while trace is not None:
        names.append(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    called = names[len(names) - names[::-1].index("hf_auscult") :] if "hf_auscult" in names else names
    return called[0] if called else type(error).__module__.partition(".")[0]


class _Parser(argparse.ArgumentParser):
    """Says in one line what cannot be parsed, as everything else that a user gets wrong; the usage is in --help."""

    def error(self, message: str) -> NoReturn:
        line = printable(" ".join(message.split()))
        self.exit(2, f"{self.prog}: {line}. To fix: see {self.prog} --help\n")


def parser_of(verbs: Iterable[Verb], groups: Mapping[str, str], version: str) -> argparse.ArgumentParser:
    """Return the command's parser.

    Args:
        verbs: in the order of the help.
        groups: first word of verbs of two words -> help.
        version: of the package.
    """
    top = _Parser("hf-auscult", description="Body-sound AI for the Hugging Face ecosystem.")
    help = 'print what makes bash and zsh complete this command: eval "$(hf-auscult --completion)"'
    top.add_argument("--completion", action="store_true", help=help)
    top.add_argument("--version", action="version", version=f"hf-auscult {version}")
    homes = {"": top.add_subparsers(required=True, metavar="VERB")}
    for verb in verbs:
        group = verb.name.rpartition(" ")[0]
        if group not in homes:
            inner = homes[""].add_parser(group, help=groups[group], description=f"{groups[group]}.")
            homes[group] = inner.add_subparsers(required=True, metavar="JOB")
        verb.add_to(homes[group])
    return top


def completions(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """Return what may stand in the place of the last word: verbs, flags or an argument's choices.

    Args:
        parser: of the command.
        words: typed so far, the last of them incomplete.
    """
    choices: list[str] = []
    for word in words[:-1]:
        inner = _jobs(parser)
        parser = inner.get(word, parser)
        flag = next((action for action in parser._actions if word in action.option_strings), None)
        choices = [str(choice) for choice in (flag.choices or ())] if flag is not None else []
    if choices:
        return choices
    positional = [action for action in parser._actions if not action.option_strings]
    named = [str(choice) for action in positional for choice in (action.choices or ())]
    return named + [flag for action in parser._actions for flag in action.option_strings]


def _jobs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the verbs, or jobs of a verb, that a parser knows."""
    jobs: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            jobs |= action.choices
    return jobs
