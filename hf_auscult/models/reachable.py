"""Around `from_pretrained`: can a model be loaded at all, asked once instead of many times; and without a bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from transformers.utils import logging

# Of a model, and of LoRA weights. One of them is in the cache where the model is.
_CONFIGS = ("config.json", "adapter_config.json")
_PATIENCE = 10.0  # seconds
_REMEDY = "To fix: convert it (hf-auscult convert), or name a folder or Hub id"


def check_reachable(name: str, revision: str | None = None) -> None:
    """Raise in one line what `from_pretrained` says after trying for half a minute a file.

    Args:
        name: folder, or Hub id; what is in the local cache needs no Hub.
        revision: branch, tag or commit.

    Raises:
        OSError: no such folder or id, no such revision, or no way to the Hub.

    Example:
        `check_reachable("auscult/acula-opera")` once `make demo` has written that folder
    """
    if Path(name).exists():
        return
    try:
        if any(isinstance(try_to_load_from_cache(name, file, revision=revision), str) for file in _CONFIGS):
            return
        HfApi().model_info(name, revision=revision, timeout=_PATIENCE)
    except HFValidationError:
        raise OSError(f"no folder {name}, and no Hub id has this form. {_REMEDY}") from None
    except RevisionNotFoundError:
        raise OSError(f"the Hub's {name} has no revision {revision}") from None
    except RepositoryNotFoundError:
        raise OSError(f"no folder {name}, and no model of this name on the Hub that you may read. {_REMEDY}") from None
    except Exception as error:  # of the network, by whatever library carries it
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise OSError(
            f"no folder {name}, not in the local cache, and the Hub does not answer ({reason}). {_REMEDY}"
        ) from error


@contextmanager
def without_loading_bar() -> Iterator[None]:
    """Load weights without transformers' bar, which is over before it is read; bars of downloads stay.

    Example:
        >>> from transformers import AutoModel
        >>> with without_loading_bar():
        ...     model = AutoModel.from_pretrained("model_cards/opera-small")
    """
    shown, downloads = logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
    logging.disable_progress_bar()  # switches the bars of downloads off too
    if downloads:
        enable_progress_bars()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
        if not downloads:
            disable_progress_bars()


__all__ = ["check_reachable", "without_loading_bar"]
