"""Clinical prose from facts, after the style guide ``language/style.yaml``.

As in appendix A of arXiv 2512.04847 a text restates the given information in a few sentences, as a specialist
would dictate it, and recommends nothing. What is said first, in which order and in which words is chosen by a hash, so
that neither the order of the facts nor the process matters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..data.facts import VALUES, Fact
from .lexicon import ancestors, language, terms_of
from .masking import Mask

Choose = Callable[[str, Sequence[str]], str]
_WITH_POLARITY = ("finding", "disease", "symptom", "condition")
_TRAITS = ("grade", "quality", "pitch", "shape", "timing")
_PLACES = ("location", "loudest", "heard_here")
_MURMURS = ("murmur", "systolic murmur", "diastolic murmur", "continuous murmur")
_ADJECTIVES = ("mild", "moderate", "severe", "non-severe", "asymptomatic", "critical")
_SENTENCES = 4
"""At most; more are joined by semicolons, the shortest first."""
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def chooser(*key: object) -> Choose:
    """Make a choice among phrasings that depends on the key and the slot's name only.

    Example:
        >>> chooser("50782_AV_1", 0)("site", ("a", "b")) == chooser("50782_AV_1", 0)("site", ("a", "b"))
        True
    """

    def choose(slot: str, options: Sequence[str]) -> str:
        digest = hashlib.sha256("\t".join(map(str, (*key, slot))).encode()).digest()
        return options[int.from_bytes(digest[:8], "big") % len(options)]

    return choose


def write(facts: Sequence[Fact], mask: Mask | str, choose: Choose, *, whole: bool = True) -> str:
    """Write a report of one to four sentences that states exactly these facts, whatever their order.

    Args:
        facts: what to state; already masked.
        mask: names the noun for a murmur, or is that noun.
        choose: picks phrasings.
        whole: whether these are all facts, so that a text may say that no more is known.

    Example:
        >>> write([Fact("finding", "wheeze", "wheezes", "absent"), Fact("sound", "lungs", "organ")], "", chooser("r4"))
        'Result of auscultation of the chest: no wheezes.'
    """
    noun = mask.noun if isinstance(mask, Mask) else mask
    once = {(fact.concept, fact.value, fact.polarity, fact.of): fact for fact in facts}
    return _Report([once[key] for key in sorted(once, key=repr)], noun or "sound", choose).text(whole)


@dataclass(frozen=True)
class _Phrase:
    """A noun phrase and its number."""

    text: str
    plural: bool = False

    @property
    def verb(self) -> str:
        return "are" if self.plural else "is"


class _Report:
    """The facts of one report while it is written."""

    def __init__(self, facts: Sequence[Fact], noun: str, choose: Choose) -> None:
        self.noun, self.choose, self.style = noun, choose, language("style")
        self.facts = [fact for fact in facts if fact.polarity == "present" or fact.concept in _WITH_POLARITY]
        self.odd = [fact for fact in facts if fact not in self.facts]
        self.sound = self.values("sound")
        self.examined = not self.sound or set(self.sound) <= {*self.style["exams"]}
        self.said: set[Fact] = set()
        self.complaints: list[tuple[str, str]] = []
        self.before_who = ""
        self.said_who = False

    # words

    def pick(self, slot: str, options: Sequence[str], **slots: str) -> str:
        """Choose one of several wordings and fill it in."""
        text = self.choose(slot, options)
        for number, match in enumerate(re.findall(r"\[[^\[\]]*\|[^\[\]]*\]", text)):
            text = text.replace(match, self.choose(f"{slot} {number}", match[1:-1].split("|")), 1)
        text = text.replace("[", "").replace("]", "")
        for group in re.findall(r"<[^<>]*>", text):
            names = re.findall(r"\{(\w+)\}", group)
            text = text.replace(group, group[1:-1] if all(slots.get(name) for name in names) else "", 1)
        return text.format(**slots)

    def sentence(self, name: str, slot: str | None = None, **slots: str) -> str:
        """One of the style guide's sentences."""
        return self.pick(slot or name, self.style["sentences"][name], it=self.it, **slots)

    def of(self, concept: str, polarity: str = "present") -> list[Fact]:
        """Facts of one concept and polarity, in the order of their values."""
        chosen = (fact for fact in self.facts if fact.concept == concept and fact.polarity == polarity)
        return sorted(chosen, key=lambda fact: (fact.value, fact.of or ""))

    def values(self, concept: str, polarity: str = "present") -> list[str]:
        """Their values, each once."""
        return list(dict.fromkeys(fact.value for fact in self.of(concept, polarity)))

    def word(self, value: str) -> str:
        """A value in one of the words for it."""
        return self.pick(f"synonym {value}", self.style["synonyms"].get(value, [value]))

    def named(self, value: str) -> str:
        """A disease, symptom or condition, with its article where it has one."""
        known = self.style["diseases"]
        if value in known:
            return self.pick(f"disease {value}", known[value])
        lower = value[:1].lower() + value[1:]
        return value if value[1:2].isupper() or value.startswith(tuple(self.style["proper"])) else lower

    def bare(self, value: str) -> str:
        """The same without an article, to stand behind "no"."""
        return re.sub(r"^(an?|another) ", lambda match: "other " if match[1] == "another" else "", self.named(value))

    def finding(self, value: str, *, there: bool = True) -> str:
        """Name a finding; under a mask a murmur is called by the mask's noun."""
        known = self.style["findings"].get(value, {"there": [value], "none": [value]})
        text = self.pick(f"finding {value} {there}", known["there" if there else "none"])
        return text if self.noun == "murmur" else text.replace("heart murmur", "murmur").replace("murmur", self.noun)

    def phrase(self, text: str) -> _Phrase:
        """A noun phrase with its number."""
        last = re.sub(r" (in the cough|on \w+|during \w+|in the form of .*|\(.*)$", "", text).split()[-1]
        return _Phrase(
            text, not text.startswith(("a ", "an ")) and (last.endswith("s") or last in self.style["plural"])
        )

    def either(self, texts: Sequence[str]) -> str:
        """None of several."""
        if len(texts) == 1:
            return self.pick("absent one", ["no {one}"], one=texts[0])
        alike = len({self.phrase(text).plural for text in texts}) == 1  # "there is neither crackles nor wheezing"
        neither = f"neither {texts[0]} nor {texts[1]}" if len(texts) == 2 and alike else f"no {joined(texts, 'or')}"
        return self.pick("absent", self.style["absent"], either=joined(texts, "or"), neither=neither)

    # who, what, where

    @property
    def it(self) -> str:
        """Who it is about, as the subject of a sentence."""
        sexes = self.values("sex")
        noun = f"the {self.pick('person', self.style['person']['examined' if self.examined else 'recorded'])}"
        pronoun = {"female": "she", "male": "he"}.get(sexes[0]) if len(sexes) == 1 and self.said_who else None
        return pronoun or noun

    def who(self) -> str:
        """Name the person by age, sex, size and country; empty where nothing is stated of them."""
        concepts = ("age", "age_group", "sex", "height", "weight", "bmi", "pregnancy", "country")
        if not any(self.of(concept) for concept in concepts) and not self.before_who:
            return ""
        people = self.style["people"]
        person = self.pick("person", self.style["person"]["examined" if self.examined else "recorded"])
        sexes, ages, groups = self.values("sex"), self.values("age"), self.values("age_group")
        sex = sexes[0] if len(sexes) == 1 else ""
        figures = [years for age in ages if (years := number(age)) is not None]
        if groups:
            noun = self.pick("group", people.get(groups[0], {}).get(sex, [groups[0]]))
        elif figures:
            years = figures[0]
            name = "infants" if years < 2 else "boys and girls" if years < 13 else "adolescents"
            noun = self.pick("noun", people[name if years < 18 else "women and men"][sex], person=person)
        else:
            noun = self.pick("noun", people["women and men" if ages else "unknown"][sex], person=person)
        if self.of("pregnancy"):
            noun = f"pregnant {noun}"
        for age in ages:
            noun = self.aged(age, noun)
        noun = f"{self.before_who} {noun}".strip()
        noun += "".join(f" from {self.country(value)}" for value in self.values("country"))
        lying = groups[:1] in (["neonate"], ["infant"]) or any(years < 2 for years in figures)
        sizes = [
            self.pick(f"size {name}", [options[self.size_style]], value=tenths(value))
            for name, options in (self.style["measures"] | (self.style["lying"] if lying else {})).items()
            for value in self.values(name)
        ]
        more = [
            f"{name.replace('_', ' ')}: {value}" for name in ("sex", "age_group") for value in self.values(name)[1:]
        ]
        inside = ", ".join([*sizes, *more])
        return f"{self.choose('this', [articled(noun), f'this {noun}'])}{f' ({inside})' if inside else ''}"

    def country(self, name: str) -> str:
        """A country behind "from"."""
        name = (name.title() if name.islower() else name).removesuffix(" The")
        return f"the {name}" if name.startswith(tuple(self.style["countries with article"])) else name

    @property
    def size_style(self) -> int:
        return int(self.choose("sizes", "01"))

    def aged(self, age: str, who: str) -> str:
        """Add an age: in months below two years, in weeks below two months, a band as it is."""
        years = number(age)
        people = self.style["people"]
        if years is None:
            above = re.fullmatch(r"(\d+)\s*(\+|and over|or over)", age)
            band = age.replace("-", "\u2013")
            name = "above" if above else "band"
            return self.pick("band", people[name], who=who, band=above[1] if above else band)
        figure, unit = age_words(age)
        plural = f"{figure} {unit}"
        unit = unit.removesuffix("s")
        return self.pick("aged", people["aged"], age=f"{figure}-{unit}", years=plural, who=who)

    def setting(self) -> dict[str, str]:
        """The slots of an opening: what was done, where, with what, in whom."""
        style = self.style
        place = ""
        for site in self.values("site"):
            kind = "valve" if site in VALUES["location"] and site != "other" else site
            kind = "chest" if site.startswith(("left ", "right ")) else kind
            place += f" {self.pick('site', style['sites'].get(kind, style['sites']['*']), site=self.word(site))}"
        for name in ("phase", "position"):
            for value in self.values(name):
                place += f" {self.pick(name, style[f'{name}s'], **{name: value})}"
        tools = ""
        for device in self.values("device"):
            own = style["devices"].get(device, style["devices"]["*"])
            text = self.pick("device", own, device=device)
            if own is style["devices"]["*"] and not any(brand in device for brand in style["stethoscopes"]):
                text = text.replace(" stethoscope", " device" if " a " in text else "")
            tools += " " + re.sub(r"\ba (?=[AEIO8]|MLT|HF)", "an ", text)
        slots = {"at": place, "with": tools, "who": self.who()}
        if self.examined:
            twice = "chest" if "chest" in place or "thorax" in place else "\n"
            exams = [
                self.pick("exam", [exam for exam in style["exams"][value] if twice not in exam]) for value in self.sound
            ]
            slots["exam"] = joined(exams) if exams else "a recording"
        else:
            slots["recording"] = joined([self.recording(value) for value in self.sound]) + place + tools
        return slots

    def recording(self, sound: str) -> str:
        """Name a recording from the mouth."""
        known = self.style["recordings"]
        return self.pick(f"sound {sound}", known.get(sound, known["*"]), sound=sound)

    # what was heard

    def described(self, owner: str) -> _Phrase:
        """A murmur with its traits, as in "a grade II/VI holosystolic murmur of low pitch"."""
        before: list[str] = []
        behind: list[str] = []
        timing = timed = ""
        for concept in _TRAITS:
            for fact in self.of(concept):
                if (fact.of or "") != owner:
                    continue
                slot = f"{concept} {owner}"
                value = self.word(fact.value)
                forms = self.style["murmur"][concept]
                late = "behind" in forms and self.choose(f"{slot} side", ["before", "behind"]) == "behind"
                text = self.pick(slot, forms["behind" if late else "before"], value=value)
                (behind if late else before).append(text)
                if concept == "timing":
                    timing, timed = fact.value, text
        kind = owner.partition(" ")[0]
        name = "murmur" if owner.endswith(" murmur") and kind in timing else owner
        head = self.finding(name) if name else f"a {self.noun}"
        head = head.replace("heart ", "") if before else head
        if not before and not behind:
            return self.phrase(head)
        indefinite = head.startswith(("a ", "an "))
        core = head.partition(" ")[2] if indefinite else head
        middle = [part for part in before if not part.startswith("grade") and part != timed]
        grade = [part for part in before if part.startswith("grade")]
        text = " ".join([*grade, *([", ".join(middle)] if middle else []), *([timed] if timed else []), core])
        text = articled(text) if indefinite else text
        behind.sort(key=lambda part: part.startswith("graded"))
        return _Phrase(f"{text} {joined(behind)}" if behind else text, not indefinite)

    def heard(self) -> tuple[_Phrase | None, list[str]]:
        """What was heard, as one noun phrase, and what could not be told."""
        traits = [fact for fact in self.facts if fact.concept in _TRAITS]
        breath = [
            fact
            for fact in traits
            if fact.concept == "timing" and fact.of in VALUES["finding"] and fact.of not in _MURMURS
        ]
        owners = sorted({fact.of or "" for fact in traits if fact not in breath})
        placed = any(fact.concept in _PLACES for fact in self.facts)
        findings = [fact for fact in self.of("finding") if fact.source is None or "expert" not in fact.source]
        present = list(dict.fromkeys([*(fact.value for fact in findings), *(str(fact.of) for fact in breath)]))
        if placed and not owners and not any(value in _MURMURS for value in present):
            owners = [""]
        if any(owner.endswith("murmur") or not owner for owner in owners):
            present = [value for value in present if value != "murmur"]
        present = [value for value in present if value not in owners]
        texts = [self.described(owner) for owner in owners]
        texts += [self.phrase(text) for text in self.kinds(present, breath)]
        denied = [fact.value for fact in self.of("finding", "absent") if "expert" not in (fact.source or "")]
        none = [self.finding(value, there=False) for value in dict.fromkeys(denied)]
        unknown = [self.phrase(self.finding(fact.value)) for fact in self.of("finding", "unknown")]
        unsure = []
        if unknown:
            hedged = _Phrase(joined([phrase.text for phrase in unknown], "or"), unknown[-1].plural)
            unsure.append(self.sentence("unknown", **{"F": hedged.text, "is": hedged.verb}))
        if not texts:
            if not none:
                normal = "heart" in self.sound and self.values("outcome") == ["normal"] and not unsure
                if not normal or self.choose("normal", "ny") == "n":
                    return None, unsure
                return _Phrase(self.pick("nothing", self.style["nothing"]["outcome"]), True), unsure
            alone = self.style["nothing"].get(denied[0]) if len(none) == 1 else None
            text = self.pick("nothing", alone) if alone else self.either(none)
            nearest = text if alone else f"no {none[0]}"  # the verb goes by what stands next to it
            return _Phrase(text, self.phrase(nearest).plural), unsure
        also = f" {self.choose('together', self.style['together'])} " if len(owners) > 1 else None
        whole = also.join(phrase.text for phrase in texts) if also else joined([phrase.text for phrase in texts])
        plural = texts[0].plural if len(texts) == 1 or also else True
        if none:
            parts = {"there": whole, "none": joined(none, "or")}
            whole = self.pick("listed", self.style["listed"], **parts)
        return _Phrase(whole, plural), unsure

    def kinds(self, present: Sequence[str], breath: Sequence[Fact]) -> list[str]:
        """Names of findings, each once: a wheeze is named, not the continuous sound that it is, or as a kind of it."""
        term = {value: terms_of(value)[0] for value in present}
        texts = []
        for value in present:
            if any(term[value] != term[other] and term[value] in ancestors(term[other]) for other in present):
                continue
            parents = [one for one in present if term[one] != term[value] and term[one] in ancestors(term[value])]
            text = self.finding(value)
            for fact in breath:
                if fact.of == value:
                    forms = [*self.style["breath"]["before"], *self.style["breath"].get(fact.value, ())]
                    text = self.pick(f"breath {value}", forms, value=text, timing=fact.value)
            parent = max(parents, key=lambda one: len(ancestors(term[one])), default=None)
            if parent is not None:
                text = self.pick(f"kind {value}", self.style["kind"], kind=text, parent=self.finding(parent))
            texts.append(text)
        return texts

    def places(self) -> str:
        """Where a murmur is heard, to stand behind "is"."""
        if not any(self.of(concept) for concept in _PLACES):
            return ""
        style = self.style["places"]
        every = [fact.value for fact in self.of("location")]
        loudest = [fact.value for fact in self.of("loudest")]
        others = [value for value in every if value not in loudest]
        slots = {"loudest": self.area(loudest), "others": self.area(others), "all": self.area(every)}
        if loudest and every and not set(loudest) <= set(every):
            others = every
            slots["others"] = slots["all"] = self.area(every)
        name = "heard"
        if loudest:
            name = "loudest" if not every else "both" if others else "loudest alone"
        text = self.pick("places", style[name], **slots) if every or loudest else "heard"
        here = [self.pick("here", style["here"][value]) for value in self.values("heard_here")]
        return text + "".join(here)

    def elsewhere(self) -> bool:
        """Whether the murmur is not heard where the recording was made, or nobody says that it is."""
        sites, every = self.values("site"), self.values("location")
        return "no" in self.values("heard_here") or bool(every and not set(sites) & set(every))

    def area(self, places: Sequence[str]) -> str:
        """One or several valve areas."""
        valves = [self.word(value) for value in places if value != "other"]
        text = self.pick("area", self.style["area"], places=joined(valves)) if valves else ""
        text += "s" if len(valves) > 1 else ""
        if len(valves) < len(places):
            return (
                joined([*([f"{text} and a"] if text else []), self.style["elsewhere"]]).replace("a and", "a")
                if (text)
                else self.style["elsewhere"]
            )
        return text

    # history and conclusions

    def history(self) -> list[str]:
        """Sentences on symptoms, conditions and smoking."""
        sentences: list[str] = []
        there = [value for value in self.values("symptom") if value != "symptom"]
        none = [self.bare(value) for value in self.values("symptom", "absent") if value != "symptom"]
        listed = joined([self.named(value) for value in there]) if there else ""
        denied = joined(none, "or") if none else ""
        if listed:
            slots = {"there": listed, "none": denied, "is": "is" if len(none) < 2 else "are"}
            sentences.append(self.sentence("symptoms", **slots))
            clause = f"{self.it} reports {listed}{f', with no reported {denied}' if denied else ''}"
            self.complaints.append((sentences[-1], clause))
        elif denied:
            sentences.append(self.sentence("no symptoms", none=denied))
        if "symptom" in self.values("symptom") and not there:
            sentences.append(self.sentence("symptomatic"))
            self.complaints.append((sentences[-1], f"{self.it} reports symptoms"))
        if "symptom" in self.values("symptom", "absent"):
            sentences.append(self.sentence("asymptomatic"))
        conditions = self.values("condition")
        for name, value in (("exposure", "exposure to COVID-19"), ("recovery", "recovery from COVID-19")):
            if value in conditions:
                conditions.remove(value)
                sentences.append(self.sentence(name))
        if conditions:
            sentences.append(self.sentence("conditions", there=joined([self.named(value) for value in conditions])))
            clause = f"{self.it} has a history of {joined([self.named(value) for value in conditions])}"
            self.complaints.append((sentences[-1], clause))
        absent = [re.sub("condition$", "conditions", self.bare(value)) for value in self.values("condition", "absent")]
        if absent:
            sentences.append(self.sentence("no conditions", none=joined(absent, "or")))
        for value in self.values("smoking"):
            smoker = self.pick("smoker", self.style["smokers"][value])
            sentences.append(self.sentence("smoking", smoker=smoker, plain=smoker.partition(" ")[2]))
        unknown = [fact for name in ("symptom", "condition") for fact in self.of(name, "unknown")]
        for fact in unknown:
            slot = f"undecided {fact.concept} {fact.value}"
            sentences.append(self.sentence("undecided", slot, what=self.named(fact.value)))
        return sentences

    def graded(self, disease: str) -> tuple[str, list[Fact]]:
        """A disease with its severity, where that is a word to stand before it."""
        severities = [fact for fact in self.of("severity") if fact.of == disease]
        name = self.named(disease)
        if len(severities) == 1 and severities[0].value in _ADJECTIVES:
            article, _, rest = name.partition(" ") if name.startswith(("a ", "an ")) else ("", "", name)
            graded = f"{severities[0].value} {rest}"
            return (articled(graded) if article else graded), severities
        return name, []

    def conclusions(self) -> list[str]:
        """Sentences on diseases, their severity and the outcome, by who states them."""
        style, sentences = self.style["conclusions"], []
        graded: list[Fact] = []
        for polarity, suffix in (("present", ""), ("absent", " absent")):
            by_source: dict[str, list[str]] = {}
            for fact in self.of("disease", polarity):
                if fact in self.said or "expert" in (fact.source or ""):
                    graded += [one for one in self.of("severity") if one.of == fact.value]
                    continue
                kind = fact.source if fact.source in ("self-report", "test") else "record"
                if fact.value == "healthy" and polarity == "present":
                    sentences.append(
                        self.pick("healthy", style[f"healthy {'record' if kind == 'test' else kind}"], it=self.it)
                    )
                elif fact.value == "control group" and polarity == "present":
                    sentences.append(self.pick("control", style["control group"], it=self.it))
                elif polarity == "present":
                    text, severities = self.graded(fact.value)
                    graded += severities
                    by_source.setdefault(kind, []).append(text)
                else:
                    negative = kind == "self-report" and fact.value == "COVID-19"
                    by_source.setdefault("self-report negative" if negative else kind, []).append(self.bare(fact.value))
            for kind, texts in by_source.items():
                what = joined(texts, "or" if suffix and kind != "test" else "and")
                sentences.append(
                    self.pick(
                        f"disease {kind}{suffix}",
                        style[kind if "negative" in kind else f"{kind}{suffix}"],
                        what=what,
                        it=self.it,
                    )
                )
        for fact in self.of("disease", "unknown"):
            sentences.append(self.pick("disease unknown", style["unknown"], what=self.bare(fact.value), it=self.it))
        for fact in self.of("severity"):
            if fact in graded or "expert" in (fact.source or ""):
                continue
            name = "severity" if fact.of else "severity alone"
            of = f"the {self.bare(fact.of)}" if fact.of and fact.of[0].islower() else fact.of or ""
            sentences.append(self.pick(f"severity {fact.of}", style[name], of=of, value=fact.value))
        outcome = "outcome heart" if "heart" in self.sound else "outcome"
        if (
            "heart" in self.sound
            and self.values("outcome") == ["abnormal"]
            and not any(fact.kind == "finding" or fact.concept == "disease" for fact in self.facts)
        ):
            outcome = "outcome heart alone"
        return sentences + [self.pick("outcome", style[outcome], value=value) for value in self.values("outcome")]

    def opinions(self) -> list[str]:
        """A sentence for each group of experts who agree, on all that they say."""
        style, sentences = self.style["experts"], []
        sources = {fact.source: None for fact in self.facts if "expert" in (fact.source or "")}
        for source in sorted(filter(None, sources), key=lambda name: (not name.startswith("expert"), name)):
            count, total = (int(digits) for digits in re.findall(r"\d+", f"{source} 0")[:2])
            if source.startswith("expert"):
                who = self.pick("expert", style["one"])
            elif count == total:
                who = self.pick("experts", style["all"].get(str(total), [f"all {total} experts"]))
            else:
                who = self.pick("some", style["some"], n=_NUMBERS[count], of=_NUMBERS[total])
            mine = [fact for fact in self.facts if fact.source == source]
            parts = self.opinion(mine)
            sentences.append(f"{who} {joined(parts)}")
        return sentences

    def opinion(self, facts: Sequence[Fact]) -> list[str]:
        """What one group of experts did: heard, noted, suspected, rated."""
        style, parts = self.style["experts"], []

        def of(concept: str, polarity: str = "present") -> list[Fact]:
            return [fact for fact in facts if (fact.concept, fact.polarity) == (concept, polarity)]

        pseudo = [fact for fact in of("finding") if fact.value == "pseudocough"]
        there = sorted(
            (fact for fact in of("finding") if fact not in pseudo),
            key=lambda fact: (not fact.value.endswith(" cough"), fact.value),
        )
        none = sorted((fact.value for fact in of("finding", "absent")), key=lambda value: (" cough" in value, value))
        if there:
            heard = joined([self.finding(one.value) for one in there])
            parts.append(self.pick("expert heard", style["there"], F=heard))
        if none:
            either = joined([self.finding(value, there=False) for value in none], "or")
            if there:
                parts[-1] += f" but no {either}"
            else:
                parts.append(self.pick("expert none", style["none"], either=either))
        parts += [self.pick("expert pseudocough", style["pseudocough"]) for _ in pseudo]
        for fact in of("recording_quality"):
            parts.append(self.pick("expert quality", style["recording_quality"], value=self.word(fact.value)))
        for fact in of("disease"):
            if fact.value == "healthy cough":
                parts.append(self.pick("expert healthy", style["healthy cough"]))
            else:
                same = [one for one in of("severity") if one.of == fact.value]
                what = self.graded(fact.value)[0] if same else self.named(fact.value)
                parts.append(self.pick("expert disease", style["disease"], what=what))
        diseases = {fact.value for fact in of("disease")}
        for fact in of("severity"):
            if fact.of not in diseases:
                parts.append(self.pick("expert severity", style["severity"], value=fact.value))
        return parts

    # the whole

    def text(self, whole: bool) -> str:
        """Opening, findings, history and conclusions, in one of several orders."""
        healthy = [fact for fact in self.of("disease") if fact.value == "healthy" and fact.source in (None, "record")]
        named = any(self.of(concept) for concept in ("age", "age_group", "sex"))
        if healthy and named and self.choose("healthy first", "ny") == "y":
            self.before_who = "healthy"
            self.said.add(healthy[0])
        slots = self.setting()
        slots["who"] = slots["who"] and slots["who"] + self.diagnosed()
        heard, unsure = self.heard()
        places = self.places()
        self.said_who = bool(slots["who"])
        findings: list[str] = []
        if heard is not None:
            slots |= {"F": heard.text, "is": heard.verb}
        if heard is None or not self.examined:
            frames = self.style["frames"]["plain" if self.examined else "recorded"]
        elif places and (not slots["at"] or self.elsewhere() or self.choose("placed", "nny") == "y"):
            frames, slots["places"] = self.style["frames"]["placed"], places
        else:
            frames = self.style["frames"]["heard"]
        fitting = [frame for frame in frames if fits(frame, slots)]
        if "places" in slots and not slots["at"]:  # no sentence on the recording follows, so the opening names it
            fitting = [frame for frame in fitting if "{exam}" in frame]
        slots["who"] = alone(self.choose("frame", fitting), slots["who"])
        if ", {places}" in self.choose("frame", fitting):  # no verb stands before them
            slots["places"] = places.replace(" and is also ", " and also ")
        opening = self.pick("frame", fitting, **slots)
        where: list[str] = []
        if frames is self.style["frames"]["placed"]:
            used = "{exam}" in self.choose("frame", fitting)
            if slots["at"] or (not used and (slots["with"] or self.sound)):
                where.append(self.sentence("placing", at=slots["at"], **{"with": "" if used else slots["with"]}))
        elif places and heard is not None:
            where.append(self.sentence("places", places=places, murmur=self.noun))
        if heard is not None and not self.examined:
            findings.append(self.sentence("heard", F=heard.text, **{"is": heard.verb}))
        findings += unsure
        findings += [
            self.sentence("quality", value=self.word(fact.value))
            for fact in self.of("recording_quality")
            if "expert" not in (fact.source or "")
        ]
        findings += self.strange("finding")
        rest = [
            *self.history(),
            *self.strange("context"),
            *self.opinions(),
            *self.conclusions(),
            *self.strange("diagnosis"),
        ]
        rest = self.although(rest)
        if (
            whole
            and not self.examined
            and {fact.concept for fact in self.facts} <= {"sound", "device"}
            and not self.odd
        ):
            rest.append(self.sentence("nothing known"))
        return finished([opening, *where], findings, rest, self.choose("order", ["efr", "erf", "efr", "efr"]))

    def diagnosed(self) -> str:
        """The diagnosis behind the person, in half of the texts where it is one of a record."""
        diseases = self.of("disease")
        if len(diseases) != 1 or diseases[0].source not in (None, "record") or self.choose("diagnosed", "ny") == "n":
            return ""
        (fact,) = diseases
        if fact.value in ("healthy", "control group", "healthy cough"):
            return ""
        what, _ = self.graded(fact.value)
        self.said.add(fact)
        plain = re.sub(r"^an? ", "", what)
        forms = [
            form
            for form in self.style["diagnosed"]
            if "{plain}" not in form or not plain.startswith(("another ", "unspecified "))
        ]
        return f" {self.pick('with disease', forms, what=what, plain=plain)}"

    def although(self, sentences: list[str]) -> list[str]:
        """Put "healthy" beside the symptoms that the same person reports, as an although."""
        mine = [fact for fact in self.of("disease") if fact.value == "healthy" and fact.source == "self-report"]
        style = self.style["conclusions"]
        healthy = self.pick("healthy", style["healthy self-report"], it=self.it)
        if not mine or healthy not in sentences or not self.complaints:
            return sentences
        sentence, clause = self.complaints[0]
        others = [one for one in sentences if one not in (healthy, sentence)]
        return [self.pick("although", style["although"], healthy=healthy, symptoms=clause), *others]

    def strange(self, kind: str) -> list[str]:
        """Sentences on traits that are stated not to be there, or to be undecided."""
        sentences = []
        for fact in sorted(self.odd, key=lambda fact: (fact.concept, fact.of or "", fact.value, fact.polarity)):
            if fact.kind == kind:
                owner = f" of {self.finding(fact.of, there=False)}" if fact.of else ""
                what = f"the {fact.concept.replace('_', ' ')}{owner}"
                slot = f"trait {fact.polarity}"
                sentences.append(self.pick(f"{slot} {fact.concept}", self.style[slot], what=what, value=fact.value))
        return sentences


