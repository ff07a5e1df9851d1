"""Who may ask the page's server for what, and how much they may send.

Gradio's server, left to itself, fetches any public address for any stranger, writes files for them, and answers to any
name. ColourU needs none of it.
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

# As large as a file of hints may be; a million hints parsed would take a hundred times as much memory.
MAX_REQUEST_BYTES = 16 << 20

# All files of one upload together; one alone is limited by `launch`.
MAX_UPLOAD_BYTES = 1 << 30

# Fetching for strangers, writing for them, and rooms of Gradio's own that this page does not have.
CLOSED = re.compile(
    r"/(gradio_api/(file=\s*[a-z]+:/|proxy=|deep_link|stream/|process_recording|vibe-)|monitoring)", re.I
)

# Gradio's own scripts are made of text in the page, and it runs the handlers of components by `new Function`.
CONTENT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "media-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


class Guard:
    """The outermost layer of the server.

    Args:
        bound: the address that the server listens on.
        hosts: names besides the local ones by which it may be asked; any name if there are none and the server
            listens beyond this machine.
        framed_by: origins whose pages may show this one.
    """

    def __init__(self, app: ASGIApp, bound: str = "127.0.0.1", hosts: tuple[str, ...] = (), framed_by: str = ""):
        self.app, self.hosts = app, hosts
        self.any_host = not hosts and not is_local(bound)
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Content-Security-Policy": f"{CONTENT} {framed_by}".rstrip(),
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
            # Who is still sending would not hear the answer; but nobody need send for an hour to hear no.
            if sent_bytes(scope) <= MAX_UPLOAD_BYTES:
                while (await receive()).get("more_body"):
                    pass
            return await response(scope, receive, send_with_headers)
        await self.app(scope, receive_within_limit, send_with_headers)

    def check(self, scope: Scope, limit: int) -> None:
        """Raises HTTPException if this is not to be answered."""
        headers = Headers(scope=scope)
        host = host_of(f"//{headers.get('host', '')}")
        # A page elsewhere whose name is suddenly ours would be of the same origin, and could read every answer.
        if not (self.any_host or is_local(host) or host in self.hosts):
            raise HTTPException(421, f"not served under this name; if it is right, set COLOURU_HOSTS to {host[:100]!r}")
        if CLOSED.search(scope["path"]):
            raise HTTPException(404, "there is nothing here")
        if "origin" in headers and scope["method"] not in ("GET", "HEAD"):
            origin = host_of(headers["origin"])
            names = {host, host_of(f"//{headers.get('x-forwarded-host', '')}"), *self.hosts}
            if not origin or not (origin in names or (is_local(origin) and is_local(host))):
                raise HTTPException(403, "pages elsewhere may not use this server")
        elif "origin" in headers:
            # Gradio would tell the browser that the page there may read the answer.
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        if sent_bytes(scope) > limit:
            raise HTTPException(413, too_large(limit))


def sent_bytes(scope: Scope) -> int:
    """The size of the body, as far as it is told beforehand."""
    return int(Headers(scope=scope).get("content-length", "0"))


def too_large(limit: int) -> str:
    return f"that is too much at once; at most {limit >> 20} MiB are taken"


def host_of(address: str) -> str:
    """The host in a URL, without port, in lower case; "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Whether a host, by name or number, is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class TidyParser(route_utils.GradioMultiPartParser):
    """Gradio's parser of uploads, which leaves the part of one that breaks off where it is."""

    async def parse(self):
        try:
            return await super().parse()
        except BaseException:
            for part in self._files_to_close_on_error:
                part.close()
                Path(part.name).unlink(missing_ok=True)
            raise


async def refuse_to_fetch(*_, **__) -> NoReturn:
    raise gr.Error("This server fetches nothing: upload the photo itself.", print_exception=False)


@contextlib.asynccontextmanager
async def guarded(app: ASGIApp) -> AsyncIterator[None]:
    """A lifespan for `launch` in which every request passes the guard first.

    Gradio has no place for a layer outside its own, which answers to other origins by itself, and no switch for what it
    fetches: hence the names of its inside here, which the exact pin in requirements.txt holds.
    """
    route_utils.GradioMultiPartParser = TidyParser
    processing_utils.async_ssrf_protected_get = processing_utils.async_ssrf_protected_download = refuse_to_fetch
    app.middleware_stack = Guard(
        app.middleware_stack,
        bound=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        hosts=tuple(os.environ.get("COLOURU_HOSTS", "").lower().replace(",", " ").split()),
        framed_by="https://huggingface.co" if "SPACE_ID" in os.environ else "",
    )
    yield
