"""Mail, and the talk with the server that takes it.

The server's 250 after the text is the point of no return: it is written down at once, and nothing
after it, a bad answer to QUIT least of all, makes the mail count as not sent. A process that ends
between that answer and the note may send one mail twice, under the same Message-ID.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote

from engine.phrases import phrase
from engine.report.mail_line import PIECE_SECONDS, BoundedSmtp, SecureLine
from engine.report.typography import clean
from engine.report.ways import MAX_SUBJECT_CHARS, Channel, DeliveryError, Message

NAME = "nvsignal"
ACCEPTED = (250, 251)
"""Answers to RCPT that take the recipient (RFC 5321, 4.2.3)."""


class Slip(Protocol):
    """Where the handing over of one message is noted, recipient by recipient, at once."""

    @property
    def pending(self) -> Sequence[str]:
        """Recipients who have not got it."""
        ...

    def offered(self, recipients: Sequence[str]) -> None:
        """The text goes out to these now."""

    def taken(self, recipients: Sequence[str]) -> None:
        """The server has taken it for these."""

    def kept_back(self, recipients: Sequence[str], why: str, *, for_good: bool = False) -> None:
        """The server has not taken it for these, and said so."""


def recipients_of(plugin: Any) -> tuple[str, ...]:
    """Every address of an Apprise mail address, each once: to, cc, bcc."""
    people = [address for _, address in plugin.targets]
    people += sorted({*plugin.cc, *plugin.bcc} - set(people))
    return tuple(dict.fromkeys(people))


def mail(plugin: Any, channel: Channel, message: Message, key: str, now: datetime) -> EmailMessage:
    """The message as mail: our own plain text beside our own HTML.

    Apprise would derive the text from the HTML. ``EmailMessage`` refuses a line break in a header,
    so no text from outside can become one. The Message-ID belongs to what is told, not to the
    attempt: a mail sent twice is one mail to a mail program.
    """
    made = EmailMessage(policy=SMTP)
    name, sender = plugin.from_addr
    made["Subject"] = clean(message.subject, limit=MAX_SUBJECT_CHARS)
    made["From"] = formataddr((name or NAME, sender))
    made["To"] = ", ".join(formataddr((to or "", address)) for to, address in plugin.targets)
    if plugin.cc:
        made["Cc"] = ", ".join(sorted(plugin.cc))
    if plugin.reply_to:
        made["Reply-To"] = ", ".join(sorted(plugin.reply_to))
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:32]}@{NAME}.invalid>"
    made["Auto-Submitted"] = "auto-generated"
    text = message.text if channel.form == "mail" else message.push
    made.set_content(text, charset="utf-8", cte="quoted-printable")
    if channel.form == "mail" and message.html is not None:
        made.add_alternative(message.html, subtype="html", charset="utf-8", cte="quoted-printable")
    made["Content-Language"] = channel.language  # last: adding a part drops Content headers
    return made


def submit(plugin: Any, message: EmailMessage, slip: Slip) -> None:
    """Hand a mail to the server of an Apprise mail address for everybody who has not got it.

    Raises ``DeliveryError`` when nobody got it; who was turned away stands on the slip.
    """
    where = f"{plugin.smtp_host}:{plugin.port}"
    hide = _hiding(plugin)
    with _in_words(where, hide), _connected(plugin) as server:
        if plugin.user:
            server.login(plugin.user, plugin.password or "")
        code, text = server.mail(plugin.from_addr[1])
        if code != 250:
            raise DeliveryError(
                phrase(
                    "{where} did not take the sender: {answer}",
                    where=where,
                    answer=_answer(code, text, hide),
                )
            )
        takers = _takers(server, slip, hide)
        if not takers:
            raise DeliveryError(
                phrase("{where} accepts mail for none of the recipients", where=where)
            )
        _hand_over(server, message.as_bytes(policy=SMTP), takers, slip, where, hide)


def _hiding(plugin: Any) -> Callable[[str], str]:
    """Takes the password out of a server's words, which are stored, mailed and printed.

    Some servers repeat what they were sent, also as it was encoded.
    """
    user, password = plugin.user or "", plugin.password or ""
    encoded = (b64encode(told.encode()).decode() for told in (password, f"\0{user}\0{password}"))
    forms = {password, quote(password, safe=""), *encoded} if password else set()

    def hide(text: str) -> str:
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "***")
        return text

    return hide


def _takers(server: smtplib.SMTP, slip: Slip, hide: Callable[[str], str]) -> list[str]:
    takers = []
    for recipient in slip.pending:
        code, text = server.rcpt(recipient)
        if code in ACCEPTED:
            takers.append(recipient)
        else:
            slip.kept_back([recipient], _answer(code, text, hide), for_good=code >= 500)
    return takers


def _hand_over(
    server: smtplib.SMTP,
    text: bytes,
    takers: Sequence[str],
    slip: Slip,
    where: str,
    hide: Callable[[str], str],
) -> None:
    """DATA by its two steps, so that only the second can leave in doubt whether it arrived."""
    code, said = server.docmd("DATA")
    if code == 354:
        slip.offered(takers)
        server.send(re.sub(rb"(?m)^\.", b"..", text) + b".\r\n")
        code, said = server.getreply()
    if code != 250:
        why = _answer(code, said, hide)
        slip.kept_back(takers, why)
        raise DeliveryError(phrase("{where} did not take the mail: {why}", where=where, why=why))
    slip.taken(takers)


def _answer(code: int, text: bytes, hide: Callable[[str], str]) -> str:
    return clean(hide(f"{code} {text.decode('utf-8', 'replace')}"), limit=160)


@contextmanager
def _connected(plugin: Any) -> Iterator[smtplib.SMTP]:
    """A server greeted, perhaps in private. Afterwards it is told goodbye, and its answer to that
    does not matter; where something went wrong the line is cut, for it may wait for more text."""
    server = _server(plugin)
    try:
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _server(plugin: Any) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if not plugin.verify_certificate:  # the address says verify=no
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    host, port = plugin.smtp_host, plugin.port
    if plugin.secure_mode == "ssl":
        return SecureLine(host, port, timeout=PIECE_SECONDS, context=context)
    server = BoundedSmtp(host, port, timeout=PIECE_SECONDS)
    try:
        if plugin.secure_mode == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
    except BaseException:
        server.close()
        raise
    return server


@contextmanager
def _in_words(where: str, hide: Callable[[str], str]) -> Iterator[None]:
    """What went wrong with the server at ``where``, plainly."""
    try:
        yield
    except smtplib.SMTPAuthenticationError:
        raise DeliveryError(
            phrase("{where} refused the user or the password", where=where),
            remedy=phrase("many providers want an app password here"),
        ) from None
    except ssl.SSLError as error:
        raise DeliveryError(
            phrase("{where}: no trusted connection ({reason})", where=where, reason=error.reason)
        ) from None
    except smtplib.SMTPException as error:
        raise DeliveryError(
            phrase(
                "{where} did not take the mail: {hide}", where=where, hide=hide(_first_line(error))
            )
        ) from None
    except OSError as error:
        why = error.strerror or _first_line(error) or type(error).__name__
        raise DeliveryError(
            phrase("{where} cannot be reached: {why}", where=where, why=why)
        ) from None


def _first_line(error: Exception) -> str:
    return clean(str(error), limit=160)
