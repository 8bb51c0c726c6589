"""Recordings to windows and back: a batch has one row a recording, an encoder reads windows of one length.

A row is a recording's windows laid end to end along time, `(recordings, frames, ...)`, padded with zeros. Beside it
stand `window_frames` (recordings, windows), how many frames each window has, and `window_seconds` (recordings,
windows), how much of the recording it stands for; 0 is padding in both. Every key has one row a recording, so
transformers' collators, Accelerate's splitting and `DataLoader`'s shuffling leave them together.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from transformers.utils.generic import ModelOutput

from ...errors import FeatureError


def weighted_mean(values: torch.Tensor, seconds: torch.Tensor, owners: torch.Tensor, recordings: int) -> torch.Tensor:
    """Average windows (windows, D) to (recordings, D), weighted by the seconds each stands for.

    Args:
        values: of the windows.
        seconds: (windows,) weights.
        owners: (windows,) the recording of each.
        recordings: how many.
    """
    # In double precision, where the device has it: the mean of one window is that window, to the bit.
    dtype = torch.float32 if values.device.type == "mps" else torch.float64
    weights = seconds.to(values.device, dtype)
    if recordings == 1:
        return ((values.to(dtype) * weights[:, None]).sum(dim=0, keepdim=True) / weights.sum()).to(values.dtype)
    owners = owners.to(values.device)
    total = weights.new_zeros(recordings).index_add(0, owners, weights)
    summed = weights.new_zeros(recordings, values.shape[1]).index_add(0, owners, values.to(dtype) * weights[:, None])
    return (summed / total[:, None]).to(values.dtype)


class WindowGroups:
    """The windows of a batch of recordings, in groups of one length.

    Args:
        features: one tensor a group, (windows of the group, frames, ...).
        owners: (windows,) the recording of each window, group after group; `None` where every recording is one window
            and the windows stand in the recordings' order.
        places: (windows,) which of its recording's windows each is.
        seconds: (windows,) their weights.
        recordings: how many rows the batch has.
    """

    def __init__(
        self,
        features: Sequence[torch.Tensor],
        owners: torch.Tensor | None = None,
        places: torch.Tensor | None = None,
        seconds: torch.Tensor | None = None,
        recordings: int = 0,
    ):
        self.features, self.owners, self.places, self.seconds = list(features), owners, places, seconds
        self.recordings = recordings

    def windows(self) -> torch.Tensor:
        """Return all windows (windows, frames, ...), recording after recording.

        Raises:
            FeatureError: windows of several lengths, which cannot stand in one tensor.
        """
        if len(self.features) > 1:
            raise FeatureError(
                f"windows of {sorted(group.shape[1] for group in self.features)} frames in one batch",
                where="input_features",
                remedy="use a window policy whose windows have one length",
            )
        return self.features[0]

    def apply(self, encode: Callable[[torch.Tensor], ModelOutput]) -> ModelOutput:
        """Run `encode` on every group; return its output with one row a recording.

        `encode` maps windows (windows, frames, ...) to an output with one row a window. Fields of two dimensions are
        averaged over a recording's windows, weighted by their seconds; those of more, and every one of
        `hidden_states`, follow each other along dimension 1, each window taking as much room as the largest, filled
        with zeros. `attentions` stay one row a window, recording after recording.
        """
        outputs = [encode(group) for group in self.features]
        if self.owners is None:
            return outputs[0]
        fields: dict[str, Any] = {}
        for name in outputs[0]:
            values = [output[name] for output in outputs]
            if name == "attentions":
                self.windows()  # attentions of different lengths have no common shape
                fields[name] = values[0]
            elif isinstance(values[0], tuple):
                fields[name] = tuple(
                    self._lay([value[layer] for value in values])[0] for layer in range(len(values[0]))
                )
            elif values[0].ndim == 2:
                assert self.seconds is not None
                fields[name] = weighted_mean(torch.cat(values), self.seconds, self.owners, self.recordings)
            else:
                fields[name], mask = self._lay(values)
                if name == "last_hidden_state":
                    fields["token_mask"] = mask
        return type(outputs[0])(**fields)

    def _lay(self, values: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Lay tokens (windows, tokens, ...) end to end: (recordings, windows * tokens, ...), and their mask."""
        assert self.owners is not None
        assert self.places is not None
        longest = max(value.shape[1] for value in values)
        ends = [0, 0] * (values[0].ndim - 2)
        tokens = torch.cat([F.pad(value, (*ends, 0, longest - value.shape[1])) for value in values])
        real = torch.cat([torch.arange(longest) < value.shape[1] for value in values for _ in range(len(value))])
        windows = int(self.places.max()) + 1
        owners, places = self.owners.to(tokens.device), self.places.to(tokens.device)
        rows = tokens.new_zeros(self.recordings, windows, *tokens.shape[1:]).index_put((owners, places), tokens)
        mask = torch.zeros(self.recordings, windows, longest, dtype=torch.bool)
        mask[self.owners, self.places] = real.unflatten(0, (-1, longest))
        return rows.flatten(1, 2), mask.flatten(1).to(tokens.device)


