"""Who was examined: sex, age group, smoking, pregnancy, country."""

from __future__ import annotations

from .entry import Entry, entries

PEOPLE: tuple[Entry, ...] = (
    *entries(
        "sex",
        {
            "female": r"females?|wom[ae]n|girls?|she|her|hers|herself|lady|daughter|mother",
            "male": r"males?|m[ae]n|boys?|he|his|him|himself|gentlem[ae]n|son|father",
        },
    ),
    *entries(
        "age_group",
        {
            "neonate": r"neonat(?:e|es|al)|newborns?(?: (?:baby|infant|child))?",
            "infant": r"infants?|bab(?:y|ies)|infancy",
            "toddler": r"toddlers?",
            "child": r"child(?:hood)?|children|child's|school aged?(?: child)?|preschool(?:er)?",
            "paediatric": r"pa?ediatric",
            "adolescent": r"adolescen(?:t|ts|ce)|teen(?:ager|agers|age)?",
            "young adult": r"young(?:er)? adult(?:hood|s)?|young(?= (?:wom[ae]n|m[ae]n|person|lady|male|female))",
            "middle-aged": r"middle aged?",
            "older adult": (
                r"(?:older|senior|aged) adults?|(?:older|senior)(?= (?:wom[ae]n|m[ae]n|person|patient|"
                r"individual|male|female))|"
                r"elderly|old age|geriatric|seniors?"
            ),
            "adult": r"adult(?:s|hood)?",
        },
    ),
    *entries(
        "smoking",
        {
            "smoker": (
                r"(?:current |active |daily |regular )?smok(?:er|ers|es|ing(?! status| history|:))|"
                r"(?:currently|actively) smok(?:es|ing)|"
                r"smok(?:es|ing) currently|(?:current |active )tobacco us(?:er|e)"
            ),
            "former smoker": (
                r"(?:former|ex|previous|past|prior) smok(?:er|ers|ing)|formerly smoked|used to smoke|(?:quit|"
                r"stopped) smoking|"
                r"smoked (?:in the past|previously|formerly)|(?:history of|previously|past history of) smok(?:ing|ed)"
            ),
            "non-smoker": (
                r"(?:non|never|lifelong non|life long non|lifetime non) ?smok(?:er|ers|ing)|(?:has |have |"
                r"had |who |and |)never"
                r" (?:smoked|used tobacco)|never having smoked|(?:does not|doesn't|did not|do not|is not|was not|not)"
                r"(?: (?:currently|a|a current))* smok(?:e|er|ing)|no (?:history of (?:smoking|tobacco use)|"
                r"smoking(?: history)?|"
                r"tobacco use)|(?:denies|without)(?: a)?(?: history of)? smoking(?: history)?|tobacco free"
            ),
        },
    ),
    Entry("pregnancy", "pregnant", r"pregnan(?:t|cy)|gravid|expecting a child"),
    *(
        Entry("country", name, forms)
        for name, forms in {
            **{
                name: name
                for name in ("India", "France", "Canada", "Germany", "China", "Bahrain", "Portugal", "Greece")
            },
            **{name: name for name in ("Brazil", "Jordan", "Turkey", "Taiwan", "Spain", "Italy", "Japan", "Australia")},
            **{
                name: name for name in ("Singapore", "Sweden", "Switzerland", "Belgium", "Russia", "Mexico", "Pakistan")
            },
            "United States": r"(?:the )?United States(?: of America)?|U\.?S\.?A\.?",
            "United Kingdom": r"(?:the )?United Kingdom|U\.?K|Great Britain|England",
            "Netherlands The": r"(?:the )?Netherlands(?:,? the)?",
        }.items()
    ),
)
