"""Who is the same person: ids that are linked become one subject."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def known_as(subject: str | None) -> str | None:
    """Reduce a subject id to what two spellings of one id have in common; None where it is empty.

    Case, white space, invisible characters, compatible forms of a character, leading zeros of a number, the ``.0`` of a
    table that was read as numbers, and punctuation that does not stand between two digits are not told apart: taking
    two people for one keeps them on one side, taking one person for two is a leak.

    Example:
        >>> known_as("circor:A1") == known_as(" Circor: a1\u200b"), known_as("circor: ")
        (True, None)
        >>> {known_as(spelled) for spelled in ("mine:P-7", "mine:(p07)", "mine:P_007")}, known_as("mine:007.0")
        ({'mine:p7'}, 'mine:7')
    """
    plain = unicodedata.normalize("NFKC", subject or "").casefold()
    visible = "".join(" " if unicodedata.category(char) in ("Cc", "Cf") else char for char in plain)
    parts = ["".join(part.split()) for part in visible.split(":")]
    dataset, own = parts[:-1][:1], [_number(part) for part in parts[1:] or parts]
    return ":".join((*dataset, *own)) if own[-1] else None


def _number(part: str) -> str:
    """Write a part's numbers in one way."""
    part = re.sub(r"^(\d+)[.,]0+$", r"\1", part)
    part = re.sub(r"(?<!\d)-|-(?!\d)", "", re.sub(r"[\W_]+", "-", part))
    return re.sub(r"(?<!\d)0+(?=\d)", "", part)


def without_letters(known: str) -> str:
    """Take the letters off an id of letters and a number, as :func:`known_as` writes it; another stays as it is.

    Example:
        >>> without_letters("mine:p7"), without_letters("mine:7"), without_letters("mine:ward3-7")
        ('mine:7', 'mine:7', 'mine:ward3-7')
    """
    return re.sub(r"(?<![^:])[^\W\d_]+(?=\d+$)", "", known)


def with_and_without_letters(subjects: Iterable[str | None]) -> list[tuple[str, str]]:
    """Pairs of ids of which one is a bare number and the other the same number after letters: one person, or two.

    Example:
        >>> with_and_without_letters(["7", "P07", "8", "Q9"])
        [('7', 'P07')]
    """
    spelled = {known: subject for subject in subjects if subject and (known := known_as(subject))}
    bare = {known: spelled.get(without_letters(known)) for known in spelled if without_letters(known) != known}
    return sorted((number, spelled[known]) for known, number in bare.items() if number is not None)


def merge(ids: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map every id to the smallest id of all that are linked to it, directly or through others.

    Both ends of a link count, also where only one of them is among ``ids``: a slice that lacks a twin's row gives the
    person the same name as the full table does.

    Args:
        ids: every id that occurs.
        links: pairs of ids of one person, in any direction.

    Returns:
        id -> smallest linked id; numbers compare as numbers, any other id after them as text.

    Example:
        >>> merge(["9", "10", "11"], [("10", "9"), ("11", "10")])
        {'9': '9', '10': '9', '11': '9'}
    """
    parent = {name: name for name in ids}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for left, right in links:
        low, high = sorted((root(left), root(right)), key=_rank)
        parent[high] = low  # the smaller root always wins, so the root is the component's smallest id
    return {name: root(name) for name in list(parent)}


def _rank(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)
