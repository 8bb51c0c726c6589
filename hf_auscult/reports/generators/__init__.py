"""Who writes reports: templates, a local chat model, or an OpenAI-compatible endpoint, behind one interface."""

from __future__ import annotations

from .base import Failed, Generator, Outcome, Reason, Request, Written
from .budget import Estimate
from .cache import TextCache
from .chat import ChatConfig, ChatGenerator
from .prompting import SystemPrompt, fact_line, prompts_of, system_prompt, user_prompt
from .template import TemplateGenerator

GENERATORS: tuple[str, ...] = ("template", "transformers", "openai")

__all__ = [
    "GENERATORS",
    "ChatConfig",
    "ChatGenerator",
    "Estimate",
    "Failed",
    "Generator",
    "Outcome",
    "Reason",
    "Request",
    "SystemPrompt",
    "TemplateGenerator",
    "TextCache",
    "Written",
    "fact_line",
    "prompts_of",
    "system_prompt",
    "user_prompt",
]
