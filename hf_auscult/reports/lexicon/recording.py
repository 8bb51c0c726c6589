"""How it was recorded: device, body position, quality, and what was recorded."""

from __future__ import annotations

from .entry import Entry, entries

RECORDING: tuple[Entry, ...] = (
    *entries(
        "device",
        {
            "Littmann 3200": r"(?:(?:3M )?Littmann(?:®)? )?(?:model )?3200(?: (?:electronic |digital )?stethoscope)?",
            "Littmann Classic II SE": r"(?:3M )?Littmann(?:®)? Classic II(?: S\.?E\.?)?(?: stethoscope)?",
            "AKG C417L": r"AKG C ?417 ?L?(?: microphone)?",
            "Welch Allyn Meditron": r"(?:Welch Allyn )?(?:Master Elite )?Meditron(?: (?:electronic )?stethoscope)?",
            "Yunting model II": r"Yunting(?: model II)?(?: (?:electronic )?stethoscope)?",
            "HF-Type-1": r"HF Type 1",
            "ChildCare G-100": r"ChildCare(?: G 100)?",
            "phone": r"(?:smart ?|mobile |tele)?phones?(?: call)?",
            "messenger": r"messenger(?: bot| app)?",
            "browser": r"(?:web |internet )?browsers?",
            "another Littmann": r"Littmann(?! (?:3200|Classic|model))",
            "bell": r"bell (?:filter|mode|setting)",
            "diaphragm": r"diaphragm (?:filter|mode|setting)",
            "extended": r"extended (?:filter|mode|range|setting)",
        },
    ),
    Entry("device", "electronic stethoscope", r"(?:electronic|digital) stethoscope"),
    *entries(
        "position",
        {
            "supine": r"supine|lying (?:on (?:the|his|her|their) back|flat)|lying down",
            "prone": r"prone(?! to)",
            "sitting": r"sitting|seated|upright",
            "standing": r"standing",
            "left lateral": r"left lateral decubitus(?: position)?|left side lying|lying on the left(?: side)?",
            "right lateral": r"right lateral decubitus(?: position)?|right side lying|lying on the right(?: side)?",
        },
    ),
    *entries(
        "recording_quality",
        {
            "good": (
                r"(?:good|high|excellent|clean|adequate)(?: (?:recording|audio|signal|sound))? quality|quality"
                r"(?: (?:is|was|of|the|recording|as|being|rated|judged))* (?:good|high|excellent)|clean(?: audio)? "
                r"(?:recording|signal)|(?:recording|signal|audio) (?:is|was) clean|noise free"
            ),
            "acceptable": (
                r"(?:acceptable|fair|sufficient|ok|okay)(?: (?:recording|audio|signal|sound))? quality|quality"
                r"(?: (?:is|was|as|of|the|recording|being|rated|judged))* (?:acceptable|fair|sufficient|ok)"
            ),
            "poor": (
                r"(?:poor|low|bad|insufficient|inadequate)(?: (?:recording|audio|signal|sound))? quality|quality"
                r"(?: (?:is|was|as|of|the|recording|being|too|rated|judged))* (?:poor|low|bad|insufficient)|"
                r"nois[yeier]+"
                r" (?:recording|signal|part)|(?:recording|signal|audio) (?:is|was) (?:noisy|poor)|"
                r"poorly recorded|background noise"
            ),
        },
    ),
    *entries(
        "phase",
        {
            "inhalation": r"inhal(?:ation|ing|ed)(?: phase)?|inspiratory phase|inspiration phase|breath in",
            "exhalation": r"exhal(?:ation|ing|ed)(?: phase)?|expiratory phase|expiration phase|breath out",
        },
    ),
    *entries(
        "sound",
        {
            "heart": r"heart (?:sound )?recordings?|cardiac auscultation|phonocardiograms?|heart auscultation|"
            r"heart was "
            r"auscultated|auscultation of the heart|cardiac recording",
            "lung": r"(?:lung|pulmonary|chest) auscultation(?! area)|lung (?:sound )?recordings?|"
            r"auscultation of the (?:lungs?|chest)|"
            r"(?:lungs?|chest) (?:was|were) auscultated",
            "cough": r"cough(?:ing)? (?:sounds?|recordings?|audio|sample|signal|clip)|recordings? of (?:a |"
            r"an |the |three )?"
            r"(?:voluntary |forced |induced |heavy |shallow |single )?cough(?:s|ing)?|(?:voluntary|forced|"
            r"induced) coughs?|"
            r"audio of (?:a )?cough(?:ing)?|recorded coughs?|three coughs?",
            "heavy cough": r"heavy cough(?:s|ing)?(?: (?:sounds?|recordings?))?",
            "shallow cough": r"shallow cough(?:s|ing)?(?: (?:sounds?|recordings?))?",
            "exhalation": r"exhalation (?:sounds?|recordings?|audio)|recordings? of (?:an? )?exhalations?",
            "breath": r"breath(?:ing)? recordings?|recordings? of (?:a )?breath(?:s|ing)?",
            "deep breath": r"deep breath(?:s|ing)?(?: (?:sounds?|recordings?))?",
            "shallow breath": r"shallow breath(?:s|ing)?(?: (?:sounds?|recordings?))?",
            "voice": r"voice recordings?|speech(?: recordings?)?|counting|sustained vowels?|vowel(?: sounds?)?",
            "snoring": r"snor(?:e|es|ing)(?: sounds?)?",
            "bowel": r"bowel sounds?|abdominal auscultation",
        },
    ),
)
