"""One document over HTTP, politely and within bounds.

What a fetch promises, whatever the other side does:

* at most 30 s of wall clock, 15 MiB after decompression, 5 redirects, 3 tries;
* no private address on any hop, and never from https to http (see ``feeds.guard``);
* one honest User-Agent; conditional requests; ``Retry-After`` obeyed for the whole host;
* a token bucket per host, and a budget for retries shared by all feeds.

The bounds are those miniflux and lemon24/reader run in production with. The clock, the sleep, the
jitter, the resolver and the transport are passed in; nothing here reads the wall clock.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from random import Random

import httpx

from config.feeds import HostLimit as HostLimit
from engine.phrases import phrase
from feeds.guard import (
    GuardedTransport,
    RefusedAddressError,
    RefusedByProxyError,
    Resolver,
    system_resolver,
)
from feeds.proxies import BadProxyError
from feeds.wire import (
    Fetched,
    FetchFailedError,
    FetchSettings,
    Reason,
    Request,
    redact,
)

MIN_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS = 60.0, 86_400.0
MAX_HOST_WAIT_SECONDS = 10.0
"""Longer than this a worker does not queue for its host: the feed is due again later instead."""

RETRY_HOST_WAIT_SECONDS = 1.0
"""A retry that would have to queue for its host is not worth it."""

_INFLATE_STEP = 64 * 1024
_BACKOFF_SECONDS = 0.5
_PHASE_SECONDS = {"connect": 10.0, "read": 15.0, "write": 10.0, "pool": 30.0}
_RETRY_BURST, _RETRIES_PER_SECOND = 60, 0.1


# --- manners --------------------------------------------------------------------------------


class TokenBucket:
    """Thread-safe; ``reserve`` books the next free place."""

    def __init__(self, limit: HostLimit, monotonic: Callable[[], float]):
        self._limit, self._monotonic = limit, monotonic
        self._tokens, self._at = limit.burst, monotonic()
        self._lock = threading.Lock()

    def reserve(self, max_wait: float = 0.0) -> tuple[bool, float]:
        """(granted, seconds): the wait that goes with the place, or how far off one would be."""
        with self._lock:
            now = self._monotonic()
            gained = (now - self._at) * self._limit.per_second
            self._tokens = min(self._limit.burst, self._tokens + gained)
            self._at = now
            wait = max(0.0, (1.0 - self._tokens) / self._limit.per_second)
            if wait > max_wait:
                return False, wait
            self._tokens -= 1.0
            return True, wait


class _Hosts:
    """Buckets and pauses per host; a limit for ``sec.gov`` is shared by all its subdomains."""

    def __init__(
        self,
        limits: Mapping[str, HostLimit],
        default: HostLimit,
        monotonic: Callable[[], float],
    ):
        self._limits, self._default, self._monotonic = dict(limits), default, monotonic
        self._buckets: dict[str, TokenBucket] = {}
        self._paused: dict[str, float] = {}
        self._lock = threading.Lock()

    def _group(self, host: str) -> str | None:
        known = [name for name in self._limits if host == name or host.endswith("." + name)]
        return max(known, key=len, default=None)

    def reserve(self, host: str, *, private: bool, max_wait: float) -> tuple[bool, float]:
        """A place for one request. Private feeds without a limit of their own need no manners."""
        group = self._group(host)
        with self._lock:
            pause = self._paused.get(group or host, 0.0) - self._monotonic()
            if pause > 0:
                return False, pause
            if group is None and private:
                return True, 0.0
            key = group or host
            limit = self._limits[group] if group else self._default
            bucket = self._buckets.get(key)
            if bucket is None:
                bucket = self._buckets[key] = TokenBucket(limit, self._monotonic)
        return bucket.reserve(max_wait)

    def pause(self, host: str, seconds: float) -> None:
        """No request to ``host`` (and those sharing its limit) for ``seconds``."""
        key = self._group(host) or host
        with self._lock:
            self._paused[key] = max(self._paused.get(key, 0.0), self._monotonic() + seconds)


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """``Retry-After`` in seconds, held between one minute and one day; None when it says nothing.

    Both forms of RFC 9110 section 10.2.3 are read; negative and absurd values are held too.
    """
    value = value.strip()
    if re.fullmatch(r"[+-]?\d{1,300}(\.\d{1,9})?", value):
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
            return None
    return min(max(seconds, MIN_RETRY_AFTER_SECONDS), MAX_RETRY_AFTER_SECONDS)


def rate_limit_seconds(headers: httpx.Headers, now: datetime) -> float | None:
    """How long a refusal asks for silence: ``Retry-After``, else the ``t`` of ``RateLimit``.

    The latter (``"api";r=0;t=243``, draft-ietf-httpapi-ratelimit-headers) is Hugging Face's form;
    of several policies the longest with nothing left counts.
    """
    wait = retry_after_seconds(headers.get("retry-after", ""), now)
    if wait is not None:
        return wait
    asked = [
        int(match[1])
        for policy in headers.get("ratelimit", "")[:512].split(",")
        if re.search(r";\s*r=0\s*(?:;|$)", policy)
        and (match := re.search(r";\s*t=(\d{1,9})\s*(?:;|$)", policy))
    ]
    return retry_after_seconds(str(max(asked)), now) if asked else None


def fresh_seconds(headers: httpx.Headers, now: datetime) -> float | None:
    """``Cache-Control: max-age`` or else ``Expires`` in seconds, 0 to one day; None when absent."""
    if match := re.search(r"max-age=\s*\"?(\d{1,12})", headers.get("cache-control", "")):
        return min(float(match.group(1)), MAX_RETRY_AFTER_SECONDS)
    try:
        left = (parsedate_to_datetime(headers["expires"]) - now).total_seconds()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return min(max(left, 0.0), MAX_RETRY_AFTER_SECONDS)


# --- decompression with a bound -------------------------------------------------------------


# "none" and a charset stand there by mistake at some servers; the bytes are as they are.
_NO_ENCODING = frozenset(("", "identity", "none", "utf-8", "utf8"))


def inflated(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """``chunks`` decoded in pieces of at most 64 KiB, so that a bomb is seen while still small.

    Raises ``ValueError`` for an encoding we did not ask for, damaged or truncated data.
    """
    named = [part.strip() for part in encoding.lower().split(",")]
    applied = [name for name in named if name not in _NO_ENCODING]
    if not applied:
        yield from chunks
        return
    if len(applied) > 1 or applied[0] not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"unexpected content encoding '{encoding[:40]}'")
    yield from _zlib_pieces(chunks)


_GZIP = b"\x1f\x8b"


def _zlib_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by the header
    fed = False
    for chunk in chunks:
        data = chunk
        while data:
            if decoder.eof:
                data = data.lstrip(b"\0")  # some servers pad to a block; gzip(1) ignores it too
                if not data:
                    break
                if not data.startswith(_GZIP[: len(data)]):
                    return  # what follows a whole member and is none: gzip(1) ignores it as well
                decoder = zlib.decompressobj(wbits=47)
            try:
                piece = decoder.decompress(data, _INFLATE_STEP)
            except zlib.error as error:
                if fed:
                    raise ValueError(f"damaged compression: {error}") from None
                decoder, fed = zlib.decompressobj(wbits=-15), True  # "deflate" without its header
                continue
            fed = True
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            yield piece
            while len(piece) == _INFLATE_STEP and not data and not decoder.eof:
                piece = decoder.decompress(b"", _INFLATE_STEP)
                yield piece
    if fed and not decoder.eof:
        raise ValueError("compressed data ends early")


# --- the fetcher ----------------------------------------------------------------------------


class Fetcher:
    """Thread-safe; one per process. ``close`` it, or use it in a ``with``.

    transport: one seam for tests; by default a ``GuardedTransport`` over ``resolve``, made at the
    first request of its kind. sleep, monotonic, jitter (0 to 1): passed in so tests need no time.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolver = system_resolver,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] | None = None,
    ):
        self.settings = settings
        self._given, self._resolve = transport, resolve
        self._monotonic, self._sleep = monotonic, sleep
        self._jitter = jitter or Random().random  # noqa: S311 - spreads load, keeps no secret
        self._transports: dict[bool, httpx.BaseTransport] = {}
        self._lock = threading.Lock()
        self._hosts = _Hosts(settings.host_limits, settings.default_limit, monotonic)
        self._retries = TokenBucket(
            HostLimit(per_second=_RETRIES_PER_SECOND, burst=_RETRY_BURST), monotonic
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, also those of a transport that was passed in."""
        for transport in (self._given, *self._transports.values()):
            if transport is not None:
                transport.close()
        self._transports.clear()

    def get(self, request: Request, now: datetime) -> Fetched:
        """The document of ``request``.

        Raises ``FetchFailedError``. Server errors and broken connections are tried up to three
        times with jittered, doubling pauses, as long as the deadline and the retry budget allow.
        """
        if request.needs_contact and not self.settings.contact:
            raise FetchFailedError(
                request.feed,
                phrase("this source asks every client for a contact address"),
                reason="no_contact",
                remedy=phrase("set mail under [contact] in nvsignal.toml"),
            )
        deadline = self._monotonic() + self.settings.deadline_seconds
        failure: FetchFailedError | None = None
        for attempt in range(self.settings.max_tries):
            if failure is not None and not self._pause(attempt, deadline):
                break
            patience = RETRY_HOST_WAIT_SECONDS if attempt else MAX_HOST_WAIT_SECONDS
            try:
                return self._follow(request, deadline, now, patience)
            except FetchFailedError as error:
                if failure is None or error.reason != "deferred":
                    failure = error
                if error.reason not in ("unavailable", "network") or error.wait_seconds:
                    break
        assert failure is not None
        raise failure

    def _pause(self, attempt: int, deadline: float) -> bool:
        """Sleep before a retry; False when the deadline or the shared budget forbids it."""
        pause = _BACKOFF_SECONDS * 2**attempt * (0.5 + 0.5 * self._jitter())
        if self._monotonic() + pause >= deadline or not self._retries.reserve()[0]:
            return False
        self._sleep(pause)
        return True

    def _follow(self, request: Request, deadline: float, now: datetime, patience: float) -> Fetched:
        """The document at the end of the redirects, each hop checked like the first."""
        url, moved_to, permanent = _checked_url(request, request.url), "", True
        for _ in range(self.settings.max_redirects + 1):
            deadline += self._wait_turn(request, url, patience)
            response = self._send(request, url, deadline)
            try:
                target = _redirect_target(response, url)
                if target is None:
                    fetched = self._received(request, url, response, deadline, now)
                    return replace(fetched, moved_to=moved_to)
                permanent = permanent and response.status_code in (301, 308)
            finally:
                response.close()
            following = _checked_url(request, target)
            if url.scheme == "https" and following.scheme != "https":
                raise FetchFailedError(
                    request.feed,
                    phrase("redirect from https to {target}", target=str(redact(target))),
                    reason="downgrade",
                )
            url = following
            moved_to = str(url) if permanent else moved_to
        raise FetchFailedError(
            request.feed,
            phrase(
                "more than {max_redirects} redirects from {url}",
                max_redirects=self.settings.max_redirects,
                url=str(redact(request.url)),
            ),
            reason="redirects",
        )

    def _wait_turn(self, request: Request, url: httpx.URL, patience: float) -> float:
        """Sleep until the host may be asked; the seconds slept do not count for the deadline."""
        granted, wait = self._hosts.reserve(
            url.host, private=request.allow_private, max_wait=patience
        )
        if not granted:
            raise FetchFailedError(
                request.feed,
                phrase("{host} is not due for {wait:int} s", host=url.host, wait=wait),
                reason="deferred",
                wait_seconds=wait,
            )
        if wait:
            self._sleep(wait)
        return wait

    def _send(self, request: Request, url: httpx.URL, deadline: float) -> httpx.Response:
        outgoing = httpx.Request(
            "GET",
            url,
            headers=self._headers(request, url),
            extensions={"deadline": deadline, "timeout": _PHASE_SECONDS},
        )
        try:
            return self._transport(request.allow_private).handle_request(outgoing)
        except BadProxyError as error:
            raise FetchFailedError(request.feed, str(error), reason="proxy") from None
        except httpx.TransportError as error:
            raise _network_failure(request, url, error) from error

    def _headers(self, request: Request, url: httpx.URL) -> dict[str, str]:
        headers = {
            "User-Agent": self.settings.agent,
            "Accept": request.accept,
            "Accept-Encoding": "gzip, deflate",
        }
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        first = url if str(url) == request.url else httpx.URL(request.url)
        if first.userinfo and (url.scheme, url.netloc) == (first.scheme, first.netloc):
            headers["Authorization"] = _basic(first)
        name, value = request.key
        trusted = url.scheme == "https" or request.allow_private
        if name and trusted and url.host == first.host:
            headers[name] = value
        if request.referer and url.host == first.host:
            headers["Referer"] = request.referer
        return headers

    def _transport(self, allow_private: bool) -> httpx.BaseTransport:
        if self._given is not None:
            return self._given
        with self._lock:
            if allow_private not in self._transports:
                self._transports[allow_private] = GuardedTransport(
                    resolve=self._resolve,
                    monotonic=self._monotonic,
                    allow_private=allow_private,
                    proxies=self.settings.proxies,
                )
            return self._transports[allow_private]

    def _received(
        self,
        request: Request,
        url: httpx.URL,
        response: httpx.Response,
        deadline: float,
        now: datetime,
    ) -> Fetched:
        status, headers = response.status_code, response.headers
        conditional = bool(request.etag or request.last_modified)
        if status == 304 and conditional:
            body = b""
        elif status in (200, 203):
            body = self._body(request, url, response, deadline)
        else:
            raise self._refused(request, url, response, now)
        kept = (request.etag, request.last_modified) if status == 304 else ("", "")
        return Fetched(
            url=str(url),
            body=body,
            not_modified=status == 304,
            etag=_header(headers, "etag") or kept[0],
            last_modified=_header(headers, "last-modified") or kept[1],
            content_type=_header(headers, "content-type"),
            fresh_seconds=fresh_seconds(headers, now),
            next_url=_next_url(headers, url),
        )

    def _body(
        self, request: Request, url: httpx.URL, response: httpx.Response, deadline: float
    ) -> bytes:
        limit = self.settings.max_bytes
        too_large = FetchFailedError(
            request.feed,
            phrase("{host} sent more than {limit:int} MiB", host=url.host, limit=limit / 2**20),
            reason="too_large",
        )
        declared = response.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:18]) > limit:
            raise too_large
        body = bytearray()
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        try:
            for piece in inflated(stream, response.headers.get("content-encoding", "")):
                body += piece
                if len(body) > limit:
                    raise too_large
                if self._monotonic() > deadline:
                    raise httpx.ReadTimeout("the document took too long")
        except httpx.TransportError as error:
            raise _network_failure(request, url, error) from error
        except ValueError as error:
            raise FetchFailedError(
                request.feed,
                phrase("{host}: {error}", host=url.host, error=error),
                reason="bad_reply",
            ) from error
        return bytes(body)

    def _refused(
        self, request: Request, url: httpx.URL, response: httpx.Response, now: datetime
    ) -> FetchFailedError:
        status = response.status_code
        wait = rate_limit_seconds(response.headers, now)
        if status == 429 and wait is None:
            wait = MIN_RETRY_AFTER_SECONDS
        if status not in (429, 503):
            wait = None
        if wait is not None:
            self._hosts.pause(url.host, wait)
        return FetchFailedError(
            request.feed,
            phrase("{host} answered {status}", host=url.host, status=str(status)),
            reason=_reason(status),
            wait_seconds=wait,
            remedy=_BOT_WALL if _is_challenge(response.headers) else _REMEDIES.get(status),
        )


def _basic(url: httpx.URL) -> str:
    """``user:password@`` of a stanza's address as a header; for that host and port alone."""
    pair = f"{url.username}:{url.password}".encode()
    return f"Basic {b64encode(pair).decode('ascii')}"


def _is_challenge(headers: httpx.Headers) -> bool:
    return str(headers.get("cf-mitigated", "")).strip().lower() == "challenge"


_BOT_WALL = phrase(
    "a bot wall wants a browser here; no setting helps, another address of the source may"
)


_REMEDIES = {
    403: phrase(
        "the source refuses this client; a mail address under [contact] may be what it asks for"
    ),
    410: phrase("the feed is gone for good; remove its stanza or give it a new url"),
}


_PROXY_REMEDIES = {
    403: phrase("the proxy does not let this host through: ask who runs it"),
    407: phrase("the proxy wants a name: http://user:password@host:port in HTTPS_PROXY"),
}


def _reason(status: int) -> Reason:
    known: dict[int, Reason] = {
        401: "forbidden", 403: "forbidden", 404: "not_found", 410: "gone", 429: "rate_limited",
        451: "forbidden",
    }  # fmt: skip
    return known.get(status, "unavailable" if 500 <= status <= 599 else "bad_reply")


def _header(headers: httpx.Headers, name: str) -> str:
    """One header, kept only when it is short and plain enough to be stored and sent back."""
    value = headers.get(name, "").strip()
    return value if len(value) <= 512 and value.isascii() and value.isprintable() else ""


def _next_url(headers: httpx.Headers, url: httpx.URL) -> str:
    """The next page of a list; "" unless it lies at the same host and path as this one."""
    found = re.search(r'<([^<>\s]{1,2000})>\s*;\s*rel="?next\b', headers.get("link", "")[:8_192])
    try:
        target = url.join(found[1]) if found else None
    except (httpx.InvalidURL, ValueError):
        return ""
    same = target is not None and (target.scheme, target.netloc, target.path) == (
        url.scheme, url.netloc, url.path,
    )  # fmt: skip
    return str(target) if same else ""


_HOST = re.compile(r"\[?[A-Za-z0-9._:-]{1,253}\]?\Z")


def _checked_url(request: Request, text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
        usable = url.scheme in ("http", "https") and bool(_HOST.match(host))
    except (httpx.InvalidURL, ValueError, TypeError):
        usable = False
    if not usable:
        raise FetchFailedError(
            request.feed,
            phrase("'{text}' is not an http(s) address", text=redact(text)),
            reason="refused_address",
        )
    return url


def _redirect_target(response: httpx.Response, url: httpx.URL) -> str | None:
    """Where a redirect leads, resolved against ``url``; None when the response is not one."""
    location: str = response.headers.get("location", "").strip()
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError):
        return location


def _network_failure(
    request: Request, url: httpx.URL, error: httpx.TransportError
) -> FetchFailedError:
    if isinstance(error, RefusedAddressError):
        return FetchFailedError(
            request.feed,
            str(error),
            reason="refused_address",
            remedy=phrase(
                "allow_private = true in its stanza permits a source in your own network"
            ),
        )
    if isinstance(error, RefusedByProxyError) and error.status in _PROXY_REMEDIES:
        return FetchFailedError(
            request.feed,
            phrase("{host}: {error}", host=url.host, error=error),
            reason="proxy",
            remedy=_PROXY_REMEDIES[error.status],
        )
    reason: Reason = "timeout" if isinstance(error, httpx.TimeoutException) else "network"
    what = str(error) or type(error).__name__
    return FetchFailedError(
        request.feed, phrase("{host}: {what}", host=url.host, what=redact(what)), reason=reason
    )
