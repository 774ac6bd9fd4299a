"""Encrypted feeds: the name is verified although the socket goes to a checked address."""

from __future__ import annotations

import ssl
import threading
import time

import pytest

from feeds.guard import GuardedTransport
from feeds.wire import FetchFailedError


def fetcher_for(certificate, make_fetcher, *, trusted: bool = True, **settings: object):
    context = ssl.create_default_context(cafile=str(certificate[0])) if trusted else None
    transport = GuardedTransport(
        resolve=lambda host, port: ["127.0.0.1"],
        monotonic=time.monotonic,
        allow_private=True,
        ssl_context=context,
    )
    return make_fetcher(transport=transport, **settings)


def test_the_name_is_sent_and_verified(secure, certificate, make_fetcher, ask):
    """Connecting to a number changes nothing for TLS: the host's name is asked for and checked."""
    secure.route("/", b"secret")
    fetcher = fetcher_for(certificate, make_fetcher)

    got = ask(f"https://feeds.test:{secure.port}/", fetcher=fetcher)

    assert got.body == b"secret"
    assert secure.names == ["feeds.test"]
    assert secure.asked[0].headers["host"] == f"feeds.test:{secure.port}"


@pytest.mark.parametrize(("host", "trusted"), [("other.test", True), ("feeds.test", False)])
def test_a_certificate_that_does_not_fit_is_refused(
    host, trusted, secure, certificate, make_fetcher, ask
):
    """Another name, or nobody we trust behind it: no request is sent."""
    fetcher = fetcher_for(certificate, make_fetcher, trusted=trusted)

    with pytest.raises(FetchFailedError, match="CERTIFICATE_VERIFY_FAILED") as failure:
        ask(f"https://{host}:{secure.port}/", fetcher=fetcher)

    assert failure.value.reason == "network"
    assert secure.asked == []


def test_a_redirect_cannot_take_the_encryption_away(secure, certificate, make_fetcher, ask):
    """Over a real connection: the plain address is never connected to."""
    secure.route("/", lambda x: x.reply(301, Location=f"http://feeds.test:{secure.port}/plain"))
    fetcher = fetcher_for(certificate, make_fetcher)

    with pytest.raises(FetchFailedError) as failure:
        ask(f"https://feeds.test:{secure.port}/", fetcher=fetcher)

    assert failure.value.reason == "downgrade"
    assert secure.connections == 1


def test_a_handshake_that_never_ends_is_dropped(server, certificate, make_fetcher, ask):
    """A server that accepts and stays silent costs the deadline, encrypted or not."""
    release = threading.Event()

    def silent(conn):
        with conn:
            release.wait(5)

    server.serve = silent
    fetcher = fetcher_for(certificate, make_fetcher, deadline_seconds=0.3)

    with pytest.raises(FetchFailedError) as failure:
        ask(f"https://feeds.test:{server.port}/", fetcher=fetcher)
    release.set()

    assert failure.value.reason == "timeout"
