"""Who is the same person: ids that are linked become one subject."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def known_as(subject: str | None) -> str | None:
    """Reduce a subject id to what two spellings of one id have in common; None where it is empty.

    Case, white space, invisible characters, compatible forms of a character, leading zeros of a number, the ``.0`` of a
    table that was read as numbers, and a hyphen or underscore between a letter and a digit are not told apart: taking
    two people for one keeps them on one side, taking one person for two is a leak.

    Example:
        >>> known_as("circor:A1") == known_as(" Circor: a1\u200b"), known_as("circor: ")
        (True, None)
        >>> {known_as(spelled) for spelled in ("mine:P-7", "mine:p07", "mine:P_007")}, known_as("mine:007.0")
        ({'mine:p7'}, 'mine:7')
    """
    plain = unicodedata.normalize("NFKC", subject or "").casefold()
    visible = "".join(" " if unicodedata.category(char) in ("Cc", "Cf") else char for char in plain)
    parts = ["".join(part.split()) for part in visible.split(":")]
    if not parts[-1]:
        return None
    dataset, own = parts[:-1][:1], parts[1:] or parts
    return ":".join((*dataset, *map(_number, own)))


def _number(part: str) -> str:
    """Write a part's numbers in one way."""
    part = re.sub(r"^(\d+)\.0+$", r"\1", part)
    part = re.sub(r"(?<=[^\W\d_])[-_](?=\d)", "", part)
    return re.sub(r"(?<!\d)0+(?=\d)", "", part)


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
