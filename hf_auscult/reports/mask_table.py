"""Per dataset and task: the fields that are its label, and those through which it shows, each with the reason.

Figures in the reasons are AUROCs of a bag of words on texts that state this field alone, over held-out people of the
distributions' tables (:func:`hf_auscult.reports.leakage`); where there is none, the reason is the study's design.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .facts import CIRCOR_FIELDS, TaskLabels

EVERY_TASK: Mapping[str, Mapping[str, str]] = {
    "circor": {"murmur": "is the finding that the word murmur names; 'no sound is heard' would be untrue"},
}
"""Dataset -> field that is masked whatever the task -> why."""


def _all(fields: Iterable[str], why: str) -> dict[str, str]:
    return dict.fromkeys(fields, why)


_TRAITS = [name for name in CIRCOR_FIELDS if name.startswith(("systolic", "diastolic"))]
_TRAITS += ["murmur_locations", "most_audible_location"]
_GROWTH = _all(
    ("age_group", "height", "weight", "pregnancy_status"),
    "murmurs and abnormal outcomes are not equally frequent at all ages: AUROC .66 and .59 of age groups; size "
    "stands for age",
)
_MURMUR = _all(_TRAITS, "is stated exactly where a murmur is present") | _GROWTH
_OUTCOME = (
    _all(_TRAITS, "is stated where a murmur is present, and most children with one have an abnormal outcome")
    | _GROWTH
    | {"sex": "girls and boys do not have an abnormal outcome equally often: AUROC .55"}
)

_SEGMENTS = {
    "site": "crackles are not equally frequent everywhere: AUROC .57 for normal, adventitious and poor",
    "age": "goes with adventitious sounds, which a sentence encoder reads though a bag of words does not: AUROC .68",
}
_EVENTS = {"events": "the kinds of events restate the record annotation"} | _SEGMENTS
_CYCLES = {
    "device": "devices were used in different hospitals and on different patients: AUROC .62",
    "site": "crackles and wheezes are not equally frequent everywhere: AUROC .56",
    "age": "children have fewer cycles with crackles: AUROC .56",
    "adult_bmi": "is stated of adults only, whose cycles have more crackles: AUROC .54",
    "sex": "the few people with most wheezes and crackles are not of both sexes alike: AUROC .55",
    "child_height": "is stated of children only, whose cycles are mostly normal: AUROC .54",
    "child_weight": "is stated of children only, whose cycles are mostly normal: AUROC .54",
}
_ICBHI_DISEASE = {
    "adult_bmi": "is stated of adults only: COPD is a disease of adults, nearly all healthy people are children",
    "child_height": "is stated of children only, see adult_bmi",
    "child_weight": "is stated of children only, see adult_bmi",
    "age": "healthy people are children, people with COPD old: AUROC .85 for COPD",
    "device": "healthy people were recorded with one device, people with COPD with others: AUROC .97 for COPD",
    "events": "crackles and wheezes are heard in disease: AUROC .70 for COPD",
    "sex": "more men have COPD: AUROC .61",
    "site": "patients were listened to at more places than healthy people: AUROC .59 for COPD",
}
_SOUND_TYPE = {"sound_type": "wheezes and crackles are heard in some diseases and not in health"}
_SYMPTOMS = (
    *("cold", "cough", "diarrhoea", "fever", "loss_of_smell", "muscle_pain", "breathing_difficulties", "fatigue"),
    "sore_throat",
)
_CONDITIONS = (
    *("hypertension", "diabetes", "asthma", "pneumonia", "ischemic_heart_disease", "chronic_lung_disease"),
    *("other_respiratory", "other_preexisting"),
)
_COSWARA_SMOKER = (
    _all(_SYMPTOMS, "smoking was asked of people of other waves, with other symptoms: AUROC up to .60")
    | _all(_CONDITIONS, "smoking was asked of people of other waves, and harms: all conditions together .61")
    | {
        "covid_status": "exposure and recovery were other in the waves in which smoking was asked",
        "sex": "men smoke more: AUROC .66",
        "age": "smokers are not of all ages alike: AUROC .56",
        "quality": "smoking was asked in other waves, judged by other ears: AUROC .54",
    }
)
_COSWARA_GENDER = (
    _all(_SYMPTOMS, "women and men do not report it equally often: AUROC up to .54")
    | _all(_CONDITIONS, "women and men do not report it equally often: AUROC up to .53")
    | {
        "smoker": "men smoke more: AUROC .63",
        "covid_status": "women and men are not equally often ill, exposed or recovered: AUROC .55",
        "country": "not equally many women of each country took part: AUROC .53",
    }
)
_COSWARA_COVID = (
    _all(_SYMPTOMS, "is a symptom of the disease: AUROC up to .75")
    | _all(_CONDITIONS, "people with COVID-19 report more of them: AUROC up to .58")
    | {
        "smoker": "was asked in the waves in which most took part with COVID-19: AUROC .79",
        "age": "people with COVID-19 are of other ages: AUROC .58",
        "sex": "women are more often positive: AUROC .56",
        "country": "all but a few people from abroad are negative: AUROC .58",
        "quality": "recordings of other waves are of other quality: AUROC .52",
    }
)

_OPINIONS = [
    f"{name}_{expert}"
    for expert in (1, 2, 3)
    for name in (
        *("quality", "cough_type", "dyspnea", "wheezing", "stridor", "choking", "congestion", "diagnosis", "severity"),
    )
]
_COUGHVID_COVID = _all(
    _OPINIONS, "experts were given far more coughs of COVID-19 than there are: an opinion at all scores up to .61"
) | {
    "fever_muscle_pain": "is a symptom of the disease: AUROC .59",
    "respiratory_condition": "people who report COVID-19 report it too: AUROC .61",
    "age": "those who report COVID-19 are of other ages: AUROC .53",
    "sex": "women report COVID-19 more often: AUROC .54",
}
_COUGHVID_GENDER = {
    "age": "the women who took part are of other ages: AUROC .60",
    "respiratory_condition": "women report it more often: AUROC .54",
    "status": "women report symptoms more often",
    "fever_muscle_pain": "women report it more often",
}

_ASKED = {"asymptomatic": "was asked of people with COVID-19 only, but for a few: AUROC .997"}
_UK_COVID = _all(
    (
        *("symptom_cough_any", "symptom_new_continuous_cough", "symptom_runny_or_blocked_nose"),
        *("symptom_shortness_of_breath", "symptom_sore_throat", "symptom_abdominal_pain", "symptom_diarrhoea"),
        *("symptom_fatigue", "symptom_fever_high_temperature", "symptom_headache", "symptom_none", "symptom_other"),
        *("symptom_change_to_sense_of_smell_or_taste", "symptom_loss_of_taste"),
    ),
    "positives came through Test and Trace with symptoms, negatives through a survey: symptoms alone score .87 in "
    "Coppock et al. 2024",
) | _all(
    (
        *("age_group", "sex", "smoker_status"),
        *("respiratory_condition_none", "respiratory_condition_asthma", "respiratory_condition_other"),
    ),
    "positives and negatives were recruited by two studies, and differ in it",
)
_ZCHSOUND = {
    "age": "the noisy part is of newborns, the clean part of children up to 14 years, and they differ in disease",
    "part": "half of the noisy recordings and 43 % of the clean ones are not normal",
}
_CINC = {
    "device": "each source has a device of its own and another share of abnormal recordings: AUROC .79 of 3,240",
    "site": "is stated for some sources only",
    "age": "is stated for some sources only",
    "sex": "is stated for some sources only",
    "sqi": "recordings that cannot be judged are not normal and abnormal alike",
}

TASKS: Mapping[str, Mapping[str, TaskLabels]] = {
    "cinc2016": dict.fromkeys(("normal_abnormal", "normal_abnormal_clean"), TaskLabels(("reference",), _CINC)),
    "circor": dict.fromkeys(("murmur", "murmur_ternary", "murmur_any"), TaskLabels(("murmur",), _MURMUR))
    | {"outcome": TaskLabels(("outcome",), _OUTCOME)},
    "coswara": dict.fromkeys(("smoker", "smoker_heavy"), TaskLabels(("smoker",), _COSWARA_SMOKER))
    | dict.fromkeys(("gender", "gender_heavy"), TaskLabels(("sex",), _COSWARA_GENDER))
    | {"covid": TaskLabels(("covid_status",), _COSWARA_COVID)},
    "coughvid": {
        "covid": TaskLabels(("status",), _COUGHVID_COVID),
        "gender": TaskLabels(("sex",), _COUGHVID_GENDER),
    },
    "covid19_cough": {
        "covid": TaskLabels(("covid_label",), _ASKED | {"device": "most calls by phone are of positives: AUROC .73"}),
        "covid_phone": TaskLabels(("covid_label",), _ASKED),
        "covid_messenger": TaskLabels(("covid_label",), _ASKED),
    },
    "hf_lung": dict.fromkeys(("normal_abnormal", "phases_cas_das", "events"), TaskLabels(("events",))),
    "icbhi": dict.fromkeys(("disease", "copd"), TaskLabels(("diagnosis",), _ICBHI_DISEASE))
    | {"cycles": TaskLabels(("events",), _CYCLES)},
    "kauh": dict.fromkeys(("disease", "obstructive", "obstructive_opera"), TaskLabels(("disease",), _SOUND_TYPE))
    | {"sound": TaskLabels(("sound_type",))},
    "sprsound": dict.fromkeys(
        ("normal_adventitious", "record_ternary", "record"), TaskLabels(("record_annotation",), _EVENTS)
    )
    | dict.fromkeys(("events", "events_binary"), TaskLabels(("events",), _SEGMENTS)),
    "uk_covid19": dict.fromkeys(
        ("covid_exhalation", "covid_cough", "covid_three_cough"), TaskLabels(("covid_test_result",), _UK_COVID)
    ),
    "zchsound": dict.fromkeys(("symptomatic", "diagnosis"), TaskLabels(("diagnosis",), _ZCHSOUND)),
}
"""Dataset -> task -> what gives its label away."""
