"""Every error hf_auscult raises on bad input: what is wrong, where, and what to do about it."""

from __future__ import annotations

import os
import re
from importlib import import_module
from os import PathLike
from typing import Any

LFS_POINTER = "version https://git-lfs.github.com/spec/"
"""So begins the stand-in that Git leaves where a large file was not fetched."""


def printable(path: str | PathLike[str]) -> str:
    r"""Escape what is no Unicode in a file name (Latin-1 out of an old archive), so that it can be written and printed.

    Example:
        >>> printable("g\udce4st.wav")
        'g\\xe4st.wav'
    """
    return re.sub("[\ud800-\udfff]", lambda match: _escape(ord(match[0])), os.fspath(path))


def _escape(code: int) -> str:
    # Python keeps an undecodable byte 0x80..0xff as the lone surrogate 0xdc80..0xdcff.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def limit(variable: str, default: int) -> int:
    """Return a bound on what is read into memory; the environment variable raises or lowers it.

    Raises:
        ConfigurationError: the variable holds no whole number.
    """
    text = os.environ.get(variable, "")
    if text and not (text.isdecimal() and len(text) < 19):
        raise ConfigurationError(f"{variable} is {text[:40]!r}", remedy="give a whole number, or unset it")
    return int(text or default)


class AuscultError(Exception):
    """Base of all errors of this package.

    Args:
        problem: what is wrong, in one clause.
        where: the file, field or subject concerned.
        remedy: what the reader can do.

    Example:
        >>> str(AuscultError("no audio samples", where="a.wav", remedy="record it again"))
        'a.wav: no audio samples. To fix: record it again.'
    """

    def __init__(self, problem: str, *, where: str | PathLike[str] | None = None, remedy: str | None = None) -> None:
        self.problem, self.where, self.remedy = problem, None if where is None else printable(where), remedy
        text = printable(f"{self.where}: {problem}" if self.where else problem)
        super().__init__(f"{text.rstrip('.')}. To fix: {remedy.rstrip('.')}." if remedy else text)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.where, self.remedy)


def _rebuild(cls: type[AuscultError], problem: str, where: str | None, remedy: str | None) -> AuscultError:
    return cls(problem, where=where, remedy=remedy)


class AudioError(AuscultError, ValueError):
    """A recording cannot be read or used."""


class MissingAudioError(AudioError, FileNotFoundError):
    """The audio file does not exist."""


class UndecodableAudioError(AudioError):
    """The bytes are not audio, are cut short, or need a codec that is not installed."""


class EmptyAudioError(AudioError):
    """The recording holds no samples."""


class ShortAudioError(AudioError):
    """The recording is shorter than the published rule, or the encoder, can use."""


class NonFiniteAudioError(AudioError):
    """The recording, or what was computed from it, holds NaN, infinite or absurdly large numbers."""


class SamplingRateError(AudioError):
    """The sampling rate is missing, absurd, or not the one that is asked for."""


class ChannelError(AudioError):
    """The recording has more than two channels, or a shape that is not audio."""


class DataError(AuscultError, ValueError):
    """A dataset's table, layout or annotation is not what its authors distribute."""


class LeakageError(AuscultError, ValueError):
    """People (or identical recordings) stand on both sides of a split, or a reserved subject is used."""


class ConversionError(AuscultError, ValueError):
    """A checkpoint does not fit the family it is converted to."""


class FeatureError(AuscultError, ValueError):
    """Features do not fit the model, or do not say which window belongs to which recording."""


class ConfigurationError(AuscultError, ValueError):
    """A setting is unknown, out of range or contradicts another."""


class TrainingError(AuscultError, RuntimeError):
    """A run cannot go on, or ended without having done what it was asked for."""


class GenerationError(AuscultError, RuntimeError):
    """A language model or its endpoint will write no report at all: wrong key, unknown model, no chat template."""


class MissingLibraryError(AuscultError, ImportError):
    """A library that only some jobs need is not installed, or does not load beside this torch."""


def library(module: str, purpose: str) -> Any:
    """Import a library where it is used, so that code saved with a model asks for it only then.

    Args:
        module: its import name.
        purpose: what it is needed for.

    Raises:
        MissingLibraryError: it is not installed, or does not load.

    Example:
        >>> library("json", "reading JSON").loads("1")
        1
    """
    name = module.partition(".")[0]
    try:
        return import_module(module)
    except (ImportError, OSError) as error:  # OSError: torchaudio beside a torch of another line
        raise MissingLibraryError(
            f"{purpose} needs {name}, which cannot be imported ({error})", remedy=f"pip install {name}"
        ) from error


class PublishError(AuscultError, RuntimeError):
    """The Hub does not take what is sent: no token, no right, no answer; or it must not be sent."""
