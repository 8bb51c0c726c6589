"""Wordings: at least three of each thing that a report can say. ``{value}`` is where the fact's value stands."""

from __future__ import annotations

from collections.abc import Mapping

SURFACES: Mapping[str, tuple[str, str]] = {
    "murmur": ("a murmur", "murmurs"),
    "systolic murmur": ("a systolic murmur", "systolic murmurs"),
    "diastolic murmur": ("a diastolic murmur", "diastolic murmurs"),
    "continuous murmur": ("a continuous murmur", "continuous murmurs"),
    "extra heart sound": ("an extra heart sound", "extra heart sounds"),
    "adventitious sound": ("adventitious sounds", "adventitious sounds"),
    "continuous adventitious sound": ("continuous adventitious sounds", "continuous adventitious sounds"),
    "discontinuous adventitious sound": ("discontinuous adventitious sounds", "discontinuous adventitious sounds"),
    "wheeze": ("wheezes", "wheezes"),
    "crackle": ("crackles", "crackles"),
    "fine crackle": ("fine crackles", "fine crackles"),
    "coarse crackle": ("coarse crackles", "coarse crackles"),
    "rhonchus": ("rhonchi", "rhonchi"),
    "crepitation": ("crepitations", "crepitations"),
    "bronchial breath sound": ("bronchial breath sounds", "bronchial breath sounds"),
    "wheezing cough": ("a wheezing cough", "wheezing cough"),
    "dry cough": ("a dry cough", "dry cough"),
    "wet cough": ("a wet cough", "wet cough"),
}
"""Finding -> how it is named where it is there, and where it is not; others are named as they are."""

