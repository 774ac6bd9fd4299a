"""What stands in front of every page: who may ask, how much, and what a browser may do with it.

One ASGI layer, so that no page can forget it:

* the ``Host`` header must name this machine, which shuts out DNS rebinding;
* beyond loopback a token is asked for, compared in constant time, and kept as a session cookie;
* every POST is a small urlencoded form from our own origin with a token of our own making;
* every answer carries a content security policy and its relatives.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import InputError
from engine.phrases import phrase

MAX_BODY_BYTES = 400_000
"""A TOML of 100 kB is up to three times as long when percent-encoded."""
MAX_FIELDS = 20
MIN_TOKEN_CHARS = 16
SESSION_SECONDS = 12 * 3_600
MAX_SESSIONS = 32
WRONG_TOKENS_A_MINUTE = 10
TOKEN_VARIABLE = "NVSIGNAL_WEB_TOKEN"  # noqa: S105 - the variable's name
SESSION_COOKIE = "nvsignal_session"
VISIT_COOKIE = "nvsignal_visit"
CSRF_FIELD = "csrf"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Inline style is allowed as an attribute only: bars and needles take their place from it."""

DOCUMENT_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""For whole documents made elsewhere, such as a stored report: they can be read, nothing more."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # no-referrer would make our own forms' origin "null"
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "content-security-policy": CSP,
}


def is_loopback(host: str) -> bool:
    """True when only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def need_token(host: str, token: str | None) -> str | None:
    """The token to ask for: none on loopback; elsewhere one must be set and long enough."""
    if is_loopback(host) and not token:
        return None
    if not token:
        raise InputError(
            phrase(
                "--host {host} can be reached by others and {token_variable} is not set",
                host=host,
                token_variable=TOKEN_VARIABLE,
            ),
            remedy=phrase(
                "set {token_variable} to {min_token_chars} random characters or more, or keep "
                "127.0.0.1",
                token_variable=TOKEN_VARIABLE,
                min_token_chars=str(MIN_TOKEN_CHARS),
            ),
        )
    if len(token) < MIN_TOKEN_CHARS:
        raise InputError(
            phrase(
                "{token_variable} has {token} characters",
                token_variable=TOKEN_VARIABLE,
                token=str(len(token)),
            ),
            remedy=phrase(
                "{min_token_chars} random characters or more", min_token_chars=str(MIN_TOKEN_CHARS)
            ),
        )
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who is let in. names: host names of this machine; token None: nobody has to sign in."""

    names: frozenset[str]
    token: str | None = None

    def knows_host(self, header: str) -> bool:
        """True for our names and, with a token, for bare addresses.

        Any port will do, as a tunnel may change it. A rebinding attack needs a *name*: the browser
        sends the attacker's, whatever address it was made to resolve to.
        """
        name = host_name(header)
        if name is None:
            return False
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.token is not None


def host_name(header: str) -> str | None:
    """The name in a ``Host`` header, lower-case, without port and brackets; None when unsound."""
    if not header or any(c in header for c in "/@?#\\ \t,"):
        return None
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
        name = parts.hostname
    except ValueError:
        return None
    return name.rstrip(".") if name else None


class BrowserSessions:
    """Signed-in browsers, by digest of their cookie, and how often a wrong token was tried."""

    def __init__(self, token: str, clock: Callable[[], float] = monotonic) -> None:
        self._token, self._clock = token.encode(), clock
        self._until: dict[str, float] = {}
        self._wrong: list[float] = []

    def sign_in(self, given: str) -> str | None:
        """A new cookie when ``given`` is the token; None when it is not."""
        if not hmac.compare_digest(sha256(given.encode()).digest(), sha256(self._token).digest()):
            self._wrong.append(self._clock())
            return None
        cookie = secrets.token_urlsafe(32)
        while len(self._until) >= MAX_SESSIONS:
            self._until.pop(next(iter(self._until)))
        self._until[_digest(cookie)] = self._clock() + SESSION_SECONDS
        return cookie

    def holds(self, cookie: str) -> bool:
        """True while ``cookie`` is that of a signed-in browser."""
        return self._until.get(_digest(cookie), 0.0) > self._clock()

    def sign_out(self, cookie: str) -> None:
        """Forget ``cookie``."""
        self._until.pop(_digest(cookie), None)

    @property
    def weary(self) -> bool:
        """True when too many wrong tokens came within a minute."""
        since = self._clock() - 60.0
        self._wrong = [at for at in self._wrong if at > since]
        return len(self._wrong) >= WRONG_TOKENS_A_MINUTE


