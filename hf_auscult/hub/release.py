"""`publish`: one repository of any kind, or the whole family from one manifest (release.yaml)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..data.catalogue import DATASETS
from ..errors import ConfigurationError
from ..evaluation.suites import suite_of
from ..files import Serialisable
from ..metrics.modules import metric_names
from .benchmark import plan_benchmark
from .plans import closed, plan_dataset, plan_lora, plan_metric, plan_model, plan_recipe, plan_space, release
from .send import Access, Plan, Publication, hub_errors, send

KINDS = ("model", "lora", "dataset", "metric", "space", "all")


@dataclass(frozen=True)
class PublishSettings:
    """What `publish` is told.

    Args:
        licence: of a model whose licence no register knows: the Hub's tag.
        base: Hub id of the base model of LoRA weights.
        results: folder that `bench` wrote, for the repository of a suite.
        data_root: prepared datasets, for the repository of a suite.
    """

    licence: str | None = None
    base: str | None = None
    results: str | None = None
    data_root: str | None = None


@dataclass(frozen=True)
class Release(Serialisable):
    """What `publish all` did.

    Args:
        published: repositories, in their order.
        missing: repository -> folder that is not there.
        collection: its address; empty with `dry_run`.
    """

    published: tuple[Publication, ...]
    missing: dict[str, str] = field(default_factory=dict)
    collection: str = ""


def plan(kind: str, source: str, repo: str, settings: PublishSettings | None = None) -> Plan:
    """Say what a repository will hold.

    Args:
        kind: one of `KINDS` but `all`.
        source: a folder; the name of a metric; of a dataset, whose recipe is then published; or of a suite.
        repo: `namespace/name`.
        settings: of some kinds.

    Raises:
        ConfigurationError: an unknown kind, or a folder of another kind.
        PublishError: it must not be published.
    """
    settings = settings or PublishSettings()
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise ConfigurationError(f"{repo!r} is no name of a repository", remedy="give --repo NAMESPACE/NAME")
    is_recipe = source in DATASETS and not Path(source).is_dir()
    made: dict[str, Callable[[], Plan]] = {
        "model": lambda: plan_model(source, repo, licence=settings.licence),
        "lora": lambda: plan_lora(source, repo, base=settings.base, licence=settings.licence),
        "dataset": lambda: plan_recipe(source, repo) if is_recipe else plan_dataset(source, repo),
        "metric": lambda: plan_metric(source, repo),
        "space": lambda: plan_space(source, repo),
    }
    if kind == "dataset" and settings.data_root:
        return plan_benchmark(source, repo, settings.data_root, results=settings.results)
    if kind not in made:
        raise ConfigurationError(f"unknown kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}")
    return made[kind]()


def publish_all(namespace: str, root: str | Path, access: Access | None = None, *, dry_run: bool = False) -> Release:
    """Release all of release.yaml that is there: models, adapters, datasets or recipes, benchmarks, metrics, Spaces.

    A repository that holds everything already gets no commit: run again after an interruption, it goes on.

    Args:
        namespace: of the repositories.
        root: folder of the manifest's folders.
        access: token and visibility.
        dry_run: send nothing.

    Raises:
        PublishError, ConfigurationError: as with a single repository; what was sent before stays.
    """
    access, missing, plans = access or Access(), {}, []
    # Everything is planned, and so checked, before anything is sent.
    for repo, source, make in _entries(namespace, Path(root)):
        if source is None or source.is_dir():
            plans.append(make())
        else:
            missing[repo] = str(source)
    published = tuple(send(one, access, dry_run=dry_run) for one in plans)
    collection = "" if dry_run else _collect(namespace, published, access)
    return Release(published, missing, collection)


def _entries(namespace: str, root: Path) -> Iterator[tuple[str, Path | None, Callable[[], Plan]]]:
    """Yield repository, folder it is made of (None for what the package itself holds) and what plans it."""
    manifest = release()
    data_root = root / "datasets"

    def bound(function: Callable[..., Plan], *arguments: object, **settings: object) -> Callable[[], Plan]:
        return lambda: function(*arguments, **settings)

    for name, folder in manifest["models"].items():
        repo = f"{namespace}/{name}"
        yield repo, root / folder, bound(plan_model, root / folder, repo)
    for name, entry in manifest["loras"].items():
        repo, folder = f"{namespace}/{name}", root / entry["folder"]
        yield repo, folder, bound(plan_lora, folder, repo, base=f"{namespace}/{entry['base']}")
    for name, entry in manifest["datasets"].items():
        repo, folder = f"{namespace}/{name}", data_root / name
        if entry["how"] == "recipe":
            yield repo, None, bound(plan_recipe, name, repo)
        else:
            yield repo, folder, bound(plan_dataset, folder, repo)
    for name, suite in manifest["benchmarks"].items():
        repo, results = f"{namespace}/{name}", root / "results" / suite
        more = {"results": results} if results.is_dir() else {}
        sources = [data_root / task.dataset for task in suite_of(suite) if not closed(task.dataset)]
        folder = next((source for source in sources if source.is_dir()), sources[0])  # one of them will do
        yield repo, folder, bound(plan_benchmark, suite, repo, data_root, **more)
    for name in metric_names():
        repo = f"{namespace}/{name}"
        yield repo, None, bound(plan_metric, name, repo)
    for name, folder in manifest["spaces"].items():
        repo = f"{namespace}/{name}"
        yield repo, root / folder, bound(plan_space, root / folder, repo)


def _collect(namespace: str, published: tuple[Publication, ...], access: Access) -> str:
    """Put the repositories into one collection; what is in it stays."""
    title = release()["collection"]
    with hub_errors(f"collection {title!r}"):
        collection = access.api.create_collection(title, namespace=namespace, exists_ok=True)
        known = {(item.item_id, item.item_type) for item in access.api.get_collection(collection.slug).items}
        for one in published:
            if (one.repo, one.kind) not in known:
                access.api.add_collection_item(collection.slug, one.repo, one.kind, exists_ok=True)  # type: ignore[arg-type]
    return str(collection.url)


__all__ = ["KINDS", "PublishSettings", "Release", "plan", "publish_all"]
