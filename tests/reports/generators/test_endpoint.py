"""The endpoint client against a real HTTP server: what it sends, survives, reports, and never pays for twice."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

from hf_auscult.data.facts import Fact
from hf_auscult.errors import ConfigurationError, DataError, GenerationError
from hf_auscult.reports.generators.base import Failed, Request, Written
from hf_auscult.reports.generators.cache import TextCache
from hf_auscult.reports.generators.endpoint import EndpointConfig, EndpointGenerator

from .loopback import Answer, completion, good, serving

KEY = "sk-loopback-0123456789"
AGES = ("1 week", "12 months", "2 years", "3 years", "4 years")
"""How the ages 0 to 4 are given to a model."""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUSCULT_TEST_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def requests(number: int, **more) -> list[Request]:
    return [Request(f"r{i}", (Fact("age", str(i), "age"),), **more) for i in range(number)]


def generator(url: str, folder, **settings) -> EndpointGenerator:
    values = {"model": "tiny", "key_variable": "AUSCULT_TEST_KEY", "first_wait": 0.01, "timeout": 5.0, **settings}
    return EndpointGenerator(EndpointConfig(base_url=url, **values), TextCache(folder))


def answers(found: EndpointGenerator, wanted: list[Request]) -> list:
    outcomes = dict(found.write(wanted))
    assert sorted(outcomes) == list(range(len(wanted)))
    return [outcomes[place] for place in range(len(wanted))]


def first(body) -> str:
    return body["messages"][1]["content"]


def test_what_is_sent_and_what_comes_back(tmp_path):
    with serving() as endpoint:
        found = answers(generator(endpoint.url, tmp_path, temperature=0.5), requests(5, organ="lung"))
    assert found == [Written(f"The recording shows age: {i}.") for i in AGES]
    assert sorted(endpoint.prompts) == sorted(f"age: {i}" for i in AGES)
    body = endpoint.calls[0]
    assert body["messages"][0]["content"].startswith("You are a pulmonologist")
    assert '{"report"' in body["messages"][0]["content"]
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["report"]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0.5, 300)
    assert set(endpoint.keys) == {f"Bearer {KEY}"}


def test_nothing_is_asked_twice(tmp_path):
    wanted = [*requests(4), *requests(4)]
    with serving() as endpoint:
        generator(endpoint.url, tmp_path).write(wanted)  # a generator that nobody reads asks nobody
        assert not endpoint.calls
        once = answers(generator(endpoint.url, tmp_path), wanted)
        again = answers(generator(endpoint.url, tmp_path), wanted)
        assert (once, len(endpoint.calls)) == (again, 4)
        answers(generator(endpoint.url, tmp_path), requests(4, draw=1))
        assert len(endpoint.calls) == 8  # another draw is another text
        assert endpoint.calls[0]["seed"] not in [call["seed"] for call in endpoint.calls[4:]]
        answers(generator(endpoint.url, tmp_path, temperature=0.1), requests(1))
        answers(generator(endpoint.url, tmp_path, model="other"), requests(1))
        answers(generator(endpoint.url, tmp_path, workers=1, timeout=9.0), requests(4))  # these change no text
        assert len(endpoint.calls) == 10


def test_a_rate_limit_is_waited_for_by_all(tmp_path):
    def script(body, number):
        if number == 0:
            return Answer({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"})
        return good(first(body))

    with serving(script) as endpoint:
        found = answers(generator(endpoint.url, tmp_path, workers=1), requests(3))
    assert all(isinstance(one, Written) for one in found)
    assert len(endpoint.calls) == 4
    assert endpoint.times[1] - endpoint.times[0] >= 0.95


def test_requests_a_minute(tmp_path):
    with serving() as endpoint:
        answers(generator(endpoint.url, tmp_path, per_minute=600, workers=4), requests(6))
    assert endpoint.times[-1] - endpoint.times[0] >= 0.45  # five gaps of 0.1 s


def test_server_errors_are_tried_again_with_growing_waits(tmp_path):
    def script(body, number):
        return Answer("oops", 503) if number < 3 else good(first(body))

    with serving(script) as endpoint:
        found = answers(generator(endpoint.url, tmp_path, first_wait=0.1), requests(1))
    assert isinstance(found[0], Written)
    gaps = [b - a for a, b in zip(endpoint.times, endpoint.times[1:], strict=False)]
    assert len(gaps) == 3
    assert gaps[0] >= 0.1 and gaps[1] >= 0.2 and gaps[2] >= 0.4


@pytest.mark.parametrize(
    "answer",
    [Answer("down", 500), Answer({}, 200, after=1.5), Answer({}, hang_up=True), Answer("<html>gateway</html>")],
    ids=["500", "timeout", "hang up", "not JSON"],
)
def test_what_never_answers_is_a_failure_and_may_be_asked_again(tmp_path, answer):
    with serving(lambda *_: answer) as endpoint:
        found = answers(generator(endpoint.url, tmp_path, attempts=2, timeout=0.4), requests(1))
        assert found[0].reason == "unreachable"
        assert "2 attempts" in found[0].detail
        assert len(endpoint.calls) == 2
        endpoint.script = lambda body, _: good(first(body))
        assert isinstance(answers(generator(endpoint.url, tmp_path), requests(1))[0], Written)


def test_nobody_listens(tmp_path):
    with serving() as endpoint:
        pass
    found = answers(generator(endpoint.url, tmp_path, attempts=2), requests(1))
    assert found[0].reason == "unreachable"
    assert "no connection" in found[0].detail


@pytest.mark.parametrize(
    ("answer", "reason", "calls"),
    [
        (completion("The murmur is loud."), "malformed", 2),
        (completion('{"text": "The murmur is loud."}'), "malformed", 2),
        (completion('["report"]'), "malformed", 2),
        (Answer({"choices": []}), "malformed", 2),
        (Answer([1]), "malformed", 2),
        (completion("[" * 100_000), "malformed", 2),
        (completion('{"report": ' + "9" * 5_000 + "}"), "malformed", 2),
        (Answer("[" * 100_000), "unreachable", 6),
        (completion(""), "empty", 2),
        (completion('{"report": "  "}'), "empty", 2),
        (completion(None, refusal="I can't do that."), "refused", 1),
        (completion("I'm sorry, but I cannot help with that."), "refused", 1),
        (completion('{"report": "I cannot write this report."}'), "refused", 1),
        (completion("", "content_filter"), "refused", 1),
        (completion('{"report": "The mur', "length"), "truncated", 1),
        (Answer({"error": {"message": "maximum context length is 10"}}, 400), "rejected", 1),
    ],
)
def test_answers_that_are_no_reports_are_typed_failures(tmp_path, answer, reason, calls):
    with serving(lambda *_: answer) as endpoint:
        found = answers(generator(endpoint.url, tmp_path), requests(1))
    assert isinstance(found[0], Failed)
    assert found[0].reason == reason
    assert len(endpoint.calls) == calls
    assert not list(tmp_path.rglob("*.json"))


def test_a_malformed_answer_may_be_followed_by_a_good_one(tmp_path):
    with serving(lambda body, number: good(first(body)) if number else completion("no JSON")) as endpoint:
        assert isinstance(answers(generator(endpoint.url, tmp_path), requests(1))[0], Written)
        assert len(endpoint.calls) == 2


@pytest.mark.parametrize("status", [401, 402, 403, 404, 302])
def test_what_every_call_would_meet_ends_the_run(tmp_path, status):
    with (
        serving(lambda *_: Answer({"error": {"message": f"bad key {KEY}"}}, status)) as endpoint,
        pytest.raises(GenerationError) as caught,
    ):
        answers(generator(endpoint.url, tmp_path, workers=2), requests(50))
    assert len(endpoint.calls) <= 4
    assert KEY not in str(caught.value)
    assert caught.value.remedy


def test_an_exhausted_quota_is_no_rate_limit(tmp_path):
    answer = Answer({"error": {"code": "insufficient_quota"}}, 429, {"Retry-After": "1"})
    with serving(lambda *_: answer) as endpoint, pytest.raises(GenerationError, match="credit"):
        answers(generator(endpoint.url, tmp_path, workers=1), requests(3))
    assert len(endpoint.calls) == 1


def test_a_dead_endpoint_is_given_up(tmp_path):
    with serving(lambda *_: Answer("down", 500)) as endpoint:
        found = answers(generator(endpoint.url, tmp_path, attempts=1, workers=2), requests(40))
    reasons = Counter(one.reason for one in found)
    assert set(reasons) == {"unreachable", "not_tried"}
    assert reasons["unreachable"] == len(endpoint.calls) <= 10


def test_it_learns_what_the_endpoint_understands(tmp_path):
    def script(body, _):
        if "max_tokens" in body:
            return Answer({"error": {"message": "use 'max_completion_tokens' instead of 'max_tokens'"}}, 400)
        if body.get("response_format", {}).get("type") == "json_schema":
            return Answer({"error": {"message": "response_format json_schema is not supported"}}, 400)
        if "seed" in body:
            return Answer({"error": {"message": "Unrecognized argument: seed"}}, 422)
        return good(first(body))

    with serving(script) as endpoint:
        found = answers(generator(endpoint.url, tmp_path, workers=1), requests(3))
    assert all(isinstance(one, Written) for one in found)
    assert len(endpoint.calls) == 3 + 3
    assert endpoint.calls[-1]["response_format"] == {"type": "json_object"}
    assert endpoint.calls[-1]["max_completion_tokens"] == 300


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    with serving() as endpoint:
        outcomes = generator(endpoint.url, tmp_path, workers=2).write(requests(20))
        for _ in range(5):
            next(outcomes)
        outcomes.close()  # as Ctrl-C does: calls under way end and are kept
        sent = len(endpoint.calls)
        assert 5 <= sent < 20
        assert all(isinstance(one, Written) for one in answers(generator(endpoint.url, tmp_path), requests(20)))
        assert set(Counter(endpoint.prompts).values()) == {1}
        assert len(endpoint.calls) == 20


def test_a_request_without_facts_is_not_sent(tmp_path):
    with serving() as endpoint:
        found = answers(generator(endpoint.url, tmp_path), [Request("r", ())])
    assert (found[0].reason, endpoint.calls) == ("no_facts", [])


def test_estimate_and_budget(tmp_path):
    price = (1000.0, 1000.0)  # a dollar a thousand tokens
    with serving() as endpoint:
        estimate = generator(endpoint.url, tmp_path, price=price).estimate([*requests(10), *requests(10)])
        assert (estimate.requests, estimate.cached, estimate.calls, endpoint.calls) == (20, 10, 10, [])
        assert 0 < estimate.cost < estimate.ceiling
        found = generator(endpoint.url, tmp_path, price=price, max_cost=2.0, workers=1)
        outcomes = answers(found, requests(10))
        # 0.35 a call; the next one is not made once it could cost more than what is left
        assert {one.reason for one in outcomes if isinstance(one, Failed)} == {"budget"}
        assert len(endpoint.calls) == sum(isinstance(one, Written) for one in outcomes) > 0
        assert found.budget.spent == pytest.approx(0.35 * len(endpoint.calls)) and found.budget.spent <= 2.0
        assert generator(endpoint.url, tmp_path, price=price).estimate(requests(10)).cached == len(endpoint.calls)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ftp://host/v1"},
        {"base_url": "https://user:password@host/v1"},
        {"temperature": 3.0},
        {"max_tokens": 0},
        {"workers": 0},
        {"per_minute": 0.0},
        {"price": (-1.0, 0.0)},
    ],
    ids=str,
)
def test_bad_settings(wrong):
    with pytest.raises(ConfigurationError):
        EndpointConfig("gpt-4o", **wrong)


def test_keys(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        EndpointGenerator(EndpointConfig("gpt-4o"), TextCache(tmp_path))
    with pytest.raises(ConfigurationError, match="unencrypted"):
        generator("http://example.org/v1", tmp_path)
    monkeypatch.delenv("AUSCULT_TEST_KEY")
    with serving() as endpoint:
        answers(generator(endpoint.url, tmp_path), requests(1))
    assert endpoint.keys == [None]


def test_a_budget_needs_a_price(tmp_path):
    with pytest.raises(ConfigurationError, match="price"):
        generator("http://127.0.0.1:1/v1", tmp_path, max_cost=1.0)


def test_a_damaged_cache_file_is_named(tmp_path):
    with serving() as endpoint:
        answers(generator(endpoint.url, tmp_path), requests(1))
        (file,) = tmp_path.rglob("*.json")
        assert KEY not in file.read_text() and json.loads(file.read_text())["tokens"] == [300, 50]
        file.write_text(file.read_text()[:20])
        with pytest.raises(DataError, match=file.name):
            answers(generator(endpoint.url, tmp_path), requests(1))


def test_a_timeout_is_not_waited_for_forever(tmp_path):
    started = time.monotonic()
    with serving(lambda *_: Answer({}, after=3.0)) as endpoint:
        answers(generator(endpoint.url, tmp_path, attempts=1, timeout=0.3), requests(1))
        assert time.monotonic() - started < 2.0
        assert len(endpoint.calls) == 1
