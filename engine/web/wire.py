"""A connection that cannot be held open: deadlines, and room made for those who ask.

uvicorn waits as long as a client likes for the rest of a request. Here a request must come whole
within its deadline, an answer must be read, and where one address holds many connections those
that have waited longest for their own request make room. So whoever opens sockets and says nothing
shuts out nobody; a reader on the same address still gets in.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 5.0
"""From the connection, or the last answer, to the end of the headers."""
BODY_SECONDS = 10.0
"""From the headers to the end of the body. The largest form is 0.4 MB."""
READ_SECONDS = 20.0
"""An answer whose reader does not take it for so long is given up."""
MOST_PER_ADDRESS = 32
"""A browser opens six. Behind a proxy all readers have the proxy's address."""
MOST_OPEN = 256
"""Of all addresses together."""
GRACE_SECONDS = 0.25
"""A connection is given this long before room is made: its request may be on the way."""


class Connection(H11Protocol):
    """uvicorn's connection with deadlines; its ``connections`` are shared by all of a server."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None
        self._awaited = ""
        self._reading: asyncio.TimerHandle | None = None

    @property
    def host(self) -> str:
        """The address at the other end; "" for a socket without one."""
        return self.client[0] if self.client else ""

    @property
    def waits(self) -> bool:
        """True while nothing is being worked out for it: its request is not complete."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def connection_made(self, transport: Any) -> None:
        """Make room if needed, and start the clock."""
        super().connection_made(transport)
        if len(self.connections) > MOST_OPEN:
            self._make_room()
        self.loop.call_later(GRACE_SECONDS, self._make_room)
        self._expect("headers")

    def data_received(self, data: bytes) -> None:
        """Part of a request: what is awaited next decides how long it may take."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect("headers")
        elif self.cycle.more_body:
            self._expect("body")
        else:
            self._expect("")

    def pause_writing(self) -> None:
        """The other end does not take what it asked for."""
        self.flow.pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(READ_SECONDS, self.cut)

    def resume_writing(self) -> None:
        """It does again."""
        self.flow.resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every clock."""
        self._expect("")
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def cut(self) -> None:
        """End it now; what was to be sent is dropped."""
        self.connections.discard(self)
        self.transport.abort()

    def _expect(self, what: str) -> None:
        """Cut the connection unless ``what`` is there in time; data alone does not extend it."""
        if what == self._awaited:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._awaited = what
        seconds = {"headers": HEADER_SECONDS, "body": BODY_SECONDS}.get(what)
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.cut)

    def _make_room(self) -> None:
        """Cut the longest waiting connections of whoever holds too many."""
        open_now = [c for c in self.connections if isinstance(c, Connection)]
        held = Counter(c.host for c in open_now)
        excess = {host: n - MOST_PER_ADDRESS for host, n in held.items() if n > MOST_PER_ADDRESS}
        if not excess and len(open_now) > MOST_OPEN:
            excess = {held.most_common(1)[0][0]: len(open_now) - MOST_OPEN}
        for host, n in excess.items():
            waiting = [c for c in open_now if c.host == host and c.waits]
            # One that was answered before is a browser's; it goes last.
            waiting.sort(key=lambda c: (c.cycle is not None, c._since))
            for connection in waiting[:n]:
                connection.cut()
