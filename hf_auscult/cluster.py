"""Work on the machines of a Ray cluster (extra `ray`): a machine that dies loses nothing, and nothing is done twice."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np

from .errors import AuscultError, ConfigurationError, library

Engine = Literal["local", "ray"]
ENGINES = ("local", "ray")


def check_engine(engine: str) -> None:
    """Refuse an engine that there is not.

    Raises:
        ConfigurationError: neither `local` nor `ray`.
    """
    if engine not in ENGINES:
        raise ConfigurationError(f"engine {engine!r}", remedy=f"use one of {', '.join(ENGINES)}")


def spread(make: Callable[[], Callable[[Any], Any]], chunks: Sequence[Any], *, on_gpus: bool = False) -> Iterator[Any]:
    """Let the workers of a cluster do chunks of work, by Ray Data.

    A chunk whose worker, or whole machine, dies is done again by another. Whatever a worker needs is read from where
    this process reads it: all machines share a filesystem, as on Slurm, or with a volume on Kubernetes.

    Args:
        make: called once in every worker; what it returns is called with one chunk after another.
        chunks: what is to be done; they and the results can be pickled.
        on_gpus: a GPU for every worker, where the cluster has any; a core otherwise.

    Yields:
        The result of each chunk, in their order, each once.

    Raises:
        MissingLibraryError: Ray is not installed.
        ConfigurationError: no cluster runs, or a machine does not see this folder.
        AuscultError: what the work itself raises.
    """
    if not chunks:
        return
    ray = library("ray", "--engine ray")
    library("ray.data", "--engine ray")
    if not ray.is_initialized():
        try:
            ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), log_to_driver=False, logging_level="ERROR")
        except ConnectionError as error:
            raise ConfigurationError(
                "no Ray cluster runs here",
                remedy="ray start --head, ray start --address=HEAD elsewhere, or RAY_ADDRESS",
            ) from error
    gpus = int(ray.cluster_resources().get("GPU", 0)) if on_gpus else 0
    ray.data.DataContext.get_current().enable_progress_bars = False
    queue = ray.data.from_items(
        [{"index": index, "chunk": _Parcel(chunk)} for index, chunk in enumerate(chunks)],
        override_num_blocks=len(chunks),
    )
    # Tasks, which any process of the cluster takes up, not actors: nothing waits for a machine that is gone.
    done = queue.map_batches(
        _do,
        fn_args=(uuid4().hex, make, str(Path.cwd())),
        batch_size=1,
        **({"num_gpus": 1} if gpus else {"num_cpus": 1}),
    )
    waiting: dict[int, Any] = {}
    following = 0
    for row in done.iter_rows():
        result = row["result"].content
        if isinstance(result, AuscultError):
            raise result
        waiting[row["index"]] = result
        while following in waiting:
            yield waiting.pop(following)
            following += 1


@dataclass(frozen=True)
class _Parcel:
    """What Ray shall carry as it is, and not take for a column of numbers."""

    content: Any


_WORKERS: dict[str, Callable[[Any], Any] | AuscultError] = {}
"""What a process of a cluster has made for the job it is part of."""


def _do(batch: dict[str, Any], job: str, make: Callable[[], Callable[[Any], Any]], folder: str) -> dict[str, Any]:
    """Do a chunk on whatever machine this is; errors of the work travel as results, so that Ray does not retry them."""
    if job not in _WORKERS:
        _WORKERS.clear()
        _WORKERS[job] = _made(make, folder)
    result: Any = _WORKERS[job]
    if not isinstance(result, AuscultError):
        try:
            result = result(batch["chunk"][0].content)
        except AuscultError as error:
            result = error
    results = np.empty(1, dtype=object)
    results[0] = _Parcel(result)
    return {"index": batch["index"], "result": results}


def _made(make: Callable[[], Callable[[Any], Any]], folder: str) -> Callable[[Any], Any] | AuscultError:
    try:
        if not Path(folder).is_dir():
            remedy = "start Ray on machines that share the filesystem of the recordings and the model"
            raise ConfigurationError(f"is not on {socket.gethostname()}", where=folder, remedy=remedy)
        os.chdir(folder)
        return make()
    except AuscultError as error:
        return error


__all__ = ["ENGINES", "Engine", "check_engine", "spread"]
