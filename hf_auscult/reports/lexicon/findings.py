"""What is heard: adventitious sounds, murmurs, coughs, and the words that say that nothing of the kind is heard."""

from __future__ import annotations

from .entry import Entry, entries

_LUNG = r"(?:breath(?:ing)?|lung|respiratory|pulmonary)"
_CLEAN = r"(?:normal|clear|vesicular|unremarkable|normal vesicular|clear vesicular|clear and vesicular)"
_BE = r"(?:is|are|was|were|sound|sounds|sounded|remain|remained|appear|appeared|seem|seemed)"

FINDINGS: tuple[Entry, ...] = (
    *entries(
        "finding",
        {
            "wheeze": r"wheez(?:e|es|ing|y|ed)|sibilant(?: (?:rhonch(?:us|i)|rales|sounds?))?|sibilance",
            "crackle": r"crackl(?:e|es|ing|y)|crepit(?:ation|ations|ant|us)|crepitant rales|r[aâ]les?|creps",
            "fine crackle": (
                r"fine(?:,|,? inspiratory| inspiratory| end inspiratory| expiratory| dry| late inspiratory)?"
                r" (?:crackl(?:e|es|ing)|crepitations?|r[aâ]les?)|crackl(?:es?|ing)(?: (?:that|which))?"
                r" (?:is|are|was|were|of) (?:a )?fine(?: (?:type|quality|character|kind))?|crackles, fine"
            ),
            "coarse crackle": (
                r"coarse(?:,|,? inspiratory| inspiratory| expiratory| wet)? (?:crackl(?:e|es|ing)|crepitations?|"
                r"r[aâ]les?)|crackl(?:es?|ing)(?: (?:that|which))? (?:is|are|was|were|of) (?:a )?coarse"
                r"(?: (?:type|quality|character|kind))?|crackles, coarse"
            ),
            "rhonchus": r"rhonch(?:us|i|al|ous)",
            "stridor": r"stridor(?:s|ous)?(?! (?:in|during|with|within) (?:the )?cough)",
            "bronchial breath sound": r"bronchial (?:breath(?:ing)?(?: sounds?)?|sounds?)|bronchial breathing",
            "continuous adventitious sound": (
                r"continuous(?: type)?(?: adventitious)?(?: (?:lung|breath|respiratory))? sounds?|CAS|"
                r"continuous adventitious (?:sound|component|activity)s?|continuous adventitia"
            ),
            "discontinuous adventitious sound": (
                r"discontinuous(?: type)?(?: adventitious)?(?: (?:lung|breath|respiratory))? sounds?|DAS|"
                r"discontinuous adventitious (?:component|activity)s?"
            ),
            "adventitious sound": (
                rf"adventitious(?: {_LUNG})?(?: (?:sounds?|noises?|findings?|components?|phenomen(?:a|on)))?|"
                rf"adventitia|(?:abnormal|added|accessory|superimposed|extra)(?: {_LUNG}) (?:sounds?|noises?)|"
                rf"(?:abnormal|added) sounds|abnormal(?:ities|ity) (?:in|of) the {_LUNG} sounds"
            ),
            "murmur": r"(?:heart |cardiac )?murmur(?:s|ing)?",
            "systolic murmur": (
                r"systolic(?: (?:heart|cardiac|ejection))?(?: murmurs?)?(?! (?:blood )?pressure| (?:dys)?function|"
                r" heart failure| click)|murmurs? (?:in|during) systole"
            ),
            "diastolic murmur": (
                r"diastolic(?: (?:heart|cardiac))?(?: murmurs?)?(?! (?:blood )?pressure| (?:dys)?function|"
                r" heart failure)|murmurs? (?:in|during) diastole"
            ),
            "continuous murmur": r"continuous(?: (?:heart|cardiac|machinery))? murmurs?|machinery murmurs?",
            "extra heart sound": (
                r"extra heart sounds?|added heart sounds?|S[34]|(?:third|fourth) heart sounds?|gallops?(?: rhythm)?|"
                r"(?:ejection |systolic )?clicks?|opening snaps?"
            ),
            "abnormal heart sound": r"abnormal (?:heart|cardiac) sounds?",
            "wheezing cough": r"wheez(?:y|ing) coughs?|wheez(?:e|es|ing) (?:in|during|within|"
            r"with) (?:the )?cough(?:ing)?",
            "stridor in cough": r"stridor(?:ous)? (?:(?:in|during|within|with) (?:the )?)?cough(?:ing)?",
            "choking": r"chok(?:e|es|ing)",
            "congestion": r"congest(?:ion|ed)",
            "dry cough": r"dry coughs?|unproductive coughs?|non productive coughs?|cough (?:is|was|sounds) dry",
            "wet cough": r"wet coughs?|productive coughs?|cough (?:is|was|sounds) wet|moist coughs?",
        },
    ),
    Entry(
        "finding",
        "adventitious sound",
        rf"{_CLEAN} {_LUNG}(?: sounds?)?(?! function| effort| rate| pattern| examination| exam| findings?)|"
        rf"{_CLEAN} (?:auscultation of the )?(?:lungs?|chest)(?: fields?| auscultation)?|"
        rf"(?:normal )?{_LUNG} sounds? {_BE} (?:all |entirely |otherwise )?{_CLEAN}|"
        rf"(?:lungs?|chest|lung fields?) (?:{_BE} )?{_CLEAN}(?: (?:to|on) auscultation)?|clear (?:to|on) auscultation",
        "absent",
    ),
    Entry(
        "finding",
        "adventitious sound",
        r"(?:is|are|was|were)(?: \w+ly)? clear(?! (?:whether|if|that|from|what))",
        "absent",
    ),
    Entry(
        "finding", "adventitious sound", r"(?:is|are|was|were) not (?:\w+ly )?clear(?! (?:whether|if|that|from|what))"
    ),
    Entry(
        "finding",
        "abnormal heart sound",
        rf"(?:normal|unremarkable|clear)(?: S1 and S2)? (?:heart|cardiac) sounds?|"
        rf"(?:heart|cardiac) (?:sounds?|tones?) {_BE} (?:normal|clear|unremarkable)",
        "absent",
    ),
)

