"""Which way out the environment names: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``.

Read once, where the program begins, and passed on: no library looks for itself. Spellings and
precedence are those of curl and of Python's own ``urllib`` (small letters win; ``HTTP_PROXY`` in
capitals is not believed where a web server set it, CVE-2016-5385). Proxies that speak HTTP are
used; any other is refused in words rather than passed over, since going round it is worse.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_NAMES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
_DEFAULT_PORTS = {"http": 3128, "https": 443}


class BadProxyError(ValueError):
    """A variable names no proxy that can be used; the message never holds its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy. ``auth``: user and password, None where it asks for none; in no message."""

    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The variables as they were found, small-lettered; values stay out of every message."""

    named: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy for this address; None for a direct connection.

        Raises ``BadProxyError`` for a variable that names no usable proxy. The program's own
        machine is always asked directly.
        """
        name = next((n for n in (f"{scheme}_proxy", "all_proxy") if self.named.get(n)), "")
        if not name or _is_here(host) or self._left_out(host, port):
            return None
        return _read(name.upper(), self.named[name])

    def shown(self) -> dict[str, Proxy | BadProxyError]:
        """Variable -> its proxy, or what is wrong with it; neither shows a password."""
        found: dict[str, Proxy | BadProxyError] = {}
        for name in _NAMES[:3]:
            if self.named.get(name):
                try:
                    found[name.upper()] = _read(name.upper(), self.named[name])
                except BadProxyError as error:
                    found[name.upper()] = error
        return found

    def _left_out(self, host: str, port: int) -> bool:
        """Whether ``NO_PROXY`` names it: ``*``, a domain, ``host:port``, address or network."""
        for entry in self.named.get("no_proxy", "").split(","):
            wanted = entry.strip().lower().strip("[]")
            if wanted and (wanted == "*" or _names(wanted, host, port)):
                return True
        return False


def proxies_of(environment: Mapping[str, str]) -> Proxies:
    """The proxies that ``environment`` names."""
    found: dict[str, str] = {}
    for name in _NAMES:
        behind_a_server = name == "http_proxy" and "REQUEST_METHOD" in environment
        value = environment.get(name) or (
            "" if behind_a_server else environment.get(name.upper(), "")
        )
        if value.strip():
            found[name] = value.strip()
    return Proxies(found)


def _read(name: str, value: str) -> Proxy:
    try:
        split = urlsplit(value if "://" in value else f"http://{value}")
        port = split.port
    except ValueError:
        raise BadProxyError(f"{name} names no proxy: http://host:port is wanted") from None
    if split.scheme not in _DEFAULT_PORTS:
        said = split.scheme if split.scheme.isalnum() and len(split.scheme) <= 10 else "other"
        raise BadProxyError(f"{name}: {said} proxies are not spoken, http://host:port is wanted")
    host = (split.hostname or "").lower()
    if not host:
        raise BadProxyError(f"{name} names no proxy: http://host:port is wanted")
    auth = None
    if split.username is not None:
        auth = (unquote(split.username), unquote(split.password or ""))
    return Proxy(
        scheme=split.scheme, host=host, port=port or _DEFAULT_PORTS[split.scheme], auth=auth
    )


def _is_here(host: str) -> bool:
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _names(wanted: str, host: str, port: int) -> bool:
    host = host.strip("[]").rstrip(".").lower()
    address = _address(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(wanted, strict=False)
        except (ValueError, TypeError):
            return wanted == f"{host}:{port}"
    name, colon, number = wanted.rpartition(":")
    if colon and number.isdigit():
        if int(number) != port:
            return False
        wanted = name
    wanted = wanted.lstrip("*").lstrip(".")
    return bool(wanted) and (host == wanted or host.endswith(f".{wanted}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
