"""The English of clinical reports, as data: ``language/*.yaml`` says how each concept is worded, this reads it once.

A *form* is one way to write something: a regular expression in which a blank stands for blanks, line breaks and
hyphens, parentheses group, and ``{name}`` is one of the file's ``macros``. Forms match whole words in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from ..data.facts import CONCEPTS, Polarity
from ..errors import ConfigurationError
from ..texts import read_yaml

LANGUAGE = Path(__file__).with_name("language")
ENTRY_FILES: tuple[str, ...] = ("findings", "health", "traits", "people", "recording", "additions")
TERM_CONCEPTS: tuple[str, ...] = ("finding", "disease", "condition", "symptom")
"""Concepts whose values are there, not there or undecided; the others have one value each.

One word may stand under several of them (asthma as a disease or a condition), so they are compared by value alone.
"""
NEUTRAL = "neutral"
"""Concept of words that look like those of another and say nothing, such as the back of: came back."""
_KEYS = frozenset({"macros", "entries", "kinds", "covered", "same", "rules_out"})
_ENTRY_KEYS = frozenset({"concept", "polarity", "values"})


@dataclass(frozen=True)
class Entry:
    """A way to write a concept's value.

    Args:
        concept: of :data:`hf_auscult.data.facts.CONCEPTS`, or one of what no fact covers, such as
            ``recommendation``.
        value: the value's one spelling.
        regex: of the words, see :func:`phrase`.
        polarity: what the words say by themselves, before any negation: ``clear lungs`` say that something is absent.

    Example:
        >>> copd = Entry("disease", "COPD", phrase("COPD|chronic obstructive pulmonary disease"))
        >>> bool(copd.regex.search("a COPD patient"))
        True
    """

    concept: str
    value: str
    regex: re.Pattern[str]
    polarity: Polarity = "present"


def phrase(forms: str) -> re.Pattern[str]:
    """Compile alternatives as whole words; a blank in them matches blanks, line breaks and hyphens.

    Example:
        >>> phrase("sore throat").findall("a sore-throat, sore throats")
        ['sore-throat']
    """
    spaced = re.sub(r"(?<!\\)\((?!\?)", "(?:", forms).replace(" ", r"(?:[\s-]{1,3})")
    spaced = spaced.replace(")*", "){0,8}")  # without an end, a long row of one word would be read again at each word
    # a form that begins or ends with a sign (": no", "+ve") may touch a word there
    return re.compile(rf"(?:(?<!\w)|(?=\W))(?:{spaced})(?:(?!\w)|(?<=\W))", re.IGNORECASE)


@dataclass
class Lexicon:
    """Every form, and which values contain each other.

    Args:
        entries: forms of every concept, except ages, sizes and places, which are read by their parts.
        parents: value -> what it is a kind of: where the first is there, so is the second.
        covered: value -> kinds that must all be absent for it to count as absent. ICBHI annotates crackles and wheezes
            alone, and a cycle with neither is its normal one.
        same: another spelling of a value -> the value.
        rules_out: value -> what is not there where it is, such as COVID-19 after the recovery from it.
    """

    entries: list[Entry] = field(default_factory=list)
    parents: dict[str, set[str]] = field(default_factory=dict)
    covered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    rules_out: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def additions(self) -> tuple[str, ...]:
        """Concepts that no fact covers: a report that uses one of their words says more than it was given."""
        return tuple(
            dict.fromkeys(entry.concept for entry in self.entries if entry.concept not in (*CONCEPTS, NEUTRAL))
        )

    def add(self, file: str | Path) -> None:
        """Add the entries of a YAML file.

        Raises:
            ConfigurationError: no such file, unknown keys, or a form that is no regular expression.
        """
        content = read_table(file, _KEYS)
        for group in content.get("entries", ()):
            if not isinstance(group, Mapping) or not {"concept", "values"} <= set(group) <= _ENTRY_KEYS:
                raise ConfigurationError(f"entry {group!r}", where=file, remedy="give concept, values and no other key")
            polarity = group.get("polarity", "present")
            if polarity not in get_args(Polarity):
                raise ConfigurationError(f"polarity {polarity!r}", where=file, remedy=f"use {get_args(Polarity)}")
            for value, forms in group["values"].items():
                regex = compiled(forms, content.get("macros", {}), f"{file}: {value}")
                self.entries.append(Entry(str(group["concept"]), str(value), regex, polarity))
        for parent, values in content.get("kinds", {}).items():
            for value in values:
                self.parents.setdefault(value, set()).add(parent)
        for entry in self.entries:
            if entry.concept == "disease" and entry.value != "illness" and entry.value not in self.parents:
                self.parents[entry.value] = {"illness"}
        self.covered |= {value: tuple(kinds) for value, kinds in content.get("covered", {}).items()}
        self.same |= content.get("same", {})
        self.rules_out |= {value: tuple(others) for value, others in content.get("rules_out", {}).items()}
        terms_of.cache_clear()
        ancestors.cache_clear()


@cache
def lexicon() -> Lexicon:
    """Give the lexicon that :func:`hf_auscult.reports.check` reads with; the package's own until it is extended."""
    known = Lexicon()
    for name in ENTRY_FILES:
        known.add(LANGUAGE / f"{name}.yaml")
    return known


