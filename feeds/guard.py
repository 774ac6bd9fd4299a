"""The guarded way out: no private address, no endless connection.

``httpx`` has neither a defence against server-side request forgery nor a total deadline (its
timeouts are per phase, so one byte a second lives for ever). Both sit here, below HTTP:

* a host is resolved once, *every* address is checked, and the socket connects to a checked address,
  so a second DNS answer cannot move it; TLS still verifies the host name;
* every read, write and handshake is cut by the wall-clock deadline of the document.

Behind a proxy the proxy connects, so the target is judged before it is asked for: a name that this
machine can resolve by its addresses, a name that it cannot only over https, where the target has to
prove the name by its certificate. The proxy itself is the user's own word and may be private.

``GuardedTransport`` is an ``httpx`` transport; the resolver, the proxies and the clock are passed
in.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import httpcore
import httpx

from engine.phrases import phrase
from feeds.proxies import Proxies, Proxy

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) to numeric addresses; raises ``OSError`` when there are none."""

MAX_ADDRESSES_TRIED = 4
CONNECT_SECONDS = 10.0
JUDGE_SECONDS = 2.0
"""Behind a proxy our own name server often knows nothing; longer than this it is not waited for."""


class RefusedAddressError(httpx.ConnectError):
    """The host leads to an address that must not be connected to."""


class RefusedByProxyError(httpx.ProxyError):
    """The proxy did not make the connection; ``status`` is its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


# --- addresses ------------------------------------------------------------------------------

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Never reachable, not even for an intranet feed: link-local (cloud metadata), multicast, reserved,
# and the metadata services that live in unique-local or shared space (AWS over IPv6, Alibaba).
_NEVER = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "fe80::/10", "fec0::/10", "ff00::/8", "100::/64", "2001:db8::/32", "64:ff9b:1::/48",
        "fd00:ec2::254/128", "100.100.100.200/32",
    )
)  # fmt: skip
# The fixed prefixes that carry an IPv4 address inside: (network, bits to shift it down).
_EMBEDDING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
_METADATA_HOSTS = frozenset(("metadata.google.internal", "metadata.goog", "instance-data"))
"""Names under which clouds hand out credentials to whatever runs there."""
_LEGACY_IPV4 = re.compile(r"[0-9a-fx.]+\Z")  # decimal, octal, hexadecimal and short forms


def literal_address(host: str) -> str | None:
    """The address ``host`` spells out, in its usual form; None when ``host`` is a name.

    Covers what C libraries accept: ``2130706433``, ``0x7f.1``, ``0177.0.0.1``, ``[::1]``.
    """
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host.split("%")[0]))
    except ValueError:
        pass
    if _LEGACY_IPV4.match(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return None
    return None


def refusal(address: str, *, allow_private: bool = False) -> str | None:
    """Why ``address`` must not be connected to; None when it may.

    Public unicast only; ``allow_private`` adds loopback, RFC 1918, CGNAT and unique-local, for
    feeds inside one's own network. IPv4 inside IPv6 is unwrapped first.
    """
    try:
        parsed = _unwrapped(ipaddress.ip_address(address.split("%")[0]))
    except ValueError:
        return f"'{address[:60]}' is not an address"
    if parsed == ipaddress.ip_address("::") or any(
        parsed in net for net in _NEVER if net.version == parsed.version
    ):
        return f"{parsed} is link-local, multicast, reserved or a metadata service"
    if not parsed.is_global and not allow_private:
        return f"{parsed} is a private address"
    return None


def _unwrapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo is not None:
            return address.teredo[1]
        for network, shift in _EMBEDDING:
            if address in network:
                return ipaddress.IPv4Address((int(address) >> shift) & 0xFFFF_FFFF)
        if int(address) >> 32 == 0 and int(address) > 1:  # ::a.b.c.d, deprecated but parsed
            return ipaddress.IPv4Address(int(address))
    return address


def checked_addresses(
    host: str, port: int, resolve: Resolver, *, allow_private: bool = False
) -> tuple[str, ...]:
    """The addresses of ``host``, all of them checked.

    One forbidden address among many refuses the host: a mixed answer is how rebinding looks.
    Raises ``RefusedAddressError``; ``OSError`` from the resolver passes through.
    """
    if host.rstrip(".").lower() in _METADATA_HOSTS:
        raise RefusedAddressError(phrase("{host}: a metadata service of a cloud", host=host))
    literal = literal_address(host)
    found = (literal,) if literal else tuple(dict.fromkeys(resolve(host, port)))
    if not found:
        raise OSError(phrase("no address for {host}", host=host))
    for address in found:
        if reason := refusal(address, allow_private=allow_private):
            raise RefusedAddressError(f"{host}: {reason}")
    return found[:MAX_ADDRESSES_TRIED]


def system_resolver(host: str, port: int) -> tuple[str, ...]:
    """What the operating system says about ``host``, numeric, in its order of preference."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(str(info[4][0]) for info in infos)


# --- transport ------------------------------------------------------------------------------


class _Deadline(threading.local):
    """The instant, on the monotonic clock, at which this thread's document must be done."""

    at: float = float("inf")


