"""A proxy of the environment is used, and opens no door that was shut without it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from engine.service.logs import Redactor, secrets_of
from feeds.base import FeedsConfig, fetch_settings
from feeds.fetch import Fetcher
from feeds.guard import GuardedTransport
from feeds.proxies import BadProxyError, Proxies, proxies_of
from feeds.wire import FetchFailedError, Request

SECRET = "hunter2-planted"


@dataclass
class LoopbackProxy:
    """Speaks CONNECT and plain GET; tunnels everything to one port. Keeps the heads it was sent."""

    listener: socket.socket
    target: int = 0
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    heads: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                threads.append(threading.Thread(target=self._speak, args=(conn,)))
                threads[-1].start()
        for thread in threads:
            thread.join(5)

    def _speak(self, conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                piece = conn.recv(1)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode())
            if not head.startswith(b"CONNECT"):
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
                return
            conn.sendall(self.answer)
            if b" 200 " in self.answer[:20]:
                with socket.create_connection(("127.0.0.1", self.target)) as there:
                    back = threading.Thread(target=_copy, args=(there, conn))
                    back.start()
                    _copy(conn, there)
                    back.join(5)


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy() -> Iterator[LoopbackProxy]:
    made = LoopbackProxy(socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=made.serve)
    thread.start()
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()
    thread.join(10)


@pytest.fixture
def through(proxy, make_fetcher) -> Callable[..., Fetcher]:
    """A fetcher that has the proxy in its environment; ``resolve``: what our name server says."""

    def make(
        resolve: Sequence[str] | None = ("93.184.216.34",),
        *,
        allow_private: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> Fetcher:
        def answers(host: str, port: int) -> Sequence[str]:
            if resolve is None:
                raise OSError("unknown here")
            return resolve

        value = f"http://reader:{SECRET}@{proxy.address}"
        return make_fetcher(
            transport=GuardedTransport(
                resolve=answers,
                monotonic=time.monotonic,
                allow_private=allow_private,
                ssl_context=context,
                proxies=proxies_of({"HTTPS_PROXY": value, "http_proxy": value}),
            )
        )

    return make


def fetch(fetcher: Fetcher, url: str) -> bytes:
    return fetcher.get(Request(feed="f", url=url), now=None).body  # type: ignore[arg-type]


@pytest.mark.parametrize("resolve", [("93.184.216.34",), None])
def test_an_https_source_is_reached_through_the_tunnel(
    resolve,
    proxy,
    secure,
    certificate,
    through,
):
    """The proxy is asked for the name, with its password; TLS ends at the source and proves it.

    Also where our own name server does not know the name, as behind many firewalls.
    """
    secure.route("/feed", b"secret")
    proxy.target = secure.port
    context = ssl.create_default_context(cafile=str(certificate[0]))

    body = fetch(through(resolve, context=context), "https://feeds.test/feed")

    assert body == b"secret"
    (head,) = proxy.heads
    assert head.startswith("CONNECT feeds.test:443 HTTP/1.1")
    assert "Proxy-Authorization: Basic cmVhZGVyOmh1bnRlcjItcGxhbnRlZA==" in head
    assert secure.names == ["feeds.test"]
    assert "proxy-authorization" not in secure.asked[0].headers


def test_a_plain_source_is_asked_for_whole(proxy, through):
    """Without encryption the proxy gets the whole address."""
    assert fetch(through(), "http://feeds.test/feed?x=1") == b"plain"
    assert proxy.heads[0].startswith("GET http://feeds.test/feed?x=1 HTTP/1.1")


@pytest.mark.parametrize(
    ("url", "resolve", "allow_private"),
    [
        ("https://10.0.0.1/", (), False),
        ("https://2130706434/", (), False),
        ("https://intranet.example/", ("10.1.2.3",), False),
        ("https://rebind.example/", ("93.184.216.34", "192.168.0.1"), False),
        ("http://unknown.example/", None, False),
        ("https://169.254.169.254/latest/meta-data", (), True),
        ("https://metadata.google.internal/", None, True),
        ("https://metadata.example/", ("169.254.169.254",), True),
        ("http://[fd00:ec2::254]/", (), True),
    ],
)
def test_the_proxy_is_not_asked_for_a_forbidden_target(url, resolve, allow_private, proxy, through):
    """It would connect from inside; the guard holds before it, and metadata stays closed."""
    with pytest.raises(FetchFailedError) as failure:
        fetch(through(resolve, allow_private=allow_private), url)

    assert failure.value.reason == "refused_address"
    assert proxy.heads == []


def test_a_name_unknown_here_has_to_prove_itself(proxy, secure, certificate, through):
    """What the proxy connected to does not hold the name's certificate: nothing is sent."""
    secure.route("/", b"inner")
    proxy.target = secure.port
    context = ssl.create_default_context(cafile=str(certificate[0]))

    with pytest.raises(FetchFailedError) as failure:
        fetch(through(None, context=context), "https://other.test/")

    assert failure.value.reason == "network"
    assert secure.asked == []


