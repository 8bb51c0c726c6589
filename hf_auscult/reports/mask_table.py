"""Per dataset and task: the fields that are its label, and those through which it shows, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from .facts import CIRCOR_FIELDS, TaskLabels

EVERY_TASK: Mapping[str, Mapping[str, str]] = {
    "circor": {"murmur": "is the finding that the word murmur names; 'no sound is heard' would be untrue"},
}
"""Dataset -> field that is masked whatever the task -> why."""

_MURMUR = {
    field: "is stated exactly where a murmur is present"
    for field in CIRCOR_FIELDS
    if field.startswith(("systolic", "diastolic")) or field in ("murmur_locations", "most_audible_location")
}
_OUTCOME = {
    field: "is stated where a murmur is present, and seven in ten children with a murmur have an abnormal outcome"
    for field in _MURMUR
}
_EVENTS = {"events": "the kinds of events restate the record annotation"}
_SOUND_TYPE = {"sound_type": "wheezes and crackles are heard in some diseases and not in health"}
_SYMPTOMS = (
    *("cold", "cough", "diarrhoea", "fever", "loss_of_smell", "muscle_pain", "breathing_difficulties", "fatigue"),
    "sore_throat",
)

TASKS: Mapping[str, Mapping[str, TaskLabels]] = {
    "cinc2016": {
        "normal_abnormal": TaskLabels(("reference",)),
        "normal_abnormal_clean": TaskLabels(("reference",)),
    },
    "circor": {
        "murmur": TaskLabels(("murmur",), _MURMUR),
        "murmur_ternary": TaskLabels(("murmur",), _MURMUR),
        "murmur_any": TaskLabels(("murmur",), _MURMUR),
        "outcome": TaskLabels(("outcome",), _OUTCOME),
    },
    "coswara": {
        "smoker": TaskLabels(("smoker",)),
        "smoker_heavy": TaskLabels(("smoker",)),
        "gender": TaskLabels(("sex",)),
        "gender_heavy": TaskLabels(("sex",)),
        "covid": TaskLabels(("covid_status",)),
    },
    "coughvid": {
        "covid": TaskLabels(("status",)),
        "gender": TaskLabels(("sex",)),
    },
    "covid19_cough": {
        "covid": TaskLabels(("covid_label",)),
        "covid_phone": TaskLabels(("covid_label",)),
        "covid_messenger": TaskLabels(("covid_label",)),
    },
    "hf_lung": {
        "normal_abnormal": TaskLabels(("events",)),
        "phases_cas_das": TaskLabels(("events",)),
        "events": TaskLabels(("events",)),
    },
    "icbhi": {
        "cycles": TaskLabels(("events",)),
        "disease": TaskLabels(("diagnosis",)),
        "copd": TaskLabels(("diagnosis",)),
    },
    "kauh": {
        "sound": TaskLabels(("sound_type",)),
        "disease": TaskLabels(("disease",), _SOUND_TYPE),
        "obstructive": TaskLabels(("disease",), _SOUND_TYPE),
        "obstructive_opera": TaskLabels(("disease",), _SOUND_TYPE),
    },
    "sprsound": {
        "normal_adventitious": TaskLabels(("record_annotation",), _EVENTS),
        "record_ternary": TaskLabels(("record_annotation",), _EVENTS),
        "record": TaskLabels(("record_annotation",), _EVENTS),
        "events": TaskLabels(("events",)),
        "events_binary": TaskLabels(("events",)),
    },
    "uk_covid19": {
        "covid_exhalation": TaskLabels(("covid_test_result",)),
        "covid_cough": TaskLabels(("covid_test_result",)),
        "covid_three_cough": TaskLabels(("covid_test_result",)),
    },
    "zchsound": {
        "symptomatic": TaskLabels(("diagnosis",)),
        "diagnosis": TaskLabels(("diagnosis",)),
    },
}
"""Dataset -> task -> what gives its label away."""