PARENTS: dict[str, tuple[str, ...]] = {
    "wheeze": ("continuous adventitious sound",),
    "rhonchus": ("continuous adventitious sound",),
    "stridor": ("continuous adventitious sound",),
    "crackle": ("discontinuous adventitious sound",),
    "fine crackle": ("crackle",),
    "coarse crackle": ("crackle",),
    "continuous adventitious sound": ("adventitious sound",),
    "discontinuous adventitious sound": ("adventitious sound",),
    "bronchial breath sound": ("adventitious sound",),
    "systolic murmur": ("murmur",),
    "diastolic murmur": ("murmur",),
    "continuous murmur": ("murmur",),
    "murmur": ("abnormal heart sound",),
    "extra heart sound": ("abnormal heart sound",),
    "dry cough": ("cough", "dry or wet cough"),
    "wet cough": ("cough", "dry or wet cough"),
    "wheezing cough": ("cough",),
    "stridor in cough": ("cough",),
}
"""Value -> what it is a kind of: where the first is heard, so is the second."""

COVERED: dict[str, tuple[str, ...]] = {
    "adventitious sound": ("continuous adventitious sound", "discontinuous adventitious sound"),
    "continuous adventitious sound": ("wheeze",),
    "discontinuous adventitious sound": ("crackle",),
    "abnormal heart sound": ("murmur",),
}
"""Value -> kinds that must all be absent for it to count as absent.

ICBHI annotates crackles and wheezes alone; a cycle with neither is its normal one.
"""

SAME: dict[str, str] = {"crepitation": "crackle"}
"""Values that are one to a reader."""
