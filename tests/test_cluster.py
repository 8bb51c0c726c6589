"""`--engine ray` on two workers: what a killed one had is done again, and the files are the local ones."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# What a worker imports to run this file's work: nothing that takes long.
from hf_auscult.cluster import check_engine, spread
from hf_auscult.errors import ConfigurationError, DataError

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "data" / "circor_sample"
RATE = 4_000


def test_engines_are_two():
    with pytest.raises(ConfigurationError, match="use one of local, ray"):
        check_engine("spark")


def test_fast_is_another_way_on_every_machine(tmp_path):
    from hf_auscult.embedding.recordings import embed_files

    with pytest.raises(ConfigurationError, match="--precision exact"):
        embed_files("nothing", [tmp_path], tmp_path / "out.parquet", precision="fast", engine="ray")


@pytest.fixture(scope="module")
def cluster():
    """A head without cores, and two machines of one core each."""
    ray = pytest.importorskip("ray", reason="needs the extra ray: pip install 'hf-auscult[ray]'")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


def _double(log: Path):
    """Work that says in which process it is done."""

    def work(number: int) -> int:
        (log / f"{number}-{os.getpid()}-{time.time_ns()}").touch()
        time.sleep(0.2)
        if number == -1:
            raise DataError("no such number", where="chunk")
        return 2 * number

    return work


def _processes(log: Path) -> list[int]:
    return [int(path.name.split("-")[1]) for path in sorted(log.iterdir(), key=lambda path: path.name.split("-")[2])]


def _kills(log: Path, after: int, killed: list[int]) -> threading.Thread:
    """Kill the worker that did the last chunk, once so many are begun."""

    def run() -> None:
        while len(processes := _processes(log)) < after:
            time.sleep(0.02)
        os.kill(processes[-1], signal.SIGKILL)
        killed.append(processes[-1])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@dataclass(frozen=True)
class _Slowly:
    """Work that takes half a second longer, so that it can be met at it."""

    make: Callable[[], Callable[[Any], Any]]

    def __call__(self) -> Callable[[Any], Any]:
        work = self.make()

        def slowly(chunk: Any) -> Any:
            time.sleep(0.5)
            return work(chunk)

        return slowly


def _busy_worker() -> int:
    """Process of this machine in which Ray runs a task."""
    import psutil

    until = time.monotonic() + 60
    while time.monotonic() < until:
        for process in psutil.process_iter(["cmdline"]):
            title = " ".join(process.info["cmdline"] or ())
            if title.startswith("ray::") and "Map" in title:
                return process.pid
        time.sleep(0.01)
    raise AssertionError("no worker is at work")


@pytest.mark.slow
class TestCluster:
    def test_what_a_killed_worker_had_is_done_by_another(self, cluster, tmp_path):
        killed: list[int] = []
        thread = _kills(tmp_path, 4, killed)
        results = list(spread(lambda: _double(tmp_path), range(16)))
        thread.join(timeout=10)
        assert killed and results == [2 * number for number in range(16)]
        assert len(_processes(tmp_path)) > 16, "the killed worker's chunk was begun twice"

    def test_errors_of_the_work_are_its_own(self, cluster, tmp_path):
        with pytest.raises(DataError, match="chunk: no such number"):
            list(spread(lambda: _double(tmp_path), [1, -1]))
        assert list(spread(lambda: _double(tmp_path), [])) == []

    def test_embeddings_are_those_of_one_machine(self, cluster, tmp_path, monkeypatch):
        import soundfile

        from hf_auscult.embedding import recordings
        from tests import tiny

        model = tmp_path / "model"
        tiny.model().eval().save_pretrained(model)
        tiny.EXTRACTOR.save_pretrained(model)
        rng = np.random.default_rng(0)
        sounds = tmp_path / "sounds"
        sounds.mkdir()
        for index in range(24):
            wave = (0.1 * rng.standard_normal(RATE + 100 * index)).astype(np.float32)
            soundfile.write(sounds / f"{index:02d}.wav", wave, RATE)
        (sounds / "07b.wav").write_bytes(b"RIFF")
        monkeypatch.setattr(recordings, "PART", 4)
        killed: list[int] = []

        def killing(make, chunks, **settings):
            """Hand over the first part, then kill a worker that is at another."""
            for part in spread(_Slowly(make), chunks, **settings):
                yield part
                if not killed:
                    killed.append(_busy_worker())
                    os.kill(killed[0], signal.SIGKILL)

        monkeypatch.setattr(recordings, "spread", killing)
        files = {}
        for engine in ("local", "ray"):
            output = tmp_path / engine / "out.parquet"
            report = recordings.embed_files(str(model), [sounds], output, progress=False, engine=engine)
            assert (report.recordings, report.embedded, report.quarantined) == (25, 24, 1)
            files[engine] = [path.read_bytes() for path in sorted(output.parent.iterdir()) if path.is_file()]
        assert killed and files["ray"] == files["local"] and len(files["ray"]) >= 2

    def test_prepared_bytes_are_those_of_one_machine(self, cluster, tmp_path):
        from hf_auscult.data import prepare

        trees = []
        for engine in ("local", "ray"):
            output = tmp_path / engine / "circor"
            prepare("circor", SAMPLE, output, progress=False, engine=engine)
            trees.append({path.relative_to(output): path.read_bytes() for path in output.rglob("*") if path.is_file()})
        assert trees[0] == trees[1] and any(path.suffix == ".parquet" for path in trees[0])