def extend_lexicon(file: str | Path) -> None:
    """Add the words of your own reports to what the grounding check understands.

    Args:
        file: YAML with ``entries`` (each a ``concept`` and ``values``, value -> forms) and, if wanted, ``macros``,
            ``kinds`` (value -> the kinds of it), ``covered``, ``same`` and ``rules_out``, as the files in ``language``.

    Raises:
        ConfigurationError: no such file, unknown keys, or a form that is no regular expression.

    Example:
        >>> extend_lexicon("squeaks.yaml")  # doctest: +SKIP
    """
    lexicon().add(file)


@cache
def terms_of(value: str) -> tuple[str, Polarity]:
    """Find the term that a fact's value is, and what the word says by itself.

    A value that the lexicon does not know is a term of its own, in lower case.

    Example:
        >>> terms_of("lung fibrosis"), terms_of("healthy"), terms_of("Lupus")
        (('pulmonary fibrosis', 'present'), ('illness', 'absent'), ('lupus', 'present'))
    """
    known = lexicon()
    if value in known.same:
        return known.same[value], "present"
    terms = [entry for entry in known.entries if entry.concept in TERM_CONCEPTS]
    for entry in terms:
        if entry.value.lower() == value.lower():
            return entry.value, "present"
    for entry in terms:
        if entry.regex.fullmatch(value.strip()):
            return entry.value, entry.polarity
    return value.strip().lower(), "present"


@cache
def ancestors(term: str) -> frozenset[str]:
    """Everything that is there where this is, itself included.

    Example:
        >>> sorted(ancestors("rhonchus"))
        ['adventitious sound', 'continuous adventitious sound', 'rhonchus']
    """
    return frozenset({term}).union(*(ancestors(parent) for parent in lexicon().parents.get(term, ())))


@cache
def words(table: str, *keys: str) -> re.Pattern[str]:
    """Compile the forms under some keys of a table of the language.

    Example:
        >>> bool(words("negation", "except").search("clear apart from crackles"))
        True
    """
    content = language(table)
    forms: Any = content
    for key in keys:
        forms = forms[key]
    return compiled(forms, content.get("macros", {}), f"{table}: {' '.join(keys)}")


@cache
def language(table: str) -> Mapping[str, Any]:
    """Read one of the package's own tables."""
    return read_table(LANGUAGE / f"{table}.yaml")


def read_table(file: str | Path, keys: Iterable[str] = ()) -> Mapping[str, Any]:
    """Read a YAML file that is a mapping, of some keys only where they are given.

    Raises:
        ConfigurationError: no such file, not YAML, not a mapping, or another key.
    """
    path, known = Path(file), set(keys)
    content = read_yaml(path, remedy="give a YAML file of words")
    if not isinstance(content, dict) or (known and set(content) - known):
        raise ConfigurationError("not a table of words", where=path, remedy=f"give the keys {', '.join(sorted(known))}")
    return content


def compiled(forms: str | Sequence[str], macros: Mapping[str, Sequence[str]], where: str) -> re.Pattern[str]:
    """Compile forms as alternatives, macros filled in.

    Raises:
        ConfigurationError: an unknown macro, or forms that are no regular expression.
    """

    def joined(forms: str | Sequence[str]) -> str:
        return re.sub(r"\{([a-z_]+)\}", fill, forms if isinstance(forms, str) else "|".join(forms))

    def fill(match: re.Match[str]) -> str:
        if match[1] not in macros:
            raise ConfigurationError(f"no macro {match[0]}", where=where, remedy=f"use one of {', '.join(macros)}")
        return f"({joined(macros[match[1]])})"

    try:
        return phrase(joined(forms))
    except (re.error, TypeError) as error:
        raise ConfigurationError(f"{forms!r}: {error}", where=where, remedy="write a regular expression") from error
