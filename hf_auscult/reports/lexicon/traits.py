"""Traits of a finding: timing, shape, grade, pitch, quality, severity, and what the whole examination came to."""

from __future__ import annotations

from .entry import Entry, entries

_ROMAN_OR_ARABIC = r"(?:VI|IV|V|I{1,3}|[1-6]|one|two|three|four|five|six)"
GRADE = (
    rf"(?:grad(?:e|ed|ing)|Levine|intensity)(?: (?:is|was|as|of|at|a|grade))*:? {_ROMAN_OR_ARABIC}"
    rf"(?:(?:\s*/\s*| out of | of | over )(?:a possible )?(?:VI|IV|6|4|six|four))?|"
    rf"{_ROMAN_OR_ARABIC}\s*/\s*(?:VI|IV|6|4)(?: grade)?"
)
"""A murmur's grade, with or without what it is out of."""

TRAITS: tuple[Entry, ...] = (
    *entries(
        "timing",
        {
            "holosystolic": r"(?:holo|pan) ?systolic|throughout systole|holosystole|whole of systole|pan systole",
            "early-systolic": r"(?:early|proto) ?systolic|early (?:in )?systole",
            "mid-systolic": r"(?:mid|meso) ?systolic|mid (?:to late )?systole|middle of systole",
            "late-systolic": r"(?:late|tele) ?systolic|late (?:in )?systole|end systolic",
            "holodiastolic": r"(?:holo|pan) ?diastolic|throughout diastole",
            "early-diastolic": r"(?:early|proto) ?diastolic|early (?:in )?diastole",
            "mid-diastolic": r"(?:mid|meso) ?diastolic|mid diastole",
            "late-diastolic": r"(?:late|tele) ?diastolic|late (?:in )?diastole|pre systolic",
            "inspiratory": r"(?:early |late |end |mid )?inspiratory|(?:on|during|in|with) (?:deep )?inspiration",
            "expiratory": r"(?:early |late |end |mid )?expiratory|(?:on|during|in|with) (?:deep )?expiration",
            "inspiratory and expiratory": (
                r"biphasic|inspiratory and expiratory|(?:on|during|in) (?:both )?inspiration and expiration"
            ),
        },
    ),
    *entries(
        "shape",
        {
            "crescendo": r"crescendo(?: shaped?)?",
            "decrescendo": r"decrescendo(?: shaped?)?|diminuendo",
            "diamond": r"diamond(?: shaped?)?|crescendo,? ?(?:and |to |/ ?)?decrescendo(?: shaped?)?",
            "plateau": r"plateau(?: shaped?| like)?",
        },
    ),
    *entries(
        "pitch",
        {
            value: (
                rf"{value} (?:pitch(?:ed)?|frequency|toned)|pitch(?: of the (?:murmur|sound))? (?:is|was|"
                rf"being|of|as|described as|recorded as)? ?{value}|"
                rf"{value} in pitch|pitch: {value}|{value},? (?:and )?(?:\w+ )?in pitch"
            )
            for value in ("low", "high")
        },
    ),
    Entry(
        "pitch",
        "medium",
        r"(?:medium|moderate|mid|intermediate) (?:pitch(?:ed)?|frequency)|(?:medium|intermediate|moderate) in pitch|"
        r"pitch(?: of the (?:murmur|sound))? (?:is|was|being|of|as|described as|recorded as)? ?(?:medium|"
        r"intermediate|moderate)|pitch: medium",
    ),
    *entries("quality", {"blowing": r"blowing", "harsh": r"harsh(?:ness)?", "musical": r"musical"}),
    Entry("quality", "another quality", r"rumbling|vibratory|rough|grating|machine like|soft|scratchy"),
    Entry("grade", "", GRADE),
    *entries(
        "severity",
        {
            "non-severe": r"non severe|not severe",
            "severe": r"severe(?:ly)?|critical(?:ly)?",
            "mild": r"mild(?:ly)?|minor|slight(?:ly)?",
            "moderate": r"moderate(?:ly)?(?! (?:pitch|frequency))",
        },
    ),
    Entry("severity", "", r"(?:(?:GOLD|COPD) )?(?:stage|class|COPD) ?(?:[0-4]|I{1,3}|IV)"),
)

_WHAT = (
    r"(?:outcome|examination|exam|findings?|result|results|assessment|evaluation|study|auscultation|recording|status|"
    r"clinical outcome|overall outcome|impression|conclusion|classification|presentation|event|cycle|annotation)"
)
_BODY = (
    r"(?:cardiac|clinical|respiratory|pulmonary|physical|overall|auscultatory|auscultation|heart|lung|"
    r"diagnostic|record)"
)
_IS = r"(?:is|was|are|were|as|being|remains|remained|of|to be|being|reads|classified as|rated|judged|deemed|considered)"

OUTCOMES: tuple[Entry, ...] = (
    Entry(
        "outcome",
        "abnormal",
        rf"(?:{_BODY} )*{_WHAT}(?: {_IS})* abnormal|"
        rf"abnormal(?: {_BODY})*(?: {_WHAT})?|abnormalit(?:y|ies)(?: (?:in|of|on) (?:the )?(?:heart|"
        rf"cardiac)(?: sounds?)?)?|"
        r"anomal(?:y|ies)|pathological(?: findings?)?",
    ),
    Entry(
        "outcome",
        "normal",
        rf"normal(?: {_BODY})*(?: {_WHAT})|(?:{_BODY} )*{_WHAT}(?: {_IS})* normal|overall normal|unremarkable"
        rf"(?: {_BODY})*(?: {_WHAT})?|"
        r"within (?:normal limits|the normal range|normal range|expected parameters|normal parameters)|normal",
    ),
)