class _Stream(httpcore.NetworkStream):
    """A socket whose every operation ends at the deadline of the thread using it."""

    def __init__(self, inner: httpcore.NetworkStream, left: Callable[[float | None], float]):
        self._inner, self._left = inner, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Stream(inner, self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(
        self,
        resolve: Resolver,
        allow_private: bool,
        left: Callable[[float | None], float],
    ):
        self._resolve, self._allow_private, self._left = resolve, allow_private, left
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self.addresses(host, port)
        for last, address in enumerate(addresses, 1 - len(addresses)):
            try:
                inner = self._sockets.connect_tcp(
                    address, port, self._left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
            else:
                return _Stream(inner, self._left)
        raise httpcore.ConnectError(f"no address of {host} answers")  # pragma: no cover

    def addresses(self, host: str, port: int, seconds: float = CONNECT_SECONDS) -> tuple[str, ...]:
        """``checked_addresses`` in a thread of its own, because name look-ups know no timeout."""
        if literal_address(host):
            return self._checked(host, port)
        outcome: list[tuple[str, ...] | BaseException] = []

        def look_up() -> None:
            try:
                outcome.append(self._checked(host, port))
            except Exception as error:
                outcome.append(error)

        thread = threading.Thread(target=look_up, daemon=True, name=f"resolve {host}")
        thread.start()
        thread.join(self._left(seconds))
        if not outcome:
            raise httpcore.ConnectTimeout("no answer from the name server")
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def _checked(self, host: str, port: int) -> tuple[str, ...]:
        try:
            return checked_addresses(host, port, self._resolve, allow_private=self._allow_private)
        except OSError as error:
            raise httpcore.ConnectError(
                phrase("name not resolved ({error})", error=error)
            ) from error


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response):
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _HttpxErrors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _HttpxErrors:
    """Turns the errors of ``httpcore`` into those of ``httpx``, so that callers know one tree."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpcore.ConnectTimeout):
            raise httpx.ConnectTimeout(str(error) or phrase("no connection in time")) from error
        if isinstance(error, httpcore.ProxyError):
            status = str(error)[:3]
            raise RefusedByProxyError(
                f"the proxy answered {status}", int(status) if status.isdigit() else 0
            ) from error
        if isinstance(error, httpcore.TimeoutException):
            raise httpx.ReadTimeout(str(error) or phrase("no data in time")) from error
        if isinstance(error, httpcore.ConnectError):
            raise httpx.ConnectError(str(error)) from error
        if isinstance(error, httpcore.NetworkError):
            raise httpx.ReadError(str(error)) from error
        if isinstance(error, httpcore.ProtocolError):
            raise httpx.RemoteProtocolError(str(error)) from error


class GuardedTransport(httpx.BaseTransport):
    """HTTP/1.1 over checked addresses and under a deadline.

    The request's ``extensions["deadline"]`` is an instant of ``monotonic``; without one a request
    has only the phase timeouts. ``ssl_context`` is for tests; the default verifies certificates.
    proxies: the ways out that the environment names.
    """

    def __init__(
        self,
        *,
        resolve: Resolver,
        monotonic: Callable[[], float],
        allow_private: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 160,
        proxies: Proxies | None = None,
    ):
        self._monotonic, self._deadline = monotonic, _Deadline()
        self._proxies, self._resolve = proxies or Proxies(), resolve
        self._targets = _Backend(resolve, allow_private, self._left)
        self._ssl = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._bounds: dict[str, Any] = {
            "max_connections": max_connections,
            "max_keepalive_connections": 64,
            "keepalive_expiry": 5.0,
        }
        self._pools: dict[Proxy | None, httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def _pool(self, proxy: Proxy | None) -> httpcore.ConnectionPool:
        """The connections through ``proxy``, or the direct ones."""
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._made(proxy)
            return self._pools[proxy]

    def _made(self, proxy: Proxy | None) -> httpcore.ConnectionPool:
        if proxy is None:
            return httpcore.ConnectionPool(
                ssl_context=self._ssl, network_backend=self._targets, **self._bounds
            )
        return httpcore.HTTPProxy(
            str(proxy),
            proxy_auth=proxy.auth,
            ssl_context=self._ssl,
            network_backend=_Backend(self._resolve, True, self._left),
            **self._bounds,
        )

    def _way(self, url: httpx.URL) -> Proxy | None:
        """The proxy for ``url``, after its target was judged; None for a direct connection."""
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii")
        proxy = self._proxies.of(url.scheme, host, port)
        if proxy is not None:
            self._judge(url.scheme, host, port)
        return proxy

    def _judge(self, scheme: str, host: str, port: int) -> None:
        """Raise unless the proxy may be asked for this target."""
        try:
            self._targets.addresses(host, port, JUDGE_SECONDS)
        except (httpcore.ConnectTimeout, httpcore.ConnectError):
            if scheme != "https":
                raise RefusedAddressError(
                    f"{host}: its address is not known here, and without https nothing proves "
                    "the name"
                ) from None

    def _left(self, timeout: float | None) -> float:
        left = self._deadline.at - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the document took too long")
        return left if timeout is None else min(timeout, left)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; the body is streamed by the caller, who closes the response."""
        self._deadline.at = float(request.extensions.get("deadline", float("inf")))
        with _HttpxErrors():
            answer = self._pool(self._way(request.url)).handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=dict(request.extensions),
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions={}
        )

    def close(self) -> None:
        """Close every pooled connection."""
        for pool in self._pools.values():
            pool.close()
