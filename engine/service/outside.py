"""One short exchange with a service of the user's own choice, over the guarded way out."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from engine.errors import NvsignalError
from engine.phrases import phrase

SECONDS = 5.0
"""All that an exchange may take: nothing waits longer for it."""
MAX_BYTES = 200_000
"""Of an answer; a time stamp with its certificates has about 5,000."""


class OutsideError(NvsignalError):
    """The service did not answer as it should; names its host and never its address."""


def exchange(
    url: str, *, allow_private: bool, body: bytes | None = None, media_type: str = ""
) -> bytes:
    """The answer to a GET, or to a POST of ``body``; redirects are not followed.

    Raises ``OutsideError``: an address that may not be asked, no answer in time, or not 2xx.
    """
    import httpx

    from feeds.guard import GuardedTransport, system_resolver

    host = _host(url)
    transport = GuardedTransport(
        resolve=system_resolver, monotonic=time.monotonic, allow_private=allow_private
    )
    headers = {"user-agent": "nvsignal", **({"content-type": media_type} if media_type else {})}
    limit = {"deadline": time.monotonic() + SECONDS}
    try:
        with (
            httpx.Client(transport=transport, timeout=SECONDS, trust_env=False) as client,
            client.stream(
                "GET" if body is None else "POST",
                url,
                content=body,
                headers=headers,
                extensions=limit,
            ) as answer,
        ):
            if not answer.is_success:
                raise OutsideError(
                    phrase(
                        "{host} answered {status_code}", host=host, status_code=answer.status_code
                    )
                )
            told = b""
            for part in answer.iter_raw():
                told += part
                if len(told) > MAX_BYTES:
                    raise OutsideError(
                        phrase(
                            "{host} answered more than {max_bytes:int} bytes",
                            host=host,
                            max_bytes=MAX_BYTES,
                        )
                    )
            return told
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise OutsideError(
            phrase("{host} could not be asked ({kind})", host=host, kind=type(error).__name__)
        ) from None


def _host(url: str) -> str:
    """Who is asked, without what may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if not host:
        raise OutsideError(phrase("the address is not http:// or https://"))
    return host[:100]
