"""What the person has: diseases, conditions, symptoms, and the words that say that there is none."""

from __future__ import annotations

from .entry import Entry, entries

_DISEASE = r"(?:diseases?|disorders?|conditions?|illness(?:es)?|patholog(?:y|ies))"
_COVID = r"(?:COVID(?: 19)?|SARS CoV 2(?: infection)?|coronavirus(?: disease)?(?: 2019)?(?: infection)?)"

DISEASES: tuple[Entry, ...] = (
    *entries(
        "disease",
        {
            "COPD": r"COPD|chronic obstructive (?:pulmonary|lung|airways?) disease",
            "asthma": r"(?:bronchial )?asthma(?:tic)?s?",
            "pneumonia": r"(?:broncho|bronchial )?pneumoni(?:a|as|c)",
            "bronchiectasis": r"bronchiecta(?:sis|sia|tic)",
            "bronchiolitis": r"bronchiolitis",
            "bronchitis": r"(?:acute |chronic )?bronchitis",
            "protracted bacterial bronchitis": r"protracted bacterial bronchitis",
            "upper respiratory tract infection": (
                r"(?:acute )?upper respiratory(?: tract)? (?:infection|illness)|URTI|URI|"
                r"upper (?:airway )?infection"
            ),
            "lower respiratory tract infection": r"lower respiratory(?: tract)? infection|LRTI|lower infection",
            "respiratory infection": (
                r"(?:viral |bacterial )?(?:respiratory|lung|pulmonary|chest|airway)(?: tract)? infections?"
            ),
            "infection": r"(?:viral |bacterial )?infections?|infectious process|infected",
            "COVID-19": (rf"{_COVID}(?: (?:infection|disease|case|patient|positiv(?:e|ity)|status|(?:PCR )?test))?"),
            "heart failure": r"(?:congestive |systolic |diastolic )?(?:heart|cardiac) failure",
            "pulmonary fibrosis": (
                r"(?:pulmonary|lung|interstitial) fibro(?:sis|tic (?:disease|changes?))|fibro(?:sis|"
                r"tic changes) of the lungs?|"
                r"interstitial lung disease"
            ),
            "pleural effusion": r"pleural effusions?|pleural fluid",
            "tuberculosis": r"tuberculosis|TB",
            "haemoptysis": r"ha?emopty(?:sis|ses)|coughing (?:up )?blood",
            "airway foreign body": r"(?:airway |bronchial |inhaled )?foreign body(?: aspiration| in the airway)?",
            "Kawasaki disease": r"Kawasaki(?:'s)? (?:disease|syndrome)",
            "pulmonary haemosiderosis": r"(?:pulmonary )?ha?emosiderosis",
            "chronic cough": r"chronic cough(?:ing)?",
            "other respiratory disease": r"(?:an )?(?:other|unspecified) respiratory (?:diseases?|conditions?)",
            "atrial septal defect": r"atrial sept(?:al|um) defects?|ASD",
            "ventricular septal defect": r"ventricular sept(?:al|um) defects?|VSD",
            "patent ductus arteriosus": r"patent (?:ductus arteriosus|arterial duct)|PDA|ductus arteriosus",
            "patent foramen ovale": r"patent foramen ovale|PFO",
            "septal defect": r"septal defects?",
            "congenital heart disease": rf"congenital (?:heart|cardiac) (?:{_DISEASE}|defects?|anomal(?:y|"
            rf"ies)|lesions?)|CHD",
            "aortic stenosis": r"aortic(?: valve)? stenosis",
            "aortic regurgitation": r"aortic(?: valve)? (?:regurgitation|insufficiency)",
            "mitral stenosis": r"mitral(?: valve)? stenosis",
            "mitral regurgitation": r"mitral(?: valve)? (?:regurgitation|insufficiency)",
            "mitral valve prolapse": r"mitral(?: valve)? prolapse|MVP",
            "tricuspid regurgitation": r"tricuspid(?: valve)? (?:regurgitation|insufficiency)",
            "pulmonary stenosis": r"pulmon(?:ary|ic)(?: valve)? stenosis",
            "multiple valve disease": r"(?:multiple|multi|combined) valv(?:e|ular) disease",
            "valve disease": r"valv(?:e|ular)(?: heart)? (?:disease|lesion|defect|patholog)(?:s|y|ies)?|valvulopathy",
            "rheumatic heart disease": r"rheumatic heart disease",
            "coronary artery disease": r"coronary(?: artery)? disease|ischa?emic heart disease",
            "heart disease": (
                rf"(?:(?:structural |underlying |organic )?(?:heart|cardiac|cardiovascular) (?:{_DISEASE}|"
                rf"defects?|problems?|"
                r"abnormalit(?:y|ies)))"
            ),
            "chronic lung disease": r"chronic (?:lung|respiratory|pulmonary) (?:disease|condition)s?",
            "obstructive lung disease": (
                r"obstructive (?:lung|airways?|pulmonary|respiratory)? ?(?:disease|disorder|patholog|condition|process)"
                r"(?:y|ies|s|es)?"
            ),
            "respiratory disease": (
                rf"(?:underlying |known |other )?(?:respiratory|lung|pulmonary|airways?) (?:{_DISEASE}|"
                rf"problems?|ailments?)"
            ),
            "illness": (
                r"(?:underlying |known |documented |acute )?(?:disease|illness(?:es)?|medical conditions?|"
                r"patholog(?:y|ies))|"
                r"health problems?"
            ),
        },
    ),
    Entry("disease", "COVID-19", rf"negative (?:for )?{_COVID}(?: test)?|{_COVID} negativ(?:e|ity)", "absent"),
    Entry(
        "disease",
        "COVID-19",
        rf"(?:tested |tests |test |testing |swab |PCR |result )?(?:(?:is|was) )?negative (?:on|in|for|by)"
        rf"(?: an?| the)?(?: PCR)?(?: test)?(?: for)? {_COVID}(?: (?:PCR )?test)?|"
        rf"negative {_COVID} (?:PCR )?(?:test|result|swab)|"
        rf"{_COVID}(?: PCR)?(?: test(?:ing)?)?(?: result)?s?(?: (?:is|was|came back|returned|being|"
        rf"being reported as|has|"
        r"proved|of))*(?: a| as)?(?::)? negative",
        "absent",
    ),
    Entry(
        "disease",
        "illness",
        r"healthy(?! (?:cough|sound))|in good health|disease free|healthy (?:control|volunteer|individual|"
        r"subject|person|"
        r"participant|child|adult)|control group|healthy control group|a control(?: subject| participant| child)?",
        "absent",
    ),
)

