"""Clinical words that no fact covers: a report that uses one says more than it was given."""

from __future__ import annotations

from .entry import Entry, entries

ADDITIONS: tuple[Entry, ...] = (
    *entries(
        "recommendation",
        {
            "recommendation": (
                r"recommend(?:s|ed|ation|ations|ing)?|advis(?:e|es|ed|able|ing)|follow ups?|followed up|"
                r"referr(?:al|ed)|"
                r"warrant(?:s|ed|ing)?|further (?:evaluation|investigation|assessment|testing|work ?up|examination)|"
                r"should (?:be|undergo|have|receive|consider)|needs? (?:to be|to undergo|further)|"
                r"consider(?:ation of)?|"
                r"monitor(?:ed|ing)?|re ?evaluat(?:e|ion)|require(?:s|d)? (?:further|treatment|"
                r"monitoring|attention)|clinical correlation"
            ),
        },
    ),
    *entries(
        "health claim",
        {
            "function": (
                r"(?:normal |preserved |good |impaired |reduced |no abnormalit(?:y|ies) (?:in|"
                r"of) (?:the )?)?(?:respiratory|pulmonary|"
                r"lung|cardiac|heart|ventricular|cardiovascular|cardiorespiratory|systolic|diastolic) (?:dys)?function"
                r"(?: (?:is|was|appears) (?:normal|preserved|good|impaired))?"
            ),
            "general health": (
                r"(?:overall|general|good|otherwise|cardiovascular|respiratory|cardiac) (?:good )?(?:health|"
                r"well being|wellness)|"
                r"otherwise (?:healthy|well|normal|unremarkable)|well appearing|stable(?: condition)?|"
                r"no (?:acute )?distress|(?:respiratory )?distress|(?:other |additional |reported )*complications?|"
                r"good (?:air entry|aeration)|air (?:entry|movement)|comorbidit(?:y|ies)|thriving|"
                r"clinically (?:well|stable|significant|insignificant)"
            ),
        },
    ),
    *entries(
        "sign",
        {
            "vital sign": (
                r"(?:oxygen )?saturations?|oxygenation|SpO2|hypox(?:ia|ic|aemia|emia)|"
                r"(?:heart|respiratory|pulse|breathing) rates?|"
                r"(?:systolic |diastolic )?blood pressure|tachycardi(?:a|c)|bradycardi(?:a|c)|tachypno?e(?:a|"
                r"ic)|vital signs|"
                r"h(?:a)?emodynamic(?:s|ally)?(?: \w+)?|afebrile|bpm|beats per minute|pulses?"
            ),
            "rhythm": r"(?:regular|irregular|sinus)(?: cardiac| heart)? rhythm|rhythm (?:is|was) (?:regular|"
            r"irregular)|arrhythmias?|"
            r"regular rate and rhythm|palpitations?|(?:ir)?regular(?:ly)?",
            "heart sounds": r"S1(?: and | ?[&/] ?)S2|S[12]|(?:first|second) heart sounds?|"
            r"split(?:ting)?(?: of S2)?|prosthetic",
            "physical sign": (
                r"cyanosis|cyanotic|clubbing|o?edema|pallor|jaundice|retractions?|nasal flaring|grunting|"
                r"thrills?|heaves?|"
                r"(?:pericardial |pleural |friction )?rubs?|radiat(?:es|ing|ion|ed)|jugular|percussion|"
                r"dullness|fremitus|"
                r"accessory muscles?|prolonged expiration|(?:diminished|reduced|decreased)(?: breath sounds| air)?|"
                r"lymph nodes?|hepatomegaly|failure to thrive|sputum|phlegm|vomiting|nausea|chills|"
                r"weight loss|dizziness|"
                r"syncope|sneezing|hoarse(?:ness)?|sweating|loss of appetite|confusion"
            ),
        },
    ),
    *entries(
        "interpretation",
        {
            "mechanism": (
                r"(?:airway|airflow|bronchial|valvular|outflow)(?: tract)? (?:obstruction|narrowing|"
                r"involvement|inflammation|"
                r"hyper ?reactivity|disease process|secretions|limitation|constriction)|obstructi(?:on|ve)|"
                r"inflam(?:mation|matory|ed)|"
                r"secretions?|muc(?:us|oid|osal)|consolidation|infiltrat(?:e|es|ion)|bronchospasm|bronchoconstriction|"
                r"reactive airways?(?: \w+)?|turbulen(?:t|ce)|shunt(?:ing)?|regurgita(?:tion|nt)|stenosis|"
                r"stenotic|fluid|"
                r"hypertroph(?:y|ic)|dilat(?:ed|ation|ion)|calcifi(?:ed|cation)|innocent|functional murmur|"
                r"benign|physiologic(?:al)?|"
                r"exacerbat(?:ion|ed|ing)|progress(?:ion|ive|ing)|malignan(?:t|cy)|tumou?r|cancer|emphysema|"
                r"atelectasis|sepsis|"
                r"allerg(?:y|ies|ic)|narrowed|airway compromise|vir(?:al|us)|bacteri(?:a|al)|aspiration|trauma"
            ),
            "course": (
                r"acute|chronic|worsen(?:ing|ed)?|improv(?:ing|ed|ement)|recurrent|recurring|resolv(?:ing|ed)|"
                r"long ?standing|sudden|gradual|since (?:birth|childhood)|for (?:the past |several |"
                r"\w+ )(?:days|weeks|months)|"
                r"onset|persist(?:s|ing|ent)|intermittent(?:ly)?|premature|born|family history|incidental"
            ),
        },
    ),
    *entries(
        "treatment",
        {
            "treatment": (
                r"treat(?:ed|ment|ments|ing)?|therap(?:y|ies)|medicat(?:ion|ions|ed)|antibiotics?|inhalers?|"
                r"bronchodilators?|"
                r"corticosteroids?|steroids?|oxygen(?: therapy)?|surg(?:ery|ical)|hospital(?:i[sz](?:ed|"
                r"ation))?|intensive care|"
                r"admi(?:tted|ssion)|prescrib(?:ed|es)|vaccinat(?:ed|ion)|salbutamol|diuretics?|ventilat(?:ed|"
                r"or|ion)|physiotherapy"
            ),
            "investigation": (
                r"echocardiogra(?:m|ms|phy|phic)|echo|ECG|EKG|electrocardiogra(?:m|phy)|x ?rays?|"
                r"radiogra(?:ph|phs|phy|phic|phically)|CT|MRI|imaging|"
                r"spirometr(?:y|ic)|lab(?:oratory)?(?: tests?| results| findings)?|biopsy|blood tests?|"
                r"ultrasound|cathet(?:er|erization)|"
                r"pulmonary function tests?|FEV1|FVC"
            ),
        },
    ),
    *entries(
        "detail",
        {
            "extent": (
                r"scattered|diffuse(?:ly)?|widespread|focal(?:ly)?|locali[sz]ed|occasional(?:ly)?|sporadic|"
                r"frequent(?:ly)?|few|numerous|"
                r"patchy|generali[sz]ed|extensive|isolated|bibasilar|rare|abundant|throughout (?:the|all|"
                r"both) (?:lung|chest)(?: fields?)?"
            ),
            "loudness": (
                r"loud(?:ly)?|faint(?:ly)?|quiet|subtle|barely audible|striking|strong|weak|distant|muffled|bounding|"
                r"(?<!most\s)(?<!more\s)(?:prominent(?:ly)?|marked(?:ly)?|pronounced|intense)"
            ),
            "circumstance": (
                r"(?:wear(?:s|ing)? a |face )mask|obes(?:e|ity)|overweight|underweight|athlet(?:e|ic)|ethnic(?:ity)?"
            ),
        },
    ),
)
"""Each with a concept of its own: ``recommendation``, ``health claim``, ``sign``, ``interpretation``, ``treatment`` and
``detail``."""
