"""A Hub on this machine: the HTTP calls that huggingface_hub, datasets, transformers and evaluate make, for real.

Repositories are commits kept in memory. Large files go through Git LFS (``HF_HUB_DISABLE_XET=1``). It can refuse, stall
the client, drop the connection or kill the client at any request, see :class:`Fault`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKENS = {"hf_write": ("auscult", "write"), "hf_read": ("auscult", "read"), "hf_stranger": ("stranger", "write")}
DATE = "2026-11-20T00:00:00.000Z"
PLURAL = {"models": "model", "datasets": "dataset", "spaces": "space"}


@dataclass(frozen=True)
class Blob:
    """The bytes of a file, under its git id; large ones under their SHA-256 too."""

    data: bytes
    lfs: str | None = None

    @property
    def oid(self) -> str:
        text = self.data
        if self.lfs:
            text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.lfs}\nsize {len(text)}\n".encode()
        return hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        more = {"oid": self.lfs, "size": len(self.data), "pointerSize": 134}
        return {"type": "file", "path": path, "oid": self.oid, "size": len(self.data)} | (
            {"lfs": more} if self.lfs else {}
        )


@dataclass
class Repository:
    """Commits, newest last, and which of them each branch and tag names."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    commits: list[tuple[str, dict[str, Blob], str]] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, Blob], branch: str, message: str) -> str:
        tree = sorted((path, blob.oid) for path, blob in files.items())
        sha = hashlib.sha1(json.dumps([self.name, tree, len(self.commits)]).encode()).hexdigest()
        self.commits.append((sha, files, message))
        self.refs[branch] = sha
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, Blob]] | None:
        sha = self.refs.get(revision) or self.tags.get(revision) or revision
        return next(((known, files) for known, files, _ in self.commits if known == sha), None)

    def tree(self, revision: str = "main") -> dict[str, bytes]:
        return {path: blob.data for path, blob in self.at(revision)[1].items()}


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Args:
        at: number of the request, from 0.
        how: a status, ``drop`` (the connection closes without an answer), or ``kill`` (the client dies).
        until: the fault lasts until this request; for ever if not given.
        process: file that holds the id of the process that is killed.
        writes: only requests that change something are counted.
    """

    at: int
    how: int | str
    until: float = float("inf")
    process: Path = Path()
    writes: bool = False


class Hub:
    """The server and all it holds; a context manager."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.collections: dict[str, dict[str, Any]] = {}
        self.log: list[tuple[str, str, int]] = []
        self.fault: Fault | None = None
        self.counted = 0
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, home: Path, token: str | None = "hf_write") -> dict[str, str]:
        """Variables of a process that knows this Hub only, with empty caches below a folder."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))
        }
        own = {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        }
        return kept | own | ({"HF_TOKEN": token} if token else {})

    def clear(self) -> None:
        """Forget everything."""
        self.repositories.clear(), self.objects.clear(), self.collections.clear(), self.log.clear()
        self.arm(None)

    def arm(self, fault: Fault | None) -> None:
        """Let a fault happen, counted from the next request."""
        self.fault, self.counted = fault, 0

    def add(self, name: str, files: dict[str, bytes | Path], kind: str = "model", **settings: bool) -> Repository:
        """Make a repository without a client."""
        repository = self.repositories[kind, name] = Repository(kind, name, **settings)
        data = {path: value if isinstance(value, bytes) else value.read_bytes() for path, value in files.items()}
        blobs = {
            path: Blob(value, hashlib.sha256(value).hexdigest() if _large(value, len(value)) else None)
            for path, value in data.items()
        }
        repository.commit(blobs, "main", "made")
        return repository

    def model(self, name: str) -> Repository:
        return self.repositories["model", name]

    def dataset(self, name: str) -> Repository:
        return self.repositories["dataset", name]

    def space(self, name: str) -> Repository:
        return self.repositories["space", name]


def _large(sample: bytes, size: int) -> bool:
    return b"\0" in sample[:512] or size > 10_000_000


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str) -> None:
        self.status, self.message = status, message
        self.headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **headers}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        if os.environ.get("AUSCULT_HUB_LOG"):
            print(self.command, unquote(self.path), *args, file=sys.stderr, flush=True)

    def handle_any(self) -> None:
        address = urlsplit(self.path)
        self.path_only, self.query = address.path, parse_qs(address.query)
        self.data = self._body()
        if self._faulty():
            return
        with self.hub.lock:
            for method, pattern, name in ROUTES:
                if self.command in method.split() and (match := re.fullmatch(pattern, self.path_only)):
                    try:
                        call: Callable[..., None] = getattr(self, name)
                        return call(*(None if part is None else unquote(part) for part in match.groups()))
                    except Refused as error:
                        return self._send(error.status, {"error": error.message}, headers=error.headers)
            self._send(501, {"error": f"{self.command} {self.path_only} is not of this Hub"})

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = handle_any

    # -- plumbing

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _faulty(self) -> bool:
        fault = self.hub.fault
        if fault is None or (fault.writes and self.command in ("GET", "HEAD")):
            return False
        number = self.hub.counted
        self.hub.counted += 1
        if not fault.at <= number < fault.until:
            return False
        if fault.how == "kill":
            os.kill(int(fault.process.read_text()), signal.SIGKILL)
        if isinstance(fault.how, str):
            self.close_connection = True
            return True
        url = f"{self.hub.endpoint}/auscult/tiny"
        self._send(
            fault.how,
            {"error": f"fault {fault.how}", "url": url},
            headers={"Retry-After": "0"} if fault.how == 429 else {},
        )
        return True

    def _send(self, status: int, content: Any = None, *, raw: bytes | None = None, headers: Any = None) -> None:
        body = json.dumps({} if content is None else content).encode() if raw is None else raw
        self.send_response(status)
        for key, value in {
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            **(headers or {}),
        }.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.hub.log.append((self.command, unquote(self.path), status))

    def _user(self) -> tuple[str, str] | None:
        return TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _may_write(self, name: str) -> None:
        user = self._user()
        if user is None:
            raise Refused(401, "Invalid username or password.")
        if user[1] != "write" or name.partition("/")[0] != user[0]:
            raise Refused(403, f"you don't have the rights to write to {name}")

    def _repository(self, kind: str, name: str, *, content: bool = False) -> Repository:
        repository, user = self.hub.repositories.get((kind, name)), self._user()
        owner = user is not None and user[0] == name.partition("/")[0]
        if repository is None or (repository.private and not owner):
            # The Hub does not tell strangers which repositories exist.
            raise Refused(404 if user else 401, "Repository not found", "RepoNotFound")
        if content and repository.gated and not owner:
            raise Refused(403 if user else 401, f"Access to {name} is restricted", "GatedRepo")
        return repository

    def _commit(self, repository: Repository, revision: str | None) -> tuple[str, dict[str, Blob]]:
        found = repository.at(revision or "main")
        if found is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    # -- accounts and repositories

    def whoami(self) -> None:
        user = self._user()
        if user is None:
            raise Refused(401, "Invalid username or password.")
        access = {"type": "access_token", "accessToken": {"displayName": "test", "role": user[1]}}
        self._send(200, {"type": "user", "name": user[0], "orgs": [], "auth": access})

    def create(self) -> None:
        asked = json.loads(self.data)
        kind = asked.get("type") or "model"
        user = self._user()
        name = f"{asked.get('organization') or (user[0] if user else 'nobody')}/{asked['name']}"
        self._may_write(name)
        url = f"{self.hub.endpoint}/{'' if kind == 'model' else kind + 's/'}{name}"
        if (kind, name) in self.hub.repositories:
            return self._send(409, {"error": "You already created this repo", "url": url, "id": name})
        if kind == "space" and not asked.get("sdk"):
            raise Refused(400, "a Space needs an sdk")
        private = asked.get("private") or asked.get("visibility") == "private"
        repository = Repository(kind, name, private=bool(private))
        self.hub.repositories[kind, name] = repository
        rules = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
        repository.commit({".gitattributes": Blob(rules)}, "main", "initial commit")
        self._send(200, {"url": url, "name": name, "id": name})

    def delete(self) -> None:
        asked = json.loads(self.data)
        name = f"{asked.get('organization') or 'auscult'}/{asked['name']}"
        self._may_write(name)
        self.hub.repositories.pop((asked.get("type") or "model", name), None)
        self._send(200)

    def settings(self, kind: str, name: str) -> None:
        self._may_write(name)
        repository, asked = self._repository(PLURAL[kind], name), json.loads(self.data)
        repository.private = asked.get("private", repository.private)
        repository.gated = bool(asked.get("gated", repository.gated))
        self._send(200)

    def validate(self) -> None:
        text = json.loads(self.data)["content"]
        head = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
        errors = [] if head else [{"message": "no metadata"}]
        self._send(200 if head else 400, {"errors": errors, "warnings": []})

    def info(self, kind: str, name: str, revision: str | None = None) -> None:
        repository = self._repository(PLURAL[kind], name)
        sha, files = self._commit(repository, revision)
        siblings = [
            {"rfilename": path, "size": len(blob.data), "blobId": blob.oid} for path, blob in sorted(files.items())
        ]
        about = {"_id": sha[:24], "id": name, "modelId": name, "author": name.split("/")[0], "sha": sha}
        state = {"private": repository.private, "gated": "manual" if repository.gated else False, "disabled": False}
        rest = {"downloads": 0, "likes": 0, "tags": [], "lastModified": DATE, "createdAt": DATE, "cardData": {}}
        self._send(200, about | state | rest | {"siblings": siblings, "sdk": "gradio"})

    def refs(self, kind: str, name: str) -> None:
        repository = self._repository(PLURAL[kind], name)
        found = {
            title: [{"name": key, "ref": f"refs/{part}/{key}", "targetCommit": sha} for key, sha in named.items()]
            for title, part, named in (("branches", "heads", repository.refs), ("tags", "tags", repository.tags))
        }
        self._send(200, found | {"converts": []})

    def new_ref(self, kind: str, name: str, part: str, revision: str) -> None:
        self._may_write(name)
        repository, asked = self._repository(PLURAL[kind], name), json.loads(self.data or b"{}")
        named, key = (repository.refs, revision) if part == "branch" else (repository.tags, asked["tag"])
        if key in named:
            raise Refused(409, f"Reference {key} exists")
        start = asked.get("startingPoint", "main") if part == "branch" else revision
        named[key] = self._commit(repository, start)[0]
        self._send(200)

    def commits(self, kind: str, name: str, revision: str) -> None:
        repository = self._repository(PLURAL[kind], name)
        self._commit(repository, revision)
        found = [
            {"id": sha, "title": message, "message": "", "authors": [], "date": DATE}
            for sha, _, message in repository.commits[::-1]
        ]
        self._send(200, found)

    # -- reading

    def tree(self, kind: str, name: str, revision: str, inside: str | None = None) -> None:
        _, files = self._commit(self._repository(PLURAL[kind], name, content=True), revision)
        everything = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        start = f"{inside.rstrip('/')}/" if inside else ""
        entries, folders = [], {}
        for path, blob in sorted(files.items()):
            if not path.startswith(start):
                continue
            parts = path[len(start) :].split("/")
            for depth in range(1, len(parts) if everything else min(2, len(parts))):
                folders[start + "/".join(parts[:depth])] = None
            if everything or len(parts) == 1:
                entries.append(blob.entry(path))
        if inside and not entries and not folders:
            raise Refused(404, f"{inside} does not exist", "EntryNotFound")
        self._send(200, [_folder(path) for path in folders] + entries)

    def paths_info(self, kind: str, name: str, revision: str) -> None:
        _, files = self._commit(self._repository(PLURAL[kind], name, content=True), revision)
        form = json.loads(self.data) if self.data.startswith(b"{") else parse_qs(self.data.decode())
        asked = form.get("paths", [])
        entries = []
        for path in [asked] if isinstance(asked, str) else asked:
            if path in files:
                entries.append(files[path].entry(path))
            elif any(known.startswith(f"{path.rstrip('/')}/") for known in files):
                entries.append(_folder(path))
        self._send(200, entries)

    def resolve(self, kind: str | None, name: str, revision: str, path: str) -> None:
        repository = self._repository(PLURAL[kind or "models"], name, content=True)
        sha, files = self._commit(repository, revision)
        if path not in files:
            raise Refused(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": sha})
        blob = files[path]
        headers = {
            "X-Repo-Commit": sha,
            "ETag": f'"{blob.lfs or blob.oid}"',
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        if blob.lfs:
            headers |= {"X-Linked-Etag": f'"{blob.lfs}"', "X-Linked-Size": str(len(blob.data))}
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), min(int(asked[2] or len(blob.data) - 1), len(blob.data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(blob.data)}"
            return self._send(206, raw=blob.data[first : last + 1], headers=headers)
        self._send(200, raw=blob.data, headers=headers)

    # -- writing

    def preupload(self, kind: str, name: str, revision: str) -> None:
        self._may_write(name)
        _, files = self._commit(self._repository(PLURAL[kind], name), revision)
        answers = []
        for file in json.loads(self.data)["files"]:
            mode = "lfs" if _large(base64.b64decode(file["sample"]), file["size"]) else "regular"
            known = files.get(file["path"])
            oid = {} if known is None else {"oid": known.lfs or known.oid}
            answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **oid})
        self._send(200, {"files": answers})

    def lfs_batch(self, kind: str | None, name: str) -> None:
        self._may_write(name)
        self._repository(PLURAL[kind or "models"], name)
        answers = []
        for asked in json.loads(self.data)["objects"]:
            home = f"{self.hub.endpoint}/_lfs/{asked['oid']}"
            actions = {"upload": {"href": home}, "verify": {"href": f"{home}/verify"}}
            answers.append(asked | ({} if asked["oid"] in self.hub.objects else {"actions": actions}))
        self._send(200, {"transfer": "basic", "objects": answers})

    def lfs_object(self, oid: str) -> None:
        if hashlib.sha256(self.data).hexdigest() != oid:
            raise Refused(400, "sha256 mismatch")
        self.hub.objects[oid] = self.data
        self._send(200)

    def lfs_verify(self, oid: str) -> None:
        self._send(200 if oid in self.hub.objects else 404)

    def new_commit(self, kind: str, name: str, branch: str) -> None:
        self._may_write(name)
        repository = self._repository(PLURAL[kind], name)
        parent, before = self._commit(repository, branch)
        files, message = dict(before), ""
        for line in filter(None, self.data.splitlines()):
            value = json.loads(line)
            key, value = value["key"], value["value"]
            if key == "header":
                message = value["summary"]
                if value.get("parentCommit", parent) != parent:
                    raise Refused(412, "A commit has happened since. Please refresh and try again.")
            elif key == "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise Refused(400, f"LFS object {value['oid']} was never uploaded")
                files[value["path"]] = Blob(self.hub.objects[value["oid"]], value["oid"])
            elif key == "deletedFile":
                files.pop(value["path"], None)
            elif key == "deletedFolder":
                files = {path: blob for path, blob in files.items() if not path.startswith(value["path"])}
        sha = repository.commit(files, branch, message)
        url = f"{self.hub.endpoint}/{'' if kind == 'models' else kind + '/'}{name}/commit/{sha}"
        self._send(200, {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    # -- collections

    def new_collection(self) -> None:
        asked = json.loads(self.data)
        self._may_write(f"{asked['namespace']}/")
        words = re.sub(r"[^a-z0-9]+", "-", asked["title"].lower())
        slug = f"{asked['namespace']}/{words}-{hashlib.sha1(words.encode()).hexdigest()[:24]}"
        if slug in self.hub.collections:
            return self._send(409, {"error": "exists", "slug": slug})
        self.hub.collections[slug] = {"title": asked["title"], "description": asked.get("description", ""), "items": []}
        self.collection(slug)

    def collection(self, slug: str) -> None:
        known = self.hub.collections.get(slug)
        if known is None:
            raise Refused(404, "Collection not found")
        owner = {"name": slug.partition("/")[0], "type": "user", "avatarUrl": "", "fullname": "", "isPro": False}
        self._send(
            200,
            {
                "slug": slug,
                "owner": owner,
                "lastUpdated": DATE,
                "position": 0,
                "private": False,
                "theme": "blue",
                "upvotes": 0,
                "url": f"{self.hub.endpoint}/collections/{slug}",
                **known,
            },
        )

    def new_item(self, slug: str) -> None:
        self._may_write(slug)
        known, item = self.hub.collections[slug], json.loads(self.data)["item"]
        if any((old["id"], old["type"]) == (item["id"], item["type"]) for old in known["items"]):
            raise Refused(409, "Item already exists")
        known["items"].append({"_id": f"{len(known['items']):024x}", "position": len(known["items"]), **item})
        self.collection(slug)


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "oid": hashlib.sha1(path.encode()).hexdigest(), "size": 0}


NAME = r"([^/]+/[^/]+)"
KIND = r"/api/(models|datasets|spaces)/" + NAME
FILES = r"/(?:(datasets|spaces)/)?" + NAME
ROUTES = (
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("DELETE", r"/api/repos/delete", "delete"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET", KIND, "info"),
    ("GET", KIND + r"/revision/([^/]+)", "info"),
    ("PUT", KIND + r"/settings", "settings"),
    ("GET", KIND + r"/refs", "refs"),
    ("POST", KIND + r"/(branch|tag)/([^/]+)", "new_ref"),
    ("GET", KIND + r"/commits/([^/]+)", "commits"),
    ("GET", KIND + r"/tree/([^/]+)(?:/(.*))?", "tree"),
    ("POST", KIND + r"/paths-info/([^/]+)", "paths_info"),
    ("POST", KIND + r"/preupload/([^/]+)", "preupload"),
    ("POST", KIND + r"/commit/([^/]+)", "new_commit"),
    ("POST", FILES + r"\.git/info/lfs/objects/batch", "lfs_batch"),
    ("PUT", r"/_lfs/([0-9a-f]{64})", "lfs_object"),
    ("POST", r"/_lfs/([0-9a-f]{64})/verify", "lfs_verify"),
    ("GET HEAD", r"(?:/api/resolve-cache)?" + FILES + r"/(?:resolve|raw)/([^/]+)/(.+)", "resolve"),
    ("POST", r"/api/collections", "new_collection"),
    ("GET", r"/api/collections/(.+?)", "collection"),
    ("POST", r"/api/collections/(.+?)/items", "new_item"),
)