def age_words(age: str) -> tuple[str, str]:
    """Figure and unit of an age in years: months below two years, weeks below two months; a band as it is.

    Example:
        >>> age_words("0.58"), age_words("66"), age_words("18-44")
        (('7', 'months'), ('66', 'years'), ('18-44', ''))
    """
    years = number(age)
    if years is None:
        return age, ""
    if years < 2 / 12:
        figure, unit = max(1, round(years * 365.25 / 7)), "week"
    elif years < 2:
        figure, unit = round(years * 12), "month"
    else:
        figure, unit = int(years), "year"
    return str(figure), unit if figure == 1 else f"{unit}s"


def tenths(value: str) -> str:
    """A size as it is read off: no more than one decimal.

    Example:
        >>> tenths("28.41"), tenths("162"), tenths("10.18")
        ('28.4', '162', '10.2')
    """
    size = number(value)
    return value if size is None else f"{round(size, 1):g}"


def number(text: str) -> float | None:
    """A figure, or None for a band such as 18-44."""
    try:
        return float(text)
    except ValueError:
        return None


def joined(words: Sequence[str], last: str = "and") -> str:
    """Enumerate words in English; names that hold the last word are parted by it as well.

    Example:
        >>> joined(["wheezes", "crackles", "stridor"], "or")
        'wheezes, crackles or stridor'
    """
    text = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
    return re.sub(r"(\w+) in the cough (and|or) (\w+) in the cough", r"\1 \2 \3 in the cough", text)