def cut_rows(
    features: torch.Tensor,
    window_seconds: torch.Tensor | None = None,
    window_frames: torch.Tensor | None = None,
    *,
    ndim: int = 3,
    longest: int | None = None,
) -> WindowGroups:
    """Cut rows into the windows they are made of.

    Args:
        features: (recordings, frames, ...), of `ndim` dimensions; a singleton axis behind the first, which
            `Dataset.map` one by one leaves, is dropped from this and from the following.
        window_seconds, window_frames: (recordings, windows), see above. Seconds alone: every window is an equal part
            of the row. Neither: a row is one window, or, longer than `longest`, is cut into windows of that length,
            the last one shorter, each weighted by its frames.
        ndim: of `features`.
        longest: frames of the model's own window; `None` where any length will do.

    Raises:
        FeatureError: shapes that contradict each other, a recording without a window, or windows beyond their row.

    Example:
        >>> groups = cut_rows(torch.zeros(2, 6, 64), window_frames=torch.tensor([[3, 3], [2, 0]]))
        >>> [tuple(group.shape) for group in groups.features], groups.owners.tolist()
        ([(2, 3, 64), (1, 2, 64)], [0, 0, 1])
    """
    features = _without_singleton(features, ndim)
    window_seconds, window_frames = (
        None if value is None else _without_singleton(value, 2) for value in (window_seconds, window_frames)
    )
    if features.ndim != ndim:  # the encoder says what it expects
        return WindowGroups([features], recordings=features.shape[0])
    if window_frames is None and (window_seconds is None or window_seconds.shape[1:] == (1,)):
        if longest is None or features.shape[1] <= longest:
            return WindowGroups([features], recordings=features.shape[0])
        window_seconds = None
    return _cut(features, window_seconds, window_frames, longest)


def _without_singleton(value: torch.Tensor, ndim: int) -> torch.Tensor:
    return value.squeeze(1) if value.ndim == ndim + 1 and value.shape[1] == 1 else value


# The lengths are values: they decide shapes.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def _cut(
    features: torch.Tensor,
    window_seconds: torch.Tensor | None,
    window_frames: torch.Tensor | None,
    longest: int | None,
) -> WindowGroups:
    recordings, total = features.shape[:2]
    for name, value in (("window_seconds", window_seconds), ("window_frames", window_frames)):
        if value is not None and value.ndim != 2:
            _refuse(f"{name} has shape {tuple(value.shape)}; it is (recordings, windows)")
    if window_frames is not None:
        frames = window_frames.tolist()
    elif window_seconds is not None:
        windows = window_seconds.shape[1]
        if not windows or total % windows:
            _refuse(f"{total} frames are not {windows} windows of one length")
        frames = [[total // windows if second else 0 for second in row] for row in window_seconds.tolist()]
    else:
        assert longest is not None
        frames = [[min(longest, total - start) for start in range(0, total, longest)]] * recordings
    seconds = frames if window_seconds is None else window_seconds.tolist()
    if len(frames) != recordings or [len(row) for row in frames] != [len(row) for row in seconds]:
        _refuse(f"{len(frames)} rows of window_frames, {len(seconds)} of window_seconds, {recordings} recordings")
    members: dict[int, list[tuple[int, int, int]]] = {}
    for recording, row in enumerate(frames):
        start = 0
        for place, length in enumerate(row):
            if length:
                members.setdefault(length, []).append((recording, place, start))
            start += length
        if not 0 < start <= total or min(row) < 0:
            _refuse(f"recording {recording} has windows of {row} frames in a row of {total}")
        if not 0 < sum(second for second, length in zip(seconds[recording], row, strict=True) if length) < float("inf"):
            _refuse(f"the windows of recording {recording} stand for {seconds[recording]} seconds")
    if members.keys() == {total}:  # every recording is one window, and fills its row
        return WindowGroups([features], recordings=recordings)
    groups = [
        torch.stack([features[recording, start : start + length] for recording, _, start in windows])
        for length, windows in members.items()
    ]
    order = [window[:2] for windows in members.values() for window in windows]
    owners, places = torch.tensor(order).unbind(1)
    weights = torch.tensor([seconds[recording][place] for recording, place in order], dtype=torch.float64)
    return WindowGroups(groups, owners, places, weights, recordings)


def _refuse(problem: str) -> None:
    raise FeatureError(
        problem, where="input_features", remedy="pass window_frames and window_seconds as the feature extractor gives"
    )


__all__ = ["WindowGroups", "cut_rows", "weighted_mean"]
