"""A Hugging Face Hub on loopback: as much of one as `huggingface_hub` and `datasets` ask for, over real HTTP.

Two servers, as there. One knows repositories and tokens. The other stores large files (Git LFS), is reached by redirect
and must never see a token. Xet, by which large files travel nowadays, is a compiled client's protocol and not spoken
here: clients run with HF_HUB_DISABLE_XET=1 and take the older way, LFS.
"""

import base64
import contextlib
import dataclasses
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_loopback"
LARGE = (".safetensors", ".parquet", ".jpg", ".png")


class Refusal(Exception):
    """Becomes an error reply; `code` is what the client tells the kinds of error apart by."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclasses.dataclass
class Reply:
    """What is answered: `body` is bytes, or else made JSON of."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Request:
    """What was asked, of "hub" or "storage"; `path` is still quoted and without its query."""

    server: str
    method: str
    path: str
    query: dict[str, list[str]]
    token: str
    range: str
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Fault:
    """What goes wrong with the next `times` replies to requests that match; see `Hub.break_next`."""

    method: str
    path: re.Pattern
    times: int
    status: int
    drop: bool
    keep_bytes: int | None
    flip: bool
    then: Callable[[], object]


@dataclasses.dataclass
class Repository:
    """Commits are whole trees, {path: content}; branches and tags name one."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = dataclasses.field(default_factory=dict)
    branches: dict[str, str] = dataclasses.field(default_factory=dict)
    tags: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        self.commit({".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"})

    def commit(self, files: dict[str, bytes]) -> str:
        content = repr((len(self.commits), sorted(files.items())))
        commit = hashlib.sha1(content.encode()).hexdigest()
        self.commits[commit] = files
        self.branches["main"] = commit
        return commit

    def resolve(self, revision: str) -> str:
        commit = self.branches.get(revision) or self.tags.get(revision) or revision
        if commit not in self.commits:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def identity(path: str, content: bytes) -> str:
    """By what the client tells versions of a file apart: its sha256 where it is large, else its blob id."""
    return sha256_of(content) if path.endswith(LARGE) else blob_id(content)


def entry(path: str, content: bytes) -> dict[str, Any]:
    large = (
        {"lfs": {"oid": sha256_of(content), "size": len(content), "pointerSize": 130}} if path.endswith(LARGE) else {}
    )
    return {"type": "file", "path": path, "size": len(content), "oid": blob_id(content), **large}


class Hub:
    """Both servers, until `close`.

    Attributes:
        endpoint, storage: their addresses.
        repositories: by kind ("models", "datasets") and id.
        objects: large files by their sha256.
        requests: all that were made, in order.
    """

    def __init__(self):
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.servers = {name: Server(self, name) for name in ("hub", "storage")}
        self.endpoint, self.storage = (server.address for server in self.servers.values())

    def close(self) -> None:
        for server in self.servers.values():
            server.close()

    def put(self, kind: str, repo: str, files: dict[str, bytes]) -> str:
        """Add files to a repository, which is made if need be, without any request; returns the commit."""
        with self.lock:
            repository = self.repositories.setdefault((kind, repo), Repository())
            self.objects |= {sha256_of(content): content for path, content in files.items() if path.endswith(LARGE)}
            return repository.commit(repository.commits[repository.branches["main"]] | files)

    def break_next(
        self,
        method: str,
        path: str,
        *,
        times: int = 1,
        status: int = 0,
        drop: bool = False,
        keep_bytes: int | None = None,
        flip: bool = False,
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """Let replies to matching requests go wrong.

        Args:
            path: a regular expression, searched for.
            status: answer with this error instead.
            drop: close the connection without an answer, and do nothing of what was asked.
            keep_bytes: close it after so many bytes of the body.
            flip: turn over the last bit of the body.
            then: called when the request has come, before it is answered.
        """
        self.faults.append(Fault(method, re.compile(path), times, status, drop, keep_bytes, flip, then))

    @contextlib.contextmanager
    def recorded(self) -> Iterator[list[Request]]:
        """The requests that are made meanwhile."""
        before = len(self.requests)
        seen: list[Request] = []
        yield seen
        seen += self.requests[before:]

    def fault_for(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == request.method and fault.path.search(request.path):
                fault.times -= 1
                return fault
        return None

    def answer(self, request: Request) -> Reply:
        if request.server == "storage":
            return self._store(request)
        if request.token not in ("", TOKEN):
            raise Refusal(401, "Invalid credentials in Authorization header")
        match request.method, [unquote(part) for part in request.path.split("/")[1:]]:
            case "POST", ["api", "repos", "create"]:
                return self._create(request)
            case "POST", ["api", "validate-yaml"]:
                return Reply({"errors": [], "warnings": []})
            case "POST", ["lfs", oid, "verify"]:
                return Reply({}) if oid in self.objects else Reply({"error": "no such object"}, 404)
            case "POST", [user, name, "info", "lfs", "objects", "batch"]:
                self._writable(request, "models", f"{user}/{name.removesuffix('.git')}")
                return self._batch(request)
            case "GET", ["api", kind, user, name]:
                return self._info(request, kind, f"{user}/{name}", "main")
            case "GET", ["api", kind, user, name, "revision", revision]:
                return self._info(request, kind, f"{user}/{name}", revision)
            case "GET", ["api", kind, user, name, "refs"]:
                return self._refs(self._readable(request, kind, f"{user}/{name}"))
            case "GET", ["api", kind, user, name, "tree", revision, *parts]:
                files = self._files(request, kind, f"{user}/{name}", revision)
                return self._tree(files, "/".join(parts), request.query.get("recursive") == ["true"])
            case "POST", ["api", kind, user, name, "paths-info", revision]:
                files = self._files(request, kind, f"{user}/{name}", revision)
                wanted = parse_qs(request.body.decode()).get("paths", [])
                return Reply([entry(path, files[path]) for path in wanted if path in files])
            case "POST", ["api", kind, user, name, "preupload", revision]:
                repository = self._writable(request, kind, f"{user}/{name}")
                return self._preupload(request, repository.commits[repository.resolve(revision)])
            case "POST", ["api", kind, user, name, "commit", "main"]:
                return self._commit(request, self._writable(request, kind, f"{user}/{name}"), f"{user}/{name}")
            case "POST", ["api", kind, user, name, "tag", revision]:
                return self._tag(request, self._writable(request, kind, f"{user}/{name}"), revision)
            case "GET" | "HEAD", ["datasets", user, name, "resolve", revision, *parts]:
                return self._resolve(request, "datasets", f"{user}/{name}", revision, "/".join(parts))
            case "GET" | "HEAD", [user, name, "resolve", revision, *parts]:
                return self._resolve(request, "models", f"{user}/{name}", revision, "/".join(parts))
        raise Refusal(404, f"not known here: {request.method} {request.path}")

    def _readable(self, request: Request, kind: str, repo: str) -> Repository:
        repository = self.repositories.get((kind, repo))
        if repository is None or (repository.private and not request.token):
            raise Refusal(404 if request.token else 401, "Repository not found", "RepoNotFound")
        return repository

    def _writable(self, request: Request, kind: str, repo: str) -> Repository:
        if not request.token:
            raise Refusal(401, "Invalid username or password.")
        return self._readable(request, kind, repo)

    def _files(self, request: Request, kind: str, repo: str, revision: str) -> dict[str, bytes]:
        repository = self._readable(request, kind, repo)
        return repository.commits[repository.resolve(revision)]

    def _create(self, request: Request) -> Reply:
        if not request.token:
            raise Refusal(401, "Invalid username or password.")
        asked = request.json()
        kind, repo = f"{asked.get('type', 'model')}s", f"{asked['organization']}/{asked['name']}"
        known = (kind, repo) in self.repositories
        self.repositories.setdefault((kind, repo), Repository())
        return Reply({"url": f"{self.endpoint}/{repo}", "name": repo, "id": repo}, 409 if known else 200)

    def _info(self, request: Request, kind: str, repo: str, revision: str) -> Reply:
        repository = self._readable(request, kind, repo)
        commit = repository.resolve(revision)
        siblings = [{"rfilename": path} for path in repository.commits[commit]]
        return Reply({"_id": repo, "id": repo, "sha": commit, "private": repository.private, "siblings": siblings})

    def _refs(self, repository: Repository) -> Reply:
        def rows(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
            return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": at} for name, at in refs.items()]

        return Reply(
            {"branches": rows("heads", repository.branches), "tags": rows("tags", repository.tags), "converts": []}
        )

    def _tree(self, files: dict[str, bytes], folder: str, recursive: bool) -> Reply:
        inside = {path: content for path, content in files.items() if path.startswith(f"{folder}/" if folder else "")}
        if not inside:
            raise Refusal(404, f"{folder} does not exist", "EntryNotFound")
        depth = folder.count("/") + bool(folder)
        folders = {"/".join(path.split("/")[: depth + 1]) for path in inside if path.count("/") > depth}
        shown = [entry(path, content) for path, content in inside.items() if recursive or path.count("/") == depth]
        return Reply([*shown, *({"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders)])

    def _preupload(self, request: Request, files: dict[str, bytes]) -> Reply:
        answers = []
        for file in request.json()["files"]:
            path = file["path"]
            mode = {"uploadMode": "lfs" if path.endswith(LARGE) else "regular", "shouldIgnore": False}
            known = {"oid": identity(path, files[path])} if path in files else {}
            answers.append({"path": path, **mode, **known})
        return Reply({"files": answers})

    def _batch(self, request: Request) -> Reply:
        answers = []
        for wanted in request.json()["objects"]:
            oid = wanted["oid"]
            actions = {
                "upload": {"href": f"{self.storage}/{oid}"},
                "verify": {"href": f"{self.endpoint}/lfs/{oid}/verify"},
            }
            answers.append(wanted | ({} if oid in self.objects else {"actions": actions}))
        return Reply({"transfer": "basic", "objects": answers})

    def _commit(self, request: Request, repository: Repository, repo: str) -> Reply:
        files = dict(repository.commits[repository.branches["main"]])
        for line in request.body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                if value["oid"] not in self.objects:
                    raise Refusal(400, f"LFS object {value['oid']} was never uploaded")
                files[value["path"]] = self.objects[value["oid"]]
        commit = repository.commit(files)
        return Reply({"success": True, "commitOid": commit, "commitUrl": f"{self.endpoint}/{repo}/commit/{commit}"})

    def _tag(self, request: Request, repository: Repository, revision: str) -> Reply:
        tag = request.json()["tag"]
        if tag in repository.tags:
            raise Refusal(409, f"Reference already exists: {tag}")
        repository.tags[tag] = repository.resolve(revision)
        return Reply({})

    def _resolve(self, request: Request, kind: str, repo: str, revision: str, path: str) -> Reply:
        repository = self._readable(request, kind, repo)
        commit = repository.resolve(revision)
        if repository.gated:
            raise Refusal(403, f"Access to model {repo} is restricted", "GatedRepo")
        if path not in repository.commits[commit]:
            raise Refusal(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit})
        content = repository.commits[commit][path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{identity(path, content)}"'}
        if not path.endswith(LARGE):
            return Reply(content, headers=headers)
        # Elsewhere: to the same origin the client would go on by itself, token and all.
        headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": headers["ETag"]}
        return Reply(status=302, headers=headers | {"Location": f"{self.storage}/{sha256_of(content)}"})

    def _store(self, request: Request) -> Reply:
        oid = request.path.strip("/")
        if request.method == "PUT":
            if sha256_of(request.body) != oid:
                raise Refusal(400, "the content is not what it is named after")
            self.objects[oid] = request.body
            return Reply(headers={"ETag": f'"{oid}"'})
        if oid not in self.objects:
            raise Refusal(404, "no such object")
        content = self.objects[oid]
        if first := re.fullmatch(r"bytes=(\d+)-(\d*)", request.range):
            start, end = int(first[1]), min(int(first[2] or len(content)), len(content) - 1)
            span = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
            return Reply(content[start : end + 1], 206, {"ETag": f'"{oid}"', **span})
        return Reply(content, headers={"ETag": f'"{oid}"'})


class Server:
    """One of the two, on a port of its own and in threads of its own."""

    def __init__(self, hub: Hub, name: str):
        self.connections: set[socket.socket] = set()
        handler = type("Handler", (Handler,), {"hub": hub, "name": name, "connections": self.connections})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        # Those kept alive would go on being served.
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """HTTP, and what goes wrong with it."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: between two the client's system may wait 40 ms.
    wbufsize = -1
    hub: Hub
    name: str
    connections: set[socket.socket]

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        self.connections.add(self.connection)
        # Who asked may have gone.
        with contextlib.suppress(ConnectionError):
            super().handle()
        self.connections.discard(self.connection)

    def do_any(self) -> None:
        url = urlsplit(self.path)
        request = Request(
            self.name,
            self.command,
            url.path,
            parse_qs(url.query),
            self.headers.get("Authorization", "").removeprefix("Bearer "),
            self.headers.get("Range", ""),
            self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        with self.hub.lock:
            self.hub.requests.append(request)
            fault = self.hub.fault_for(request)
        if fault is not None:
            fault.then()
            if fault.drop:
                self.close_connection = True
                return
        try:
            if fault is not None and fault.status:
                raise Refusal(fault.status, "this goes wrong on purpose")
            with self.hub.lock:
                reply = self.hub.answer(request)
        except Refusal as refusal:
            code = {"X-Error-Code": refusal.code} if refusal.code else {}
            headers = {"X-Error-Message": str(refusal), **code, **refusal.headers}
            reply = Reply({"error": str(refusal)}, refusal.status, headers)
        self._send(reply, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_any

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if fault is not None and fault.flip:
            body = body[:-1] + bytes([body[-1] ^ 1])
        if fault is not None and fault.keep_bytes is not None:
            body = body[: fault.keep_bytes]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)