def articled(words: str) -> str:
    """Put a or an before words; numbers that begin with a vowel are 8, 11 and 18.

    Example:
        >>> articled("8-year-old boy"), articled("12-year-old boy")
        ('an 8-year-old boy', 'a 12-year-old boy')
    """
    vowel = words[0].lower() in "aeiou" or re.match(r"8|1[18](?!\d)", words)
    return f"{'an' if vowel else 'a'} {words}"


def alone(frame: str, who: str) -> str:
    """A person as a heading: "a boy; auscultation of the heart", where "this boy" would need a verb."""
    if who.startswith("this ") and re.search(r"\{who\}[;:]|[;:] ?\{who\}", frame):
        return articled(who.removeprefix("this "))
    return who


def fits(frame: str, slots: Mapping[str, Any]) -> bool:
    """Whether every slot that a frame needs is filled."""
    return all(slots.get(name) for name in re.findall(r"\{(\w+)\}", re.sub(r"<[^<>]*>", "", frame)))


def finished(opening: Sequence[str], findings: Sequence[str], rest: Sequence[str], order: str) -> str:
    """Put sentences in their order, at most four, each begun by a capital and ended by a full stop."""
    groups = {"e": [*opening], "f": [*findings], "r": [*rest]}
    parts = [groups[letter] for letter in order if groups[letter]]
    while sum(map(len, parts)) > _SENTENCES and any(len(part) > 1 for part in parts):
        pairs = [(len(part[n]) + len(part[n + 1]), n, k) for k, part in enumerate(parts) for n in range(len(part) - 1)]
        _, n, k = min(pairs)
        parts[k][n : n + 2] = [f"{parts[k][n].rstrip('.')}; {parts[k][n + 1]}"]
    text = " ".join(f"{sentence.rstrip('.')}." for part in parts for sentence in part)
    text = re.sub(r"\s+([,.;:])", r"\1", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r",(?=[.;:,])", "", text)
    return re.sub(r"(^|(?<=[.] ))[a-z]", lambda match: match[0].upper(), text)
