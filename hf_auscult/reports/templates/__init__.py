"""Clinical prose from facts: several phrasings of each, chosen by a hash, so that order and process do not matter.

As in appendix A of arXiv 2512.04847 a text restates the given information in two or three sentences, as a specialist
would dictate it, and recommends nothing. It says nothing else either: no "normal respiratory function" where a
recording is without crackles (appendix III-E).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..masking import Mask
from ..schema import Fact
from . import context
from .findings import conclusions, findings, others
from .phrases import FRAMES, PHRASES
from .words import Choose, capital, chooser

_WITH_POLARITY = ("finding", "disease", "symptom", "condition")


def write(facts: Sequence[Fact], mask: Mask | str, choose: Choose) -> str:
    """Write a report of two or three sentences that states exactly these facts, whatever their order.

    Args:
        facts: what to state; already masked.
        mask: names the noun for a murmur, or is that noun.
        choose: picks phrasings.

    Example:
        >>> write([Fact("finding", "wheeze", "wheezes", "absent")], "murmur", chooser("r1"))
        'This report is on an audio recording in a person. Wheezes cannot be heard.'
    """
    noun = mask.noun if isinstance(mask, Mask) else mask
    # Two columns may state one thing, as two experts do.
    once = {(fact.concept, fact.value, fact.polarity, fact.of): fact for fact in facts}.values()
    plain = [fact for fact in once if fact.polarity == "present" or fact.concept in _WITH_POLARITY]
    odd = [fact for fact in once if fact not in plain]
    what, who = context.what(plain, choose), context.who(plain, choose)
    groups = [context.history(plain, choose), findings(plain, noun, choose), conclusions(plain, choose)]
    for place, kind in enumerate(("context", "finding", "diagnosis")):
        groups[place] += others([fact for fact in odd if fact.kind == kind], noun, choose)
    said = ["; ".join(clauses) for clauses in groups if clauses]
    if len(said) == 3:
        said = [said[0], "; ".join(said[1:])]
    if said:
        opening = [choose("joint", FRAMES["joint"]).format(what=what, who=who)]
    else:
        opening = [choose("what frame", FRAMES["what"]).format(what=what)]
        opening.append(choose("who frame", FRAMES["who"]).format(who=who))
    sentences = [capital(sentence) for sentence in (*opening, *(f"{text}." for text in said))]
    return " ".join(" ".join(sentences).split())


__all__ = ["FRAMES", "PHRASES", "Choose", "chooser", "write"]
