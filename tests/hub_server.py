"""A small HTTP server that answers as Hugging Face does, so that the real client can be run without a network."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


class Store:
    """Repositories by name: private, and commits in order; and the token that each request had."""

    def __init__(self) -> None:
        self.private: dict[str, bool] = {}
        self.commits: dict[str, list[tuple[str, Files]]] = {}
        self.requests: list[str] = []

    def add(self, name: str, files: Files) -> str:
        commits = self.commits.setdefault(name, [])
        commits.append((hashlib.sha1(f"{name}{len(commits)}".encode()).hexdigest(), files))
        return commits[-1][0]


class _Handler(BaseHTTPRequestHandler):
    store: Store

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.store.requests.append(f"{self.command} {path}")
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            self._info(found[1], found[2])
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/(.*))?", path):
            self._tree(found[1], found[2], found[3] or "")
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(found[1], found[2], found[3])
        else:
            self._send(404, {"error": "no such page"})

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.store.requests.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'ann'}/{asked['name']}"
            self.store.private[name] = bool(asked.get("private")) or asked.get("visibility") == "private"
            self.store.add(name, {".gitattributes": b""})
            self._send(200, {"url": f"http://{self.headers['Host']}/{name}", "name": name})
        elif path == "/api/validate-yaml":
            self._send(200, {"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", path):
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._send(200, {"files": files})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", path):
            self._commit(found[1], body)
        else:
            self._send(404, {"error": "no such page"})

    def _at(self, name: str, revision: str | None) -> tuple[str, Files] | None:
        if name not in self.store.commits:
            self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        for commit, files in reversed(self.store.commits[name]):
            if revision in (None, "main", commit):
                return commit, files
        self._send(404, {"error": "Invalid rev"}, {"X-Error-Code": "RevisionNotFound"})
        return None

    def _info(self, name: str, revision: str | None) -> None:
        if found := self._at(name, revision):
            self._send(200, {"id": name, "sha": found[0], "private": self.store.private.get(name, False)})

    def _tree(self, name: str, revision: str, folder: str) -> None:
        if not (found := self._at(name, revision)):
            return
        start = f"{folder}/" if folder else ""
        rows: dict[str, dict[str, Any]] = {}
        for path, content in found[1].items():
            if path.startswith(start):
                first, below, _ = path.removeprefix(start).partition("/")
                kind = {"type": "directory"} if below else {"type": "file", "size": len(content)}
                rows[first] = {"path": start + first, "oid": "0" * 40, **kind}
        self._send(200, list(rows.values()))

    def _file(self, name: str, revision: str, path: str) -> None:
        if not (found := self._at(name, revision)):
            return
        if path not in found[1]:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        content = found[1][path]
        self._answer(200, content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": found[0]})

    def _commit(self, name: str, body: bytes) -> None:
        files = dict(self.store.commits[name][-1][1])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit") not in (None, self.store.commits[name][-1][0]):
                self._send(412, {"error": "A commit has happened since."})
                return
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "deletedFile":
                del files[value["path"]]
        commit = self.store.add(name, files)
        self._send(
            200,
            {
                "success": True,
                "commitOid": commit,
                "commitUrl": f"http://{self.headers['Host']}/{name}/commit/{commit}",
            },
        )

    def _send(self, status: int, values: Any, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(values).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def served() -> Iterator[tuple[Store, str]]:
    """Run a server on this machine, and yield its repositories and its address."""
    store = Store()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": store}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
