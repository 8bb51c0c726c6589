"""From what a model answered to a text, or to why there is none."""

from __future__ import annotations

import json
import re

from .base import Failed, Outcome, Written

_REFUSAL = re.compile(
    r"(i['’]?m sorry|i am sorry|sorry,|i cannot|i can['’]?t|i am unable|i['’]?m unable|i am not able|i['’]?m not able"
    r"|as an ai\b|unfortunately, i)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^```\w*\s*\n?(.*?)\n?```$", re.DOTALL)


def prose(answer: str) -> Outcome:
    r"""Take the text out of a plain answer: without reasoning, code fence, quotation marks and line ends.

    Example:
        >>> prose("<think>No lines on wheezes.</think> A murmur\nis heard.")
        Written(text='A murmur is heard.')
        >>> prose("I'm sorry, but I can't help with that.").reason
        'refused'
    """
    text = answer
    if "</think>" in text:
        text = text.rpartition("</think>")[2]
    elif text.lstrip().startswith("<think>"):
        return Failed("truncated", "the reasoning does not end")
    text = unfenced(text)
    if len(text) > 1 and text[0] in '"“' and text[-1] in '"”':
        text = text[1:-1]
    text = " ".join(text.split())
    if not any(letter.isalpha() for letter in text):
        return Failed("empty", shortened(answer))
    if _REFUSAL.match(text):
        return Failed("refused", shortened(text))
    return Written(text)


def report_of(answer: str) -> Outcome:
    """Take the text out of an answer of the form ``{"report": ...}``.

    Example:
        >>> report_of('{"report": "A murmur is heard."}'), report_of("A murmur is heard.").reason
        (Written(text='A murmur is heard.'), 'malformed')
    """
    if not answer.strip():
        return Failed("empty")
    content = unfenced(answer.rpartition("</think>")[2])
    try:
        answered = json.loads(content)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and nested too deep
        outcome = prose(answer)
        if isinstance(outcome, Failed) and outcome.reason == "refused":
            return outcome
        return Failed("malformed", f"not JSON ({error}): {shortened(content)}")
    if not isinstance(answered, dict) or not isinstance(answered.get("report"), str):
        return Failed("malformed", f'no text under "report": {shortened(content)}')
    return prose(answered["report"])


def unfenced(text: str) -> str:
    """Text without a Markdown code fence around it."""
    text = text.strip()
    fenced = _FENCE.match(text)
    return fenced[1].strip() if fenced else text


def shortened(text: str, length: int = 200) -> str:
    """One line of at most ``length`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
