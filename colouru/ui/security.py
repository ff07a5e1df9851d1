"""Security of the page's server: which hosts, origins and paths are answered, and how large a request may be.

By default Gradio's server fetches public URLs and writes files for anyone, and answers under any host name. ColourU
needs none of this.
"""

import contextlib
import ipaddress
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import gradio as gr
from gradio import processing_utils, route_utils
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Enough for the largest list of hints. Parsed JSON takes up to a hundred times as much memory.
MAX_REQUEST_BYTES = 16 << 20

# All files of one upload together; `max_file_size` of `launch` limits each.
MAX_UPLOAD_BYTES = 1 << 30

# Gradio's routes that fetch URLs or write files for the client, and its pages that ColourU does not use.
BLOCKED_PATHS = re.compile(
    r"/(gradio_api/(file=\s*[a-z]+:/|proxy=|deep_link|stream/|process_recording|vibe-)|monitoring)", re.I
)

# Gradio needs 'unsafe-inline' for its own inline scripts, and 'unsafe-eval' because it runs `js` by `new Function`.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "media-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


class SecurityMiddleware:
    """ASGI middleware, to be the outermost of the server.

    Args:
        bind_address: the address that the server listens on.
        hosts: accepted host names besides the local ones. Any name is accepted if there are none and the server listens
            on more than the loopback interface.
        frame_ancestors: origins whose pages may show this one in a frame.
    """

    def __init__(
        self, app: ASGIApp, bind_address: str = "127.0.0.1", hosts: tuple[str, ...] = (), frame_ancestors: str = ""
    ):
        self.app, self.hosts = app, hosts
        self.any_host = not hosts and not is_loopback(bind_address)
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY} {frame_ancestors}".rstrip(),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = MAX_UPLOAD_BYTES if scope["path"].endswith("/upload") else MAX_REQUEST_BYTES

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
            await send(message)

        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, too_large(limit))
            return message

        try:
            self.check(scope, limit)
        except HTTPException as refusal:
            response = JSONResponse({"detail": refusal.detail}, refusal.status_code)
            # A client that is still sending sees a reset instead of the answer, so the body is
            # drained, unless it is huge.
            if content_length(scope) <= MAX_UPLOAD_BYTES:
                while (await receive()).get("more_body"):
                    pass
            return await response(scope, receive, send_with_headers)
        await self.app(scope, receive_within_limit, send_with_headers)

    def check(self, scope: Scope, limit: int) -> None:
        """Check host, path, origin and size of a request.

        Raises:
            HTTPException: with 403, 404, 413 or 421 if it must not be answered.
        """
        headers = Headers(scope=scope)
        host = host_of(f"//{headers.get('host', '')}")
        # DNS rebinding: a foreign name that resolves to this server would make its pages same-origin with this one.
        if not (self.any_host or is_loopback(host) or host in self.hosts):
            raise HTTPException(421, f"not served under this name; if it is right, set COLOURU_HOSTS to {host[:100]!r}")
        if BLOCKED_PATHS.search(scope["path"]):
            raise HTTPException(404, "there is nothing here")
        if "origin" in headers and scope["method"] not in ("GET", "HEAD"):
            origin = host_of(headers["origin"])
            names = {host, host_of(f"//{headers.get('x-forwarded-host', '')}"), *self.hosts}
            if not origin or not (origin in names or (is_loopback(origin) and is_loopback(host))):
                raise HTTPException(403, "pages elsewhere may not use this server")
        elif "origin" in headers:
            # Without this, Gradio reflects the origin and so allows its page to read the answer.
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        if content_length(scope) > limit:
            raise HTTPException(413, too_large(limit))


def content_length(scope: Scope) -> int:
    """The declared size of the body in bytes, 0 if it is not declared."""
    return int(Headers(scope=scope).get("content-length", "0"))


def too_large(limit: int) -> str:
    return f"that is too much at once; at most {limit >> 20} MiB are taken"


def host_of(address: str) -> str:
    """The host of a URL, without port, in lower case; "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is the loopback of this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class CleaningMultiPartParser(route_utils.GradioMultiPartParser):
    """Gradio's parser of uploads, which by itself leaves the file of an interrupted upload on disk."""

    async def parse(self):
        try:
            return await super().parse()
        except BaseException:
            for part in self._files_to_close_on_error:
                part.close()
                Path(part.name).unlink(missing_ok=True)
            raise


async def refuse_to_fetch(*_, **__) -> NoReturn:
    """Replaces Gradio's functions that download a URL given in place of a file."""
    raise gr.Error("This server fetches nothing: upload the photo itself.", print_exception=False)


@contextlib.asynccontextmanager
async def security_lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """A lifespan for `launch` that puts `SecurityMiddleware` in front of all others.

    Gradio offers neither a way to add middleware outside its own CORS handling nor a setting against fetching. So this
    replaces private names of Gradio; requirements.txt pins the exact version.
    """
    route_utils.GradioMultiPartParser = CleaningMultiPartParser
    processing_utils.async_ssrf_protected_get = processing_utils.async_ssrf_protected_download = refuse_to_fetch
    app.middleware_stack = SecurityMiddleware(
        app.middleware_stack,
        bind_address=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        hosts=tuple(os.environ.get("COLOURU_HOSTS", "").lower().replace(",", " ").split()),
        frame_ancestors="https://huggingface.co" if "SPACE_ID" in os.environ else "",
    )
    yield