PHRASES: Mapping[str, tuple[str, ...]] = {
    # context: behind "auscultation" or "a recording"
    "sound=heart": ("auscultation of the heart", "heart auscultation", "listening to the heart"),
    "sound=lungs": ("auscultation of the lungs", "listening to the lungs", "examination of the lungs by ear"),
    "sound": ("a recording of {value}", "an audio recording of {value}", "a recording ({value})"),
    "sound=": ("a recording", "an audio recording", "a single recording"),
    "phase": ("during {value}", "in the phase of {value}", "within one {value}"),
    "site=valve": ("over the {value} area", "at the {value} area", "in the {value} auscultation area"),
    "site=other": (
        "outside the four valve areas",
        "at a location other than the four valve areas",
        "away from the four valve areas",
    ),
    "site=chest": ("over the {value} chest", "on the {value} chest", "at the {value} chest wall"),
    "site": ("over the {value}", "at the {value}", "on the {value}"),
    "device=phone": ("by phone", "over the phone", "with a phone"),
    "device=messenger": ("by messenger", "through a messenger", "with a messenger"),
    "device": ("using the {value}", "with the {value} device", "by means of the {value}"),
    "position": ("in {value} position", "with the body in {value} position", "in the position {value}"),
    # context: the person
    "age_group": ("{value}", "person in the age group {value}", "{value} by age group"),
    "sex": ("{value} {who}", "{who} ({value})", "{who} of {value} sex"),
    "age": ("aged {value} years", "{value} years old", "with an age of {value} years"),
    "height": ("{value} cm tall", "with a height of {value} cm", "measuring {value} cm"),
    "weight": ("weighing {value} kg", "with a body weight of {value} kg", "whose weight is {value} kg"),
    "bmi": ("with a BMI of {value} kg/m²", "whose BMI is {value} kg/m²", "with a body mass index of {value} kg/m²"),
    "pregnancy": ("who is {value}", "currently {value}", "{value} at the time of the examination"),
    "country": ("from {value}", "recorded in the country {value}", "whose country is {value}"),
    # context: history
    "smoking": ("the smoking status is {value}", "the smoking history reads {value}", "as to smoking: {value}"),
    "symptom": ("the history includes {value}", "reported symptoms include {value}", "complaints include {value}"),
    "symptom:absent": ("the history excludes {value}", "{value} denied", "complaints do not include {value}"),
    "condition": (
        "known conditions include {value}",
        "the medical background includes {value}",
        "{value} belongs to the medical background",
    ),
    "condition:absent": (
        "known conditions do not include {value}",
        "the medical background does not include {value}",
        "{value} does not belong to the medical background",
    ),
    "symptom=symptom": ("symptoms are reported", "the person reports symptoms", "there are reported symptoms"),
    "symptom=symptom:absent": (
        "no symptoms are reported",
        "the person reports no symptoms",
        "there are no reported symptoms",
    ),
    # findings
    "finding": ("{value} can be heard", "the findings include {value}", "listening reveals {value}"),
    "finding:absent": ("no {value} can be heard", "an absence of {value} is noted", "{value} cannot be heard"),
    "timing": ("{value}", "{value} in timing", "of {value} timing"),
    "shape": ("{value}-shaped", "of {value} shape", "with a {value} contour"),
    "grade": ("grade {value}", "graded {value}", "of grade {value}"),
    "pitch": ("{value}-pitched", "of {value} pitch", "{value} in pitch"),
    "quality": ("{value} in quality", "of {value} quality", "with a {value} character"),
    "location": ("over the {value}", "at the {value}", "in the {value}"),
    "loudest": ("loudest at the {value}", "best heard at the {value}", "most audible at the {value}"),
    "heard_here=yes": (
        "including the place of this recording",
        "and so also where this recording was made",
        "which includes the place of this recording",
    ),
    "heard_here=no": (
        "but not at the place of this recording",
        "though not where this recording was made",
        "which does not include the place of this recording",
    ),
    "recording_quality": (
        "the recording quality is {value}",
        "the recording is of {value} quality",
        "the quality of the recording is {value}",
    ),
    # conclusions
    "disease": ("the recorded diagnosis is {value}", "the record states {value}", "{value} is on record"),
    "disease:absent": (
        "{value} is recorded as absent",
        "the record states the absence of {value}",
        "{value} is not present according to the record",
    ),
    "disease=healthy": (
        "the person is recorded as healthy",
        "the recorded status is healthy",
        "the record states a healthy person",
    ),
    "disease=control group": (
        "the person belongs to the control group",
        "the person is on record in the control group",
        "the record states the control group",
    ),
    "disease=healthy cough": (
        "the cough is judged a healthy cough",
        "the record states a healthy cough",
        "a healthy cough is on record",
    ),
    "severity": ("the severity is {value}", "the severity is recorded as {value}", "severity: {value}"),
    "severity=of": (
        "the severity of {of} is {value}",
        "the severity of {of} is recorded as {value}",
        "severity of {of}: {value}",
    ),
    "outcome": (
        "the clinical outcome is {value}",
        "the outcome of the examination is {value}",
        "the evaluation finds the outcome to be {value}",
    ),
    # whatever is not stated to be there
    "any:unknown": (
        "whether there is {value} could not be determined",
        "the presence of {value} remains unknown",
        "it could not be decided if there is {value}",
    ),
    "trait:absent": ("{what} is not {value}", "{what} does not read {value}", "{what} other than {value}"),
    "trait:unknown": (
        "whether {what} is {value} could not be determined",
        "it remains unknown whether {what} is {value}",
        "it could not be decided if {what} is {value}",
    ),
}
"""``concept``, ``concept=value`` where the wording depends on the value, ``:polarity`` where it is not present."""

FRAMES: Mapping[str, tuple[str, ...]] = {
    "joint": ("{what} was done in {who}.", "In {who}, {what} was done.", "This report is on {what} in {who}."),
    "what": ("{what} was done.", "This report is on {what}.", "What was done is {what}."),
    "who": ("The person examined is {who}.", "The subject is {who}.", "The examination is that of {who}."),
}
"""Openings; with nothing else to say, one sentence each on what was done and on whom."""
