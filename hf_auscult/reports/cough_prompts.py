"""Sentences of the classes of the cough, breath, voice, snoring and bowel sound tasks, for ``prompts``."""

from __future__ import annotations

from collections.abc import Mapping

Sentences = Mapping[str, tuple[str, ...]]


def _of(sound: str, phrases: Mapping[str, str]) -> Sentences:
    """Three sentences a class from a phrase of who makes the sound."""
    return {
        label: (
            f"{sound} of {phrase}.",
            f"This {sound.lower()} is of {phrase}.",
            f"The {sound.lower()} comes from {phrase}.",
        )
        for label, phrase in phrases.items()
    }


def _infection(sound: str, negative: str, positive: str) -> Sentences:
    phrases = {negative: "a person without COVID-19", positive: "a person who has COVID-19"}
    return _of(sound, phrases)


_SEX = _of("Cough", {"male": "a male person", "female": "a female person"})
_SMOKER = _of("Cough", {"non-smoker": "a person who does not smoke", "smoker": "a smoker"})
_COVID = _infection("Cough", "negative", "positive")

COUGH: Mapping[str, Mapping[str, Sentences]] = {
    "bowel": {
        "bowel_sound": {
            "absent": (
                "No bowel sound is heard.",
                "The abdomen is silent.",
                "Abdominal auscultation without peristalsis.",
            ),
            "present": ("Bowel sounds are heard.", "The abdomen gurgles.", "Abdominal auscultation with peristalsis."),
        }
    },
    "coswara": {
        "smoker": _SMOKER,
        "gender": _SEX,
        "smoker_heavy": _SMOKER,
        "gender_heavy": _SEX,
        "covid": _COVID,
    },
    "coughvid": {"covid": _infection("Cough", "healthy", "COVID-19"), "gender": _SEX},
    "covid19_cough": {"covid": _COVID, "covid_phone": _COVID, "covid_messenger": _COVID},
    "ssbpr": {
        "position": _of(
            "Snoring",
            {
                "supine": "somebody lying on the back",
                "supine, left lateral head": "somebody lying on the back, head turned left",
                "supine, right lateral head": "somebody lying on the back, head turned right",
                "left-side lying": "somebody lying on the left side",
                "right-side lying": "somebody lying on the right side",
            },
        )
    },
    "uk_covid19": {
        "covid_exhalation": _infection("Exhalation", "Negative", "Positive"),
        "covid_cough": _infection("Cough", "Negative", "Positive"),
        "covid_three_cough": _infection("Cough", "Negative", "Positive"),
    },
}
