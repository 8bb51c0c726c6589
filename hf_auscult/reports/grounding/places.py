"""Places on the body: a side, an aspect and a level of the chest, the trachea, the valve areas."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..lexicon import phrase
from .mention import Mention

_PARTS = {
    "left": r"left(?: sided)?",
    "right": r"right(?: sided)?",
    "anterior": r"antero|anterior(?:ly)?|front",
    "posterior": r"postero|posterior(?:ly)?|back",
    "lateral": r"lateral(?:ly)?|axillary",
    "upper": r"upper|apical",
    "middle": r"middle|mid",
    "lower": r"lower|bas(?:e|es|al|ilar)",
}
_HEAD = (
    r"lungs?|chests?|thora(?:x|cic)|hemithorax|lobes?|zones?|fields?|regions?|sides?|walls?|areas?|"
    r"aspects?|surface|site|position"
)
_PART = "|".join(_PARTS.values())
_CHEST = phrase(rf"(?:{_PART}|{_HEAD})(?:(?: |,? | of the | of )(?:{_PART}|{_HEAD}))*")
_PART_OF = {name: phrase(forms) for name, forms in _PARTS.items()}
_TRUNK = phrase(
    r"lungs?|chests?|thora(?:x|cic)|hemithorax|lobes?|sides?|left sided|right sided|bas(?:e|es|al|ilar)|back"
)
_NOT_CHEST = re.compile(r"ventric|atri|sternal|decubitus|lying|head|respiratory|airway", re.IGNORECASE)

PLACES: dict[str, re.Pattern[str]] = {
    "trachea": phrase(
        r"(?:the )?trachea(?:l)?(?: (?:area|region|site))?|(?:neck|suprasternal)(?: (?:area|region|notch))?"
    ),
    "mouth": phrase(r"mouth|oral"),
    "bilateral": phrase(
        r"bilateral(?:ly)?(?: lungs?| lung fields?| chest)?|both (?:lungs?|sides|lung fields?|hemithoraces)|"
        r"(?:throughout|across|over|in) (?:the|all) lung fields|all lung (?:fields|zones)"
    ),
    "aortic": phrase(
        r"aortic(?: valve)?(?:(?: auscultation)? (?:area|position|region|site|focus|location|point|"
        r"listening post)s?)?|AV area|"
        r"(?:right upper sternal border|second right intercostal space)"
    ),
    "pulmonary": phrase(
        r"pulmon(?:ic|ary)(?: valve)?(?:(?: auscultation)? (?:area|position|region|site|focus|location|point|"
        r"listening post)s?)|pulmonic|PV area|"
        r"pulmonary(?! (?:auscultation(?! area)|findings?|exam|examination|function|diseases?|fibrosis|"
        r"sounds?|conditions?|artery|"
        r"hypertension|disorders?|patholog(?:y|ies)|abnormalit(?:y|ies)|infections?|status|system|assessment|"
        r"haemosiderosis|"
        r"hemosiderosis|recording|edema|oedema|evaluation|disease|presentation|involvement|illness|symptoms?))|"
        r"left upper sternal border|second left intercostal space"
    ),
    "tricuspid": phrase(
        r"tricuspid(?: valve)?(?:(?: auscultation)? (?:area|position|region|site|focus|location|point|"
        r"listening post)s?)?|TV area|"
        r"left lower sternal border"
    ),
    "mitral": phrase(
        r"mitral(?: valve)?(?:(?: auscultation)? (?:area|position|region|site|focus|location|point|"
        r"listening post)s?)?|MV area|"
        r"(?:cardiac |heart )?apex|apical(?: (?:area|region|position|impulse))?"
    ),
    "other": phrase(
        r"(?:outside|away from|not at any of|beyond)(?: of)? the (?:four|usual|standard)(?: valve|"
        r" auscultation)* areas|"
        r"(?:at )?(?:a|another|some other|an?other) (?:location|place|site|area|position)(?: other than the (?:four )?"
        r"(?:valve|standard) areas)?|other (?:location|place|site)"
    ),
    "all": phrase(
        r"(?:all|each of the|the) (?:four|4)(?: of the)?(?: standard| main| classic| cardiac)?(?: valve|"
        r" valvular| auscultation| "
        r"auscultatory| listening)* (?:areas|positions|sites|locations|points|regions)|"
        r"all (?:the )?(?:standard |cardiac )?(?:valve|valvular|auscultation|auscultatory|listening)(?: auscultation)? "
        r"(?:areas|positions|sites|locations|points|regions)|(?:throughout|across) the (?:entire |whole )?precordium"
    ),
    "here": phrase(
        r"where (?:this|the) recording was (?:made|taken|obtained)|"
        r"(?:the |this )?(?:place|site|spot|location|position) (?:of|where) (?:this|"
        r"the) recording(?: was (?:made|taken))?|"
        r"(?:this|the|the present|the current) (?:recording|recorded|current|present|auscultated) (?:place|"
        r"site|spot|location|"
        r"position|area)|this (?:place|site|spot|location|position|area)"
    ),
}
VALVES: tuple[str, ...] = ("aortic", "pulmonary", "tricuspid", "mitral")
SIDES, ASPECTS, LEVELS = ("left", "right"), ("anterior", "posterior", "lateral"), ("upper", "middle", "lower")
CHEST: tuple[str, ...] = (*SIDES, *ASPECTS, *LEVELS)


def parts(place: str) -> frozenset[str]:
    """Take a place on the chest apart.

    Example:
        >>> sorted(parts("posterior left chest")), sorted(parts("trachea"))
        (['left', 'posterior'], [])
    """
    return frozenset(name for name, pattern in _PART_OF.items() if pattern.search(place))


def find(text: str) -> Iterator[Mention]:
    """Find places; one on the chest is named by its parts, in the order of :data:`CHEST`.

    Example:
        >>> [one.value for one in find("over the posterior left lung and the trachea")]
        ['trachea', 'left posterior']
    """
    for value, pattern in PLACES.items():
        for match in pattern.finditer(text):
            yield Mention("place", value, *match.span())
    for match in _CHEST.finditer(text):
        found = parts(match[0])
        around = text[max(0, match.start() - 2) : match.end() + 14]
        if not found or _NOT_CHEST.search(around):
            continue
        if (
            found & {*SIDES, *ASPECTS}
            and (len(found) > 1 or _TRUNK.search(match[0]) or found & {"anterior", "posterior"})
        ) or (found and _TRUNK.search(match[0])):
            yield Mention("place", " ".join(name for name in CHEST if name in found), *match.span())