SYMPTOMS: tuple[Entry, ...] = (
    *entries(
        "symptom",
        {
            "cough": r"cough(?:s|ing|ed)?|tussis",
            "new continuous cough": r"(?:a )?(?:new(?: onset)?,? )?(?:continuous|persistent) cough(?:ing)?",
            "runny or blocked nose": (
                r"(?:runny|blocked|stuffy)(?:,? (?:or|and) (?:a )?(?:runny|blocked|stuffy))? nose|rhinorrh?o?ea|"
                r"nasal (?:congestion|discharge|obstruction|blockage)|runny/blocked nose"
            ),
            "dyspnoea": (
                r"short(?:ness)? of breath|dyspno?eas?|dyspno?e?ic|breathless(?:ness)?|(?:difficult(?:y|ies)|trouble)"
                r" (?:in |with )?breathing|breathing (?:difficult(?:y|ies)|problems?)"
            ),
            "sore throat": r"(?:sore|painful) throat|throat (?:pain|soreness)|pharyngitis",
            "abdominal pain": r"(?:abdominal|stomach|belly) (?:pain|ache|discomfort)",
            "diarrhoea": r"diarrho?ea",
            "fatigue": r"fatigued?|tired(?:ness)?|exhaustion",
            "fever": r"(?:high )?fevers?|febrile|high temperature|pyrexia|fever(?:,| or| and)(?: a)? high temperature",
            "headache": r"headaches?",
            "loss of smell": r"(?:loss|lack|change) (?:of|in|to)(?: the)?(?: sense of)? smell|anosmia|"
            r"lost (?:(?:the|his|her|their) )?(?:sense of )?smell",
            "loss of taste": r"(?:loss|lack) of(?: the)?(?: sense of)? taste|ageusia|lost (?:(?:the|his|her|"
            r"their) )?(?:sense of )?taste",
            "change to sense of smell or taste": (
                r"(?:changes?|alterations?|loss)(?: \w+)? (?:to|in|of)(?: the| their| his| her)?(?: sense)?(?: of)? "
                r"(?:smell|taste)(?: and/or | or | and )(?:of )?(?:smell|taste)|altered (?:sense of )?smell or taste"
            ),
            "muscle pain": r"muscle (?:pain|ache|soreness)s?|myalgias?|(?:body|muscular) (?:aches?|pains?)",
            "fever or muscle pain": (
                r"fever(?: or |/| and/or )(?:muscle (?:pain|aches?|soreness)|myalgias?|muscular pain)|"
                r"muscle pain or fever"
            ),
            "cold": r"(?:a |the )?common cold|(?:has|had|having|with|a|reports?|of) (?:a )?cold(?: symptoms)?|"
            r"cold symptoms",
            "chest pain": r"chest (?:pain|tightness|discomfort)",
            "any symptom": r"(?:respiratory |other |cardiac )?symptoms?(?! (?:(?:do|does) not )?(?:includ\w*|"
            r"such|of|like|status))(?!:)|symptomatic",
        },
    ),
    Entry("symptom", "any symptom", r"asymptomatic|symptom free|symptomless", "absent"),
)

