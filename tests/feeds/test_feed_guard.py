"""No feed can make the program talk to a private machine."""

from __future__ import annotations

import socket

import httpcore
import pytest

from feeds.guard import RefusedAddressError, _Backend, checked_addresses, literal_address, refusal
from feeds.wire import FetchFailedError, Request

# (host as written in a feed's address, what the resolver would say about it)
VECTORS = [
    ("127.0.0.1", []),
    ("127.1", []),
    ("2130706433", []),
    ("0x7f000001", []),
    ("0x7f.0.0.1", []),
    ("0177.0.0.1", []),
    ("0", []),
    ("0.0.0.0", []),
    ("10.0.0.1", []),
    ("172.16.5.4", []),
    ("192.168.1.1", []),
    ("100.64.0.1", []),
    ("169.254.169.254", []),
    ("198.18.0.1", []),
    ("224.0.0.1", []),
    ("255.255.255.255", []),
    ("[::1]", []),
    ("[::]", []),
    ("[::ffff:10.0.0.1]", []),
    ("[::ffff:169.254.169.254]", []),
    ("[::7f00:1]", []),
    ("[fe80::1]", []),
    ("[fc00::1]", []),
    ("[ff02::1]", []),
    ("[64:ff9b::7f00:1]", []),
    ("[2002:7f00:1::]", []),
    ("[2001:0:4136:e378:8000:63bf:80ff:fffe]", []),  # Teredo around 127.0.0.1
    ("localhost", ["127.0.0.1", "::1"]),
    ("intranet.example.com", ["10.1.2.3"]),
    ("rebind.example.com", ["93.184.216.34", "127.0.0.1"]),
    ("v6.example.com", ["::ffff:192.168.0.1"]),
    ("metadata.example.com", ["169.254.169.254"]),
]


@pytest.mark.parametrize(("host", "answers"), VECTORS)
def test_no_private_address_is_ever_connected_to(host, answers, make_fetcher, monkeypatch):
    """Not one socket is opened, however the address is written or resolved."""
    opened = []
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *a, **k: opened.append(a))
    fetcher = make_fetcher(resolve=lambda host, port: answers)

    with pytest.raises(FetchFailedError) as failure:
        fetcher.get(Request(feed="f", url=f"http://{host}/feed"), now=None)

    assert failure.value.reason == "refused_address"
    assert opened == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/x", "gopher://x", "//x"])
def test_only_http_addresses_are_asked(url, make_fetcher):
    """Another scheme never reaches the network layer."""
    fetcher = make_fetcher(resolve=lambda host, port: pytest.fail("resolved"))

    with pytest.raises(FetchFailedError) as failure:
        fetcher.get(Request(feed="f", url=url), now=None)

    assert failure.value.reason == "refused_address"


def test_a_redirect_to_a_private_address_is_refused(server, make_fetcher, ask):
    """The check is made on every hop, below the redirect."""
    server.route("/out", lambda x: x.reply(302, Location="http://169.254.169.254/latest"))

    with pytest.raises(FetchFailedError) as failure:
        ask(server.url + "/out")

    assert failure.value.reason == "refused_address"


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "::ffff:169.254.1.1", "0.0.0.0"]
)
def test_an_intranet_feed_still_cannot_reach_metadata_services(address):
    """``allow_private`` opens loopback and private ranges, never link-local or multicast."""
    assert refusal("10.0.0.1", allow_private=True) is None
    assert refusal("::1", allow_private=True) is None
    assert refusal(address, allow_private=True) is not None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_pass(address):
    """The guard refuses only what it must."""
    assert refusal(address) is None


def test_the_connection_goes_to_the_checked_address(monkeypatch):
    """The name is resolved once; a second answer could not move the socket."""
    asked, connected = [], []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(self, host, port, *args, **kwargs):
        connected.append((host, port))
        return httpcore.MockStream([])

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    backend = _Backend(resolve, False, lambda timeout: 5.0)

    backend.connect_tcp("example.com", 443, 5.0)

    assert asked == ["example.com"]
    assert connected == [("93.184.216.34", 443)]


def test_the_next_address_is_tried_when_one_is_dead(monkeypatch):
    """All checked addresses are tried in order; the last failure is the one reported."""
    connected = []

    def connect(self, host, port, *args, **kwargs):
        connected.append(host)
        if host == "93.184.216.34":
            raise httpcore.ConnectError("dead")
        return httpcore.MockStream([])

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    backend = _Backend(lambda h, p: ["93.184.216.34", "8.8.8.8"], False, lambda timeout: 5.0)

    backend.connect_tcp("example.com", 80, 5.0)

    assert connected == ["93.184.216.34", "8.8.8.8"]


def test_a_silent_name_server_does_not_hold_the_feed(make_fetcher):
    """A look-up has no timeout of its own; the deadline ends it."""
    import threading

    release = threading.Event()
    fetcher = make_fetcher(resolve=lambda h, p: release.wait(10) or [], deadline_seconds=0.2)

    with pytest.raises(FetchFailedError) as failure:
        fetcher.get(Request(feed="f", url="http://example.com/"), now=None)
    release.set()

    assert failure.value.reason == "timeout"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("[::1]", "::1"),
        ("example.com", None),
        ("dead.beef", None),
        ("1.2.3.4.5", None),
    ],
)
def test_numeric_hosts_are_read_as_the_c_library_would(host, address):
    """Decimal, octal, hexadecimal and short forms are addresses, names are not."""
    assert literal_address(host) == address


def test_a_host_without_addresses_is_a_network_failure():
    """No address is not a reason to look elsewhere."""
    with pytest.raises(OSError, match="no address"):
        checked_addresses("example.com", 80, lambda h, p: [])


def test_unresolvable_names_fail_after_three_tries(make_fetcher):
    """A name server's error is retried like any broken connection, three times at most."""
    tries = []

    def resolve(host: str, port: int) -> list[str]:
        tries.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(FetchFailedError) as failure:
        make_fetcher(resolve=resolve).get(Request(feed="f", url="http://nowhere.test/"), now=None)

    assert failure.value.reason == "network"
    assert len(tries) == 3


@pytest.mark.parametrize(
    "host", ["metadata.google.internal", "METADATA.google.internal.", "fd00:ec2::254",
             "[fd00:ec2::254]", "100.100.100.200", "169.254.169.254", "2852039166"],
)  # fmt: skip
def test_the_metadata_of_a_cloud_stays_closed(host):
    """By name and by number, also where private addresses are allowed and the name is public."""
    with pytest.raises(RefusedAddressError):
        checked_addresses(host, 80, lambda host, port: ["10.0.0.1"], allow_private=True)
