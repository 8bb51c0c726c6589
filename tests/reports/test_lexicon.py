"""The language tables are whole, and can be extended from outside; what is wrong in one is named."""

from __future__ import annotations

import pytest

from hf_auscult.data.facts import VALUES
from hf_auscult.errors import ConfigurationError
from hf_auscult.reports import Fact, check, extend_lexicon
from hf_auscult.reports.lexicon import LANGUAGE, Lexicon, ancestors, language, lexicon, terms_of, words


@pytest.fixture
def own_lexicon():
    """A lexicon of the test's own: what is added goes away with it."""
    for cached in (lexicon, terms_of, ancestors):
        cached.cache_clear()
    yield
    for cached in (lexicon, terms_of, ancestors):
        cached.cache_clear()


def test_every_table_is_read_and_every_pattern_compiles():
    names = {file.stem for file in LANGUAGE.glob("*.yaml")}
    assert names >= {"findings", "health", "negation", "places", "roles", "measures", "style"}
    for name in ("negation", "roles", "places"):
        for key, forms in language(name).items():
            if isinstance(forms, (str, list)):
                words(name, key)
            elif key not in ("macros", "reach"):
                assert all(words(name, key, value) for value in forms)


def test_every_finding_of_the_schema_has_a_form_that_names_it():
    known = {entry.value for entry in lexicon().entries} | set(lexicon().same)
    assert set(VALUES["finding"]) <= known
    assert set(lexicon().covered) <= known
    assert set(lexicon().additions) == {
        *("recommendation", "health claim", "sign", "interpretation", "treatment", "detail")
    }


def test_words_of_ones_own(own_lexicon, tmp_path):
    facts = [Fact("finding", "crackle", "sounds", "absent")]
    text = "Velcro sounds are heard. Squawks."
    assert not check(text, facts).contradictions
    (tmp_path / "own.yaml").write_text(
        "entries:\n- concept: finding\n  values:\n    velcro crackle: velcro (sounds?|rales)\n    squawk: [squawks?]\n"
        "kinds:\n  crackle: [velcro crackle]\n"
    )
    extend_lexicon(tmp_path / "own.yaml")
    result = check(text, facts)
    assert [one.text for one in result.contradictions] == ["Velcro sounds"]
    assert [one.text for one in result.unsupported] == ["Squawks"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("entries: [", "not YAML"),
        ("- a list", "not a table"),
        ("words: {}", "not a table"),
        ("entries: [{concept: finding}]", "concept"),
        ("entries: [{concept: finding, values: {a: b}, of: c}]", "concept"),
        ("entries: [{concept: finding, polarity: maybe, values: {a: b}}]", "polarity"),
        ("entries: [{concept: finding, values: {a: '(b'}}]", "a: "),
        ("entries: [{concept: finding, values: {a: '{lung} sounds'}}]", "lung"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, problem):
    file = tmp_path / "own.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=problem) as error:
        Lexicon().add(file)
    assert str(file) in str(error.value)


def test_no_such_file(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        extend_lexicon(tmp_path / "none.yaml")
