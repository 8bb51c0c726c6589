"""Who writes reports: templates, a local chat model, or an OpenAI-compatible endpoint, behind one interface."""

from __future__ import annotations

from .base import Failed, Generator, Outcome, Request, Written
from .cache import TextCache
from .chat import ChatConfig, ChatGenerator
from .prompting import prompts_of, system_prompt, user_prompt
from .template import TemplateGenerator

GENERATORS: tuple[str, ...] = ("template", "transformers", "openai")

__all__ = [
    "GENERATORS",
    "ChatConfig",
    "ChatGenerator",
    "Failed",
    "Generator",
    "Outcome",
    "Request",
    "TemplateGenerator",
    "TextCache",
    "Written",
    "prompts_of",
    "system_prompt",
    "user_prompt",
]
