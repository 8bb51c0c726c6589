"""Sentences of the classes of the lung sound tasks, for ``prompts``."""

from __future__ import annotations

from collections.abc import Mapping

Sentences = Mapping[str, tuple[str, ...]]


def heard(**phrases: str) -> Sentences:
    """Three sentences a class from a phrase of what is heard; underscores in a class name stand for spaces.

    Example:
        >>> heard(Wheeze="wheezes")["Wheeze"][0]
        'Lung auscultation reveals wheezes.'
    """
    return {
        label.replace("_and_", " & ").replace("_plus_", "+").replace("_", " "): (
            f"Lung auscultation reveals {phrase}.",
            f"The recording of the chest holds {phrase}.",
            f"Breath sounds with {phrase}.",
        )
        for label, phrase in phrases.items()
    }


def diagnosed(**phrases: str) -> Sentences:
    """Three sentences a class from a phrase of what the person has."""
    return {
        label.replace("_", " "): (
            f"Lung sounds of a person with {phrase}.",
            f"The patient's diagnosis is {phrase}.",
            f"Chest auscultation of somebody who has {phrase}.",
        )
        for label, phrase in phrases.items()
    }


_CLEAN = "normal breathing without added sounds"
_BOTH = "crackles together with wheezes"
_OBSTRUCTIVE = diagnosed(Healthy="healthy lungs", Obstructive="an obstructive airway disease such as asthma or COPD")

ICBHI: Mapping[str, Sentences] = {
    "cycles": heard(Normal=_CLEAN, Crackle="crackles", Wheeze="wheezes", Crackle_and_Wheeze=_BOTH),
    "disease": diagnosed(
        Healthy="healthy lungs",
        Bronchiectasis="bronchiectasis",
        Bronchiolitis="bronchiolitis",
        COPD="chronic obstructive pulmonary disease",
        Pneumonia="pneumonia",
        URTI="an upper respiratory tract infection",
    ),
    "copd": diagnosed(Healthy="healthy lungs", COPD="chronic obstructive pulmonary disease"),
}
HF_LUNG: Mapping[str, Sentences] = {
    "normal_abnormal": heard(Normal=_CLEAN, Abnormal="abnormal added sounds"),
    "phases_cas_das": heard(
        Inhalation="an inspiration",
        Exhalation="an expiration",
        CAS="continuous added sounds such as wheezes or rhonchi",
        DAS="discontinuous added sounds, that is crackles",
    ),
    "events": heard(
        Inhalation="an inspiration",
        Exhalation="an expiration",
        Wheeze="a wheeze",
        Stridor="a stridor",
        Rhonchi="rhonchi",
        Crackle="crackles",
    ),
}
KAUH: Mapping[str, Sentences] = {
    "sound": heard(
        Normal=_CLEAN,
        Crepitation="crepitations",
        Wheeze="wheezes",
        Crackle="crackles",
        Bronchi="bronchial breathing",
        Wheeze_and_Crackle=_BOTH,
        Bronchi_and_Crackle="bronchial breathing with crackles",
    ),
    "disease": diagnosed(
        Normal="healthy lungs",
        Asthma="asthma",
        Pneumonia="pneumonia",
        COPD="chronic obstructive pulmonary disease",
        Bronchitis="bronchitis",
        Heart_failure="heart failure",
        Lung_fibrosis="lung fibrosis",
        Pleural_effusion="a pleural effusion",
    ),
    "obstructive": _OBSTRUCTIVE,
    "obstructive_opera": _OBSTRUCTIVE,
}
RESP_AT_TR: Mapping[str, Sentences] = {
    "copd_severity": diagnosed(
        COPD0="no airflow limitation, COPD stage 0",
        COPD1="mild COPD, stage 1",
        COPD2="moderate COPD, stage 2",
        COPD3="severe COPD, stage 3",
        COPD4="very severe COPD, stage 4",
    )
}
SPRSOUND: Mapping[str, Sentences] = {
    "record_ternary": heard(
        Normal=_CLEAN, Adventitious="adventitious sounds", Poor_Quality="noise that hides the breathing"
    ),
    "events": heard(
        Normal=_CLEAN,
        Rhonchi="rhonchi",
        Wheeze="a wheeze",
        Stridor="a stridor",
        Coarse_Crackle="coarse crackles",
        Fine_Crackle="fine crackles",
        Wheeze_plus_Crackle="a wheeze together with crackles",
    ),
    "events_binary": heard(Normal=_CLEAN, Adventitious="an adventitious sound"),
}
LUNG: Mapping[str, Mapping[str, Sentences]] = {
    "icbhi": ICBHI,
    "hf_lung": HF_LUNG,
    "kauh": KAUH,
    "resp_at_tr": RESP_AT_TR,
}
