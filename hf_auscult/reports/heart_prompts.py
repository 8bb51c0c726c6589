"""Sentences of the classes of the heart sound tasks, for ``prompts``."""

from __future__ import annotations

from collections.abc import Mapping

Sentences = Mapping[str, tuple[str, ...]]

_NORMAL: tuple[str, ...] = (
    "Normal heart sounds are heard.",
    "The heart sounds are regular, without a murmur.",
    "Cardiac auscultation without a pathological finding.",
)
_ABNORMAL: tuple[str, ...] = (
    "Abnormal heart sounds are heard.",
    "The heart sounds suggest a cardiac disease.",
    "Cardiac auscultation with a pathological finding.",
)
_NORMAL_ABNORMAL: Sentences = {"Normal": _NORMAL, "Abnormal": _ABNORMAL}

MURMURS: Mapping[str, Sentences] = {
    "murmur_ternary": {
        "Present": ("A murmur is heard.", "A heart murmur is present.", "Cardiac auscultation with a murmur."),
        "Absent": ("No murmur is heard.", "There is no murmur.", "Cardiac auscultation without a murmur."),
        "Unknown": (
            "Whether there is a murmur cannot be said.",
            "The presence of a murmur is uncertain.",
            "Cardiac auscultation too noisy to decide on a murmur.",
        ),
    },
    "murmur_any": {
        "Healthy": ("No murmur is heard.", "There is no murmur.", "Cardiac auscultation without a murmur."),
        "Murmur": (
            "A murmur is heard or suspected.",
            "A heart murmur is present or cannot be ruled out.",
            "Cardiac auscultation with a certain or possible murmur.",
        ),
    },
}
"""CirCor's tasks of AuscultaBench (T8) and AcuLa (T17)."""

_VALVES: Sentences = {
    "AS": (
        "Aortic stenosis.",
        "A crescendo-decrescendo systolic murmur of aortic stenosis is heard.",
        "The aortic valve is narrowed.",
    ),
    "AR": (
        "Aortic regurgitation.",
        "A decrescendo diastolic murmur of aortic regurgitation is heard.",
        "The aortic valve leaks.",
    ),
    "MR": (
        "Mitral regurgitation.",
        "A holosystolic murmur of mitral regurgitation is heard.",
        "The mitral valve leaks.",
    ),
    "MS": (
        "Mitral stenosis.",
        "A diastolic rumble of mitral stenosis is heard.",
        "The mitral valve is narrowed.",
    ),
    "MVP": (
        "Mitral valve prolapse.",
        "A midsystolic click with a late systolic murmur is heard.",
        "The mitral valve bulges into the atrium.",
    ),
    "N": _NORMAL,
}

_DEFECTS: Sentences = {
    "NORMAL": _NORMAL,
    "ASD": (
        "Atrial septal defect.",
        "A widely split second heart sound of an atrial septal defect is heard.",
        "There is a hole between the atria.",
    ),
    "VSD": (
        "Ventricular septal defect.",
        "A harsh holosystolic murmur of a ventricular septal defect is heard.",
        "There is a hole between the ventricles.",
    ),
    "PDA": (
        "Patent ductus arteriosus.",
        "A continuous machinery murmur of a patent ductus arteriosus is heard.",
        "The arterial duct is still open.",
    ),
    "PFO": (
        "Patent foramen ovale.",
        "The heart sounds are those of a child with a patent foramen ovale.",
        "The oval foramen is still open.",
    ),
}

HEART: Mapping[str, Mapping[str, Sentences]] = {
    "cinc2016": {"normal_abnormal": _NORMAL_ABNORMAL, "normal_abnormal_clean": _NORMAL_ABNORMAL},
    "korean": {"valve_disease": {name: _VALVES[name] for name in ("N", "AS", "MR", "MS", "MVP")}},
    "zchsound": {"symptomatic": {"Healthy": _NORMAL, "Symptomatic": _ABNORMAL}, "diagnosis": _DEFECTS},
    "bmd_hs": {
        "diagnoses": {name: _VALVES[name] for name in ("AS", "AR", "MR", "MS", "N")},
        "normal_diseased": {"Normal": _NORMAL, "Diseased": _ABNORMAL},
    },
    "hsdreport": {"normal_abnormal": _NORMAL_ABNORMAL},
}
"""Dataset -> task -> class -> sentences."""