@pytest.mark.parametrize(("status", "reason"), [(407, "proxy"), (403, "proxy"), (502, "network")])
def test_a_proxy_that_refuses_says_so_without_the_password(status, reason, proxy, through):
    """And what to do about it."""
    proxy.answer = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()

    with pytest.raises(FetchFailedError) as failure:
        fetch(through(), "https://feeds.test/")

    assert failure.value.reason == reason
    assert f"the proxy answered {status}" in str(failure.value)
    assert SECRET not in str(failure.value) + repr(failure.value)
    assert (reason == "proxy") == bool(failure.value.remedy)


def test_the_machine_itself_is_asked_directly(proxy, server, through):
    """A source on loopback needs no proxy, and a proxy could only reach its own loopback."""
    server.route("/feed", b"here")
    fetcher = through(allow_private=True)

    got = fetcher.get(Request(feed="f", url=f"{server.url}/feed", allow_private=True), now=None)

    assert got.body == b"here"
    assert proxy.heads == []


# --- what the environment says ------------------------------------------------------------------


def test_small_letters_win_and_a_web_server_is_not_believed():
    """As curl and Python do; HTTP_PROXY in capitals is a request header behind a web server."""
    both = proxies_of({"https_proxy": "http://small:1", "HTTPS_PROXY": "http://big:2"})
    behind = proxies_of({"HTTP_PROXY": "http://x:1", "REQUEST_METHOD": "GET"})

    assert str(both.of("https", "e.example", 443)) == "http://small:1"
    assert behind.of("http", "e.example", 80) is None
    assert proxies_of({}).of("https", "e.example", 443) is None
    assert str(proxies_of({"ALL_PROXY": "p:8"}).of("http", "e.example", 80)) == "http://p:8"


@pytest.mark.parametrize(
    ("left_out", "host", "port", "direct"),
    [
        ("*", "e.example", 443, True),
        ("example.com", "data.example.com", 443, True),
        (".example.com", "example.com", 443, True),
        ("example.com", "notexample.com", 443, False),
        ("a.example, b.example", "b.example", 443, True),
        ("b.example:8443", "b.example", 443, False),
        ("b.example:8443", "b.example", 8443, True),
        ("10.0.0.0/8", "10.2.3.4", 443, True),
        ("10.0.0.0/8", "11.2.3.4", 443, False),
        ("10.2.3.4", "10.2.3.4", 443, True),
        ("[fd00::1]", "fd00::1", 443, True),
        ("", "localhost", 443, True),
        ("", "127.0.0.1", 443, True),
        ("", "e.example", 443, False),
    ],
)
def test_no_proxy_names_what_is_asked_directly(left_out, host, port, direct):
    """Domains with their subdomains, ports, addresses, networks; this machine always."""
    proxies = proxies_of({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": left_out})

    assert (proxies.of("https", host, port) is None) == direct


@pytest.mark.parametrize(
    "value",
    [f"socks5://u:{SECRET}@p:1080", f"http://u:{SECRET}@:8", f"http://u:{SECRET}@p:99999999"],
)
def test_a_proxy_that_cannot_be_used_is_named_not_passed_over(value, make_fetcher):
    """Each source says why; the value, which holds a password, is in no message."""
    proxies = proxies_of({"HTTPS_PROXY": value})
    fetcher = make_fetcher(proxies=proxies, resolve=lambda host, port: ["93.184.216.34"])

    with pytest.raises(BadProxyError) as bad:
        proxies.of("https", "e.example", 443)
    with pytest.raises(FetchFailedError, match="HTTPS_PROXY") as failure:
        fetch(fetcher, "https://e.example/")

    assert failure.value.reason == "proxy"
    assert SECRET not in str(bad.value) + str(failure.value)


def test_the_password_is_in_no_description():
    """Settings may be printed; logs know the value as a secret."""
    environment = {"HTTPS_PROXY": f"http://u:{SECRET}@p:3128"}
    settings = fetch_settings(FeedsConfig(), version="0", environment=environment)

    assert SECRET not in repr(settings) + str(settings.proxies.of("https", "e.example", 443))
    assert str(settings.proxies.shown()["HTTPS_PROXY"]) == "http://p:3128"
    assert SECRET not in Redactor(secrets_of(environment))(f"failed at {environment}")
    assert fetch_settings(FeedsConfig(), version="0").proxies == Proxies()