def _digest(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()


Telling = Callable[[Request, int, str], Response]
"""A page that says why: request, status, one line."""


class RefusedError(Exception):
    """A request that is turned away. ``status`` and one line for whoever sent it."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


class Guard:
    """The ASGI layer. Leaves ``form``, ``csrf`` and ``signed_in`` in the request's state."""

    def __init__(
        self,
        app: ASGIApp,
        admission: Admission,
        *,
        refused: Telling | None = None,
        secret: bytes | None = None,
    ) -> None:
        self.app, self.admission, self._refused = app, admission, refused
        self.sessions = BrowserSessions(admission.token) if admission.token else None
        self._secret = secret or secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let ``scope`` through, or answer why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        visit = request.cookies.get(VISIT_COOKIE, "")
        fresh = "" if _sound_visit(visit) else secrets.token_urlsafe(24)
        dressed = self._dressed(send, fresh, secure=request.url.scheme == "https")
        state = scope.setdefault("state", {})
        state.update(form={}, csrf=self.csrf(fresh or visit), sessions=self.sessions)
        state["signed_in"] = self._is_signed_in(request)
        try:
            answer = await self._check(request, visit)
        except RefusedError as refusal:
            answer = self._turned_away(request, refusal)
        except ClientDisconnect:  # left, or was cut, before the form had come
            return
        if answer is not None:
            await answer(scope, receive, dressed)
        else:
            await self.app(scope, receive, dressed)

    async def _check(self, request: Request, visit: str) -> Response | None:
        """None: go on. The form of a POST has been read by then."""
        if not self.admission.knows_host(request.headers.get("host", "")):
            raise RefusedError(421, phrase("this host name is not served here"))
        if request.method not in ("GET", "HEAD", "POST"):
            raise RefusedError(405, phrase("only GET and POST"))
        if request.method == "POST":
            body = await _bounded_body(request)
            _need_own_origin(request)
            form = _form(request, body)
            if not (visit and hmac.compare_digest(self.csrf(visit), form.get(CSRF_FIELD, ""))):
                raise RefusedError(403, phrase("the form is too old; load the page again"))
            request.scope["state"]["form"] = form
        if request.scope["state"]["signed_in"] or _is_open(request.url.path):
            return None
        if request.method == "GET" and not request.url.path.startswith("/api/"):
            return RedirectResponse("/login", 303)
        raise RefusedError(401, phrase("sign in first"))

    def _turned_away(self, request: Request, refusal: RefusedError) -> Response:
        """A page for a browser that found us by our name; one line for anybody else."""
        ours = self.admission.knows_host(request.headers.get("host", ""))
        reads = "text/html" in request.headers.get("accept", "")
        if self._refused is None or not ours or not reads:
            return PlainTextResponse(refusal.line + "\n", refusal.status)
        return self._refused(request, refusal.status, refusal.line)

    def csrf(self, visit: str) -> str:
        """What a form must carry beside the cookie ``visit``; cannot be made without our secret."""
        return hmac.new(self._secret, visit.encode(), sha256).hexdigest()

    def _is_signed_in(self, request: Request) -> bool:
        if self.sessions is None:
            return True
        return self.sessions.holds(request.cookies.get(SESSION_COOKIE, ""))

    def _dressed(self, send: Send, fresh: str, *, secure: bool) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if fresh:
                    headers.append("set-cookie", cookie(VISIT_COOKIE, fresh, secure=secure))
            await send(message)

        return dressed


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """A ``Set-Cookie`` line that scripts and other sites cannot use."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts)


def _sound_visit(value: str) -> bool:
    return re.fullmatch(r"[\w-]{16,64}", value, re.ASCII) is not None


def _is_open(path: str) -> bool:
    return path == "/login" or path.startswith("/static/")


async def _bounded_body(request: Request) -> bytes:
    """The body, refused as soon as it is longer than allowed, whatever its header claims."""
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdigit():
        raise RefusedError(400, phrase("unsound content-length"))
    if int(claimed) > MAX_BODY_BYTES:
        raise RefusedError(
            413, phrase("more than {max_body_bytes} bytes", max_body_bytes=f"{MAX_BODY_BYTES:,}")
        )
    parts, total = [], 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > MAX_BODY_BYTES:
            raise RefusedError(
                413,
                phrase("more than {max_body_bytes} bytes", max_body_bytes=f"{MAX_BODY_BYTES:,}"),
            )
        parts.append(chunk)
    return b"".join(parts)


def _need_own_origin(request: Request) -> None:
    """The browser must say that the form is ours: by ``Origin`` or by ``Sec-Fetch-Site``."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is not None:
        parts = urlsplit(origin) if origin.count("://") == 1 else None
        ours = parts is not None and parts.netloc.lower() == request.headers["host"].lower()
        if not ours or parts is None or parts.scheme not in ("http", "https"):
            raise RefusedError(403, phrase("the form comes from another site"))
    if site not in (None, "same-origin") or (origin is None and site is None):
        raise RefusedError(403, phrase("the form comes from another site"))


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise RefusedError(415, phrase("only urlencoded forms"))
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except (ValueError, UnicodeDecodeError):
        raise RefusedError(400, phrase("the form cannot be read")) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise RefusedError(400, phrase("a field comes twice"))
    return form
