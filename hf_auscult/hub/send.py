"""Send a list of files to a repository in one commit, or in none where it holds them already."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, RepoFile, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from ..errors import PublishError
from ..files import Serialisable
from .private import check_private

# What httpx, or httpx2 under newer clients, raises.
_NETWORK: type[BaseException] = HfHubHTTPError.__bases__[0]
# The Hub's own file, which a push neither brings nor takes away.
KEPT = frozenset({".gitattributes"})

_REMEDIES = {
    401: ("the token is missing, wrong or expired", "run hf auth login, or set HF_TOKEN"),
    403: ("the token may not do this", "use a token with write access to this namespace"),
    404: ("there is no such repository, or the token may not see it", "check the name and the token"),
    409: ("something else is being done to the repository", "run the command again"),
    412: ("somebody else has committed meanwhile", "run the command again"),
    429: ("the Hub was asked too often", "wait some minutes and run the command again"),
}


@dataclass(frozen=True)
class Plan:
    """What a repository will hold.

    Args:
        repo: `namespace/name`.
        kind: of the repository.
        files: path in the repository -> its text or bytes, or the file on disk.
        left_out: files of the folder that are not sent.
        title: of the commit.
    """

    repo: str
    kind: Literal["model", "dataset", "space"]
    files: Mapping[str, str | bytes | Path]
    left_out: tuple[str, ...] = ()
    title: str = "Publish with hf_auscult"

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        value = self.files[path]
        return value.stat().st_size if isinstance(value, Path) else len(_encoded(value))

    def digest(self, path: str, algorithm: str, start: bytes = b"") -> str:
        """Return a file's hash."""
        value = self.files[path]
        with value.open("rb") if isinstance(value, Path) else io.BytesIO(_encoded(value)) as stream:
            found = hashlib.new(algorithm, start)
            while block := stream.read(1 << 20):
                found.update(block)
        return found.hexdigest()


def _encoded(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True)
class Publication(Serialisable):
    """What was sent, or with `dry_run` would be.

    Args:
        repo, kind: of the repository.
        url: of the repository.
        files: path -> bytes, of all it holds afterwards.
        left_out: files of the folder that are not sent.
        added, removed: paths that differ from what is there; with `dry_run` all are new.
        commit: id; `None` where nothing differs, or with `dry_run`.
    """

    repo: str
    kind: str
    url: str
    files: dict[str, int]
    left_out: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    commit: str | None = None


@dataclass(frozen=True)
class Access:
    """How a repository is reached and who may see it.

    Args:
        token: of the Hub; the stored one otherwise.
        private, gated: of a repository; `None` leaves it as it is (a new one is public and open).
        revision: branch to commit to, made where it does not exist.
    """

    token: str | None = None
    private: bool | None = None
    gated: bool | None = None
    revision: str | None = None
    api: HfApi = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", HfApi(token=self.token))


def send(plan: Plan, access: Access | None = None, *, dry_run: bool = False) -> Publication:
    """Make a repository hold exactly the files of a plan.

    Everything is compared with what is there first; what differs goes in one commit, so that a push that was
    interrupted leaves the repository as it was, and the same push again completes it.

    Args:
        plan: what to send.
        access: token, visibility, branch.
        dry_run: send nothing; only say what the repository would hold.

    Raises:
        PublishError: a file tells what is private, there is no token, or the Hub refuses or does not answer.
    """
    access = access or Access()
    for path, value in plan.files.items():
        check_private(path, value, where=plan.repo)
    sizes = {path: plan.size(path) for path in sorted(plan.files)}
    api = access.api
    prefix = "" if plan.kind == "model" else f"{plan.kind}s/"
    result: dict[str, Any] = {
        "repo": plan.repo,
        "kind": plan.kind,
        "url": f"{api.endpoint}/{prefix}{plan.repo}",
        "files": sizes,
        "left_out": plan.left_out,
    }
    if dry_run:
        return Publication(**result, added=tuple(sizes))
    if (access.token or get_token()) is None:
        raise PublishError("no token of the Hub", where=plan.repo, remedy="run hf auth login, or set HF_TOKEN")
    with hub_errors(plan.repo):
        _prepare(plan, access)
        here: dict[str, Any] = {"repo_id": plan.repo, "repo_type": plan.kind, "revision": access.revision}
        parent = api.repo_info(**here).sha
        there = {
            entry.path: entry for entry in api.list_repo_tree(**here, recursive=True) if isinstance(entry, RepoFile)
        }
        added = tuple(path for path in sizes if path not in there or not _same(there[path], plan, path))
        removed = tuple(sorted(set(there) - set(sizes) - KEPT))
        if not added and not removed:
            return Publication(**result)
        contents = {path: plan.files[path] for path in added}
        operations = [
            CommitOperationAdd(path, value if isinstance(value, Path) else _encoded(value))
            for path, value in contents.items()
        ]
        gone = [CommitOperationDelete(path) for path in removed]
        commit = api.create_commit(
            operations=[*operations, *gone], commit_message=plan.title, parent_commit=parent, **here
        )
    return Publication(**result, added=added, removed=removed, commit=commit.oid)


def _prepare(plan: Plan, access: Access) -> None:
    """Make the repository and the branch where they do not exist, and set who may see it."""
    api, names = access.api, {"repo_id": plan.repo, "repo_type": plan.kind}
    sdk = "gradio" if plan.kind == "space" else None
    api.create_repo(plan.repo, repo_type=plan.kind, private=access.private, space_sdk=sdk, exist_ok=True)
    if access.revision:
        api.create_branch(**names, branch=access.revision, exist_ok=True)
    settings: dict[str, Any] = {} if access.private is None else {"private": access.private}
    if access.gated is not None:
        settings["gated"] = "manual" if access.gated else False
    if settings:
        api.update_repo_settings(plan.repo, repo_type=plan.kind, **settings)


def _same(entry: RepoFile, plan: Plan, path: str) -> bool:
    """Return whether a file of the Hub has these bytes: by SHA-256 where it is large, else by git's own hash."""
    size = plan.size(path)
    if entry.size != size:
        return False
    if entry.lfs is not None:
        return bool(entry.lfs.sha256 == plan.digest(path, "sha256"))
    return bool(entry.blob_id == plan.digest(path, "sha1", b"blob %d\0" % size))


@contextmanager
def hub_errors(where: str) -> Iterator[None]:
    """Turn what the Hub's client raises into one line that says what to do."""
    try:
        yield
    except HFValidationError as error:
        raise PublishError(f"is no name of a repository ({error})", where=where, remedy="namespace/name") from error
    except (_NETWORK, OSError, RuntimeError) as error:
        cause: BaseException = error
        while isinstance(cause, RuntimeError) and cause.__cause__ is not None:  # "Error while uploading …"
            cause = cause.__cause__
        if isinstance(cause, HfHubHTTPError):
            status = cause.response.status_code
            problem, remedy = _REMEDIES.get(status, ("the Hub failed", "run the command again later"))
            said = f"{status}: {cause.server_message}" if cause.server_message else str(status)
            raise PublishError(f"{problem} ({said})", where=where, remedy=remedy) from error
        if not isinstance(cause, (_NETWORK, OSError)):
            raise
        raise PublishError(
            f"the Hub does not answer ({' '.join(str(cause).split()) or type(cause).__name__})",
            where=where,
            remedy="check the network and run the command again; it goes on where it was",
        ) from error


__all__ = ["Access", "Plan", "Publication", "hub_errors", "send"]
