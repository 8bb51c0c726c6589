"""ZCHSound and CinC 2016: heart datasets that state a diagnosis, and nothing that was heard."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row

_ZCHSOUND = {
    "ASD": "atrial septal defect",
    "VSD": "ventricular septal defect",
    "PDA": "patent ductus arteriosus",
    "PFO": "patent foramen ovale",
}
ZCHSOUND_FIELDS: tuple[str, ...] = ("organ", "site", "device", "age", "sex", "diagnosis", "part")
CINC2016_FIELDS: tuple[str, ...] = ("organ", "site", "device", "age", "sex", "reference", "sqi")


def zchsound_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that ZCHSound states of a recording. ``NORMAL`` is a normal outcome, not a person without murmur.

    Raises:
        DataError: a column is missing, or holds a word that ZCHSound does not use.

    Example:
        >>> row = dict.fromkeys(ZCHSOUND_FIELDS) | {"recording_id": "r", "age": 0.01, "diagnosis": "VSD"}
        >>> [fact.value for fact in zchsound_facts(row)]
        ['neonate', 'ventricular septal defect']
    """
    cells = _person(row, ZCHSOUND_FIELDS)
    cells.words("recording_quality", "part", {"clean": "good", "noise": "poor"})
    diagnosis = cells.word("diagnosis", ("NORMAL", *_ZCHSOUND))
    if diagnosis == "NORMAL":
        cells.add("outcome", "normal", "diagnosis")
    elif diagnosis is not None:
        cells.add("disease", _ZCHSOUND[diagnosis], "diagnosis")
    return tuple(cells.facts)


def cinc2016_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that the CinC Challenge 2016 states of a recording: outcome, and who and where as far as known.

    The appendix's own diagnoses are abbreviations that it explains for some sub-databases only; they are not stated.

    Raises:
        DataError: a column is missing, or holds a word that the challenge does not use.

    Example:
        >>> row = dict.fromkeys(CINC2016_FIELDS) | {"recording_id": "a0001", "reference": "1", "sqi": "0"}
        >>> [fact.value for fact in cinc2016_facts(row)]
        ['poor', 'abnormal']
    """
    cells = _person(row, CINC2016_FIELDS)
    cells.words("recording_quality", "sqi", {"1": "acceptable", "0": "poor"})
    cells.words("outcome", "reference", {"-1": "normal", "1": "abnormal"})
    return tuple(cells.facts)


def _person(row: Row, fields: tuple[str, ...]) -> Cells:
    cells = Cells(row, fields)
    cells.words("sound", "organ", ("heart",))
    places = ("aortic", "pulmonary", "tricuspid", "mitral")
    cells.words("site", "site", {place: place for place in places} | {"other": None})
    cells.add("device", cells.text("device"), "device")
    cells.years()
    cells.words("sex", "sex", ("female", "male"))
    return cells
