"""KAUH: the sound type and diagnosis that its file names hold."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row
from .lung import PERSON, person

Heard = tuple[tuple[str, str | None], ...]
SOUNDS: dict[str, Heard] = {
    "N": (),
    "Crep": (("crepitation", None),),
    "E W": (("wheeze", "expiratory"),),
    "I E W": (("wheeze", "inspiratory and expiratory"),),
    "C": (("crackle", None),),
    "I C": (("crackle", "inspiratory"),),
    "Bronchial": (("bronchial breath sound", None),),
    "I C E W": (("crackle", "inspiratory"), ("wheeze", "expiratory")),
    "I C B": (("crackle", "inspiratory"), ("bronchial breath sound", None)),
}
"""Sound type -> what is heard, and in which phase of the breath."""
DISEASES = {"normal": "healthy"} | {
    name: name
    for name in (*("asthma", "pneumonia", "COPD", "bronchitis", "heart failure", "lung fibrosis", "pleural effusion"),)
}
FIELDS: tuple[str, ...] = (*PERSON, "sound_type", "disease")


def kauh_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that KAUH states of a recording; the filter setting is not stated.

    Raises:
        DataError: a column is missing, or holds a word that KAUH does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "sound_type": "I C B", "disease": "COPD + asthma"}
        >>> [fact.value for fact in kauh_facts(row)]
        ['crackle', 'inspiratory', 'bronchial breath sound', 'COPD', 'asthma']
    """
    cells = Cells(row, FIELDS)
    person(cells)
    sound = cells.word("sound_type", tuple(SOUNDS))
    if sound == "N":
        cells.add("finding", "adventitious sound", "sound_type", "absent")
    for value, phase in SOUNDS[sound] if sound else ():
        cells.add("finding", value, "sound_type")
        cells.add("timing", phase, "sound_type", of=value)
    for name in (cells.text("disease") or "").split(" + "):  # some people have two
        one = Cells({"recording_id": cells.where, "disease": name}, ())
        cells.add("disease", one.word("disease", DISEASES), "disease")
    return tuple(cells.facts)
