"""A stand-in for the Hub: lists the files of a folder and hands them out, as its public interface does."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    """One dataset repository, at one commit."""

    def __init__(self, *args, folder: Path, repository: str) -> None:
        self.folder, self.repository = folder, repository
        super().__init__(*args)

    def log_message(self, format: str, *args: object) -> None:
        return

    def entry(self, file: Path) -> dict[str, object]:
        path = file.relative_to(self.folder).as_posix()
        if file.is_dir():
            return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
        return {"type": "file", "path": path, "oid": self.etag(file), "size": file.stat().st_size}

    @staticmethod
    def etag(file: Path) -> str:
        return hashlib.sha1(file.read_bytes()).hexdigest()

    def answer(self, content: object, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        api, files = f"/api/datasets/{self.repository}", f"/datasets/{self.repository}/resolve/"
        if path == api or path.startswith(f"{api}/revision/"):
            siblings = [{"rfilename": f.relative_to(self.folder).as_posix()} for f in self.all_files()]
            names = {"id": self.repository, "_id": "0" * 24, "sha": COMMIT, "siblings": siblings}
            self.answer(names | {"private": False, "disabled": False, "downloads": 0, "likes": 0, "tags": []})
        elif path.startswith(f"{api}/tree/"):
            inside = self.folder / path.removeprefix(f"{api}/tree/").partition("/")[2]
            recursive = parse_qs(urlsplit(self.path).query).get("recursive", [""])[0].lower() == "true"
            if inside.is_dir():
                found = inside.rglob("*") if recursive else inside.iterdir()
                self.answer([self.entry(file) for file in sorted(found)])
            else:
                self.answer({"error": "Entry not found"}, 404)
        elif path.startswith(files):
            self.hand_out(self.folder / path.removeprefix(files).partition("/")[2])
        else:
            self.answer({"error": "Not found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(body)["paths"]
        else:
            wanted = parse_qs(body)["paths"]
        here = [self.folder / path for path in ([wanted] if isinstance(wanted, str) else wanted)]
        self.answer([self.entry(file) for file in here if file.exists() and file != self.folder])

    def hand_out(self, file: Path) -> None:
        if not file.is_file():
            self.answer({"error": "Entry not found"}, 404)
            return
        data = file.read_bytes()
        start, end = 0, len(data) - 1
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            low, _, high = asked.removeprefix("bytes=").partition("-")
            start, end = int(low), min(int(high or end), end)
        self.send_response(206 if asked else 200)
        self.send_header("ETag", f'"{self.etag(file)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[start : end + 1])

    def all_files(self) -> list[Path]:
        return sorted(file for file in self.folder.rglob("*") if file.is_file())


@contextmanager
def serving(folder: Path, repository: str) -> Iterator[str]:
    """Serve a folder as a dataset repository; gives the address to use as ``HF_ENDPOINT``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, folder=folder, repository=repository))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