CONDITIONS: tuple[Entry, ...] = entries(
    "condition",
    {
        "hypertension": r"(?:arterial )?hypertensi(?:on|ve)|high blood pressure",
        "diabetes": r"(?:type [12] )?diabet(?:es(?: mellitus)?|ic)",
    },
)

PARENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("COPD", "asthma", "obstructive lung disease"), ("obstructive lung disease", "respiratory disease")
    ),
    **dict.fromkeys(
        (
            "upper respiratory tract infection",
            "lower respiratory tract infection",
            "pneumonia",
            "bronchiolitis",
            "COVID-19",
        ),
        ("respiratory infection",),
    ),
    "respiratory infection": ("respiratory disease", "infection"),
    "infection": ("illness",),
    **dict.fromkeys(("bronchiectasis", "bronchitis", "pulmonary fibrosis"), ("respiratory disease",)),
    **dict.fromkeys(("pleural effusion", "tuberculosis", "airway foreign body"), ("respiratory disease",)),
    **dict.fromkeys(("pulmonary haemosiderosis", "chronic lung disease"), ("respiratory disease",)),
    "other respiratory disease": ("respiratory disease",),
    "protracted bacterial bronchitis": ("bronchitis",),
    "respiratory disease": ("illness",),
    **dict.fromkeys(("atrial septal defect", "ventricular septal defect"), ("septal defect",)),
    **dict.fromkeys(
        ("septal defect", "patent ductus arteriosus", "patent foramen ovale"), ("congenital heart disease",)
    ),
    **dict.fromkeys(("aortic stenosis", "aortic regurgitation", "mitral stenosis"), ("valve disease",)),
    **dict.fromkeys(("mitral regurgitation", "mitral valve prolapse", "tricuspid regurgitation"), ("valve disease",)),
    **dict.fromkeys(("pulmonary stenosis", "multiple valve disease"), ("valve disease",)),
    **dict.fromkeys(("congenital heart disease", "valve disease", "heart failure"), ("heart disease",)),
    **dict.fromkeys(("rheumatic heart disease", "coronary artery disease"), ("heart disease",)),
    "heart disease": ("illness",),
    **dict.fromkeys(("Kawasaki disease", "haemoptysis", "hypertension", "diabetes"), ("illness",)),
    "chronic cough": ("cough", "illness"),
    "new continuous cough": ("cough",),
    **dict.fromkeys(("cough", "runny or blocked nose", "dyspnoea", "sore throat", "abdominal pain"), ("any symptom",)),
    **dict.fromkeys(("diarrhoea", "fatigue", "headache", "cold", "chest pain"), ("any symptom",)),
    **dict.fromkeys(("loss of smell", "loss of taste"), ("change to sense of smell or taste",)),
    "change to sense of smell or taste": ("any symptom",),
    **dict.fromkeys(("fever", "muscle pain"), ("fever or muscle pain",)),
    "fever or muscle pain": ("any symptom",),
    **dict.fromkeys(("loss of smell or taste", "other symptom"), ("any symptom",)),
    **dict.fromkeys(("choking", "congestion"), ("any symptom",)),
}
"""Value -> what it is a kind of."""

SAME: dict[str, str] = {
    "shortness of breath": "dyspnoea",
    "breathing difficulties": "dyspnoea",
    "lung fibrosis": "pulmonary fibrosis",
    "bronchiectasia": "bronchiectasis",
    "ischaemic heart disease": "coronary artery disease",
    "other respiratory diseases": "other respiratory disease",
    "respiratory condition": "respiratory disease",
    "respiratory illness": "respiratory disease",
    "other symptom": "other symptom",
    "healthy cough": "healthy cough",
    "loss of smell or taste": "loss of smell or taste",
    "change of smell or taste": "change to sense of smell or taste",
}
"""Values that are one to a reader."""
