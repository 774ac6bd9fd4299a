"""The log: one line of JSON an event, nothing secret, nothing that acts on a terminal."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.logs import JsonLines, Redactor, open_log, secrets_of


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_its_fields(stream: io.StringIO) -> None:
    log = open_log(Redactor(), stream)

    log.info("report_done", acts_on=date(2026, 11, 24), at_=datetime(2026, 1, 2, tzinfo=UTC), n=3)
    log.warning("two\nlines", text="a\r\nb\x1b[31m\u202e")

    first, second = lines(stream)
    assert (first["level"], first["event"], first["acts_on"], first["n"]) == (
        "info", "report_done", "2026-11-24", 3,
    )  # fmt: skip
    assert first["at_"] == "2026-01-02T00:00:00Z"
    assert first["at"].endswith("Z")
    assert (second["level"], second["text"]) == ("warning", "a\nb[31m")


def test_warnings_of_libraries_come_through_the_same_door_once(stream: io.StringIO) -> None:
    open_log(Redactor(["json://host/hook-abcdef123"]), io.StringIO())
    open_log(Redactor(["json://host/hook-abcdef123"]), stream)

    logging.getLogger("some.library").warning("posting to %s", "http://host/hook-abcdef123")
    logging.getLogger("some.library").info("not worth a line")

    (line,) = lines(stream)
    assert (line["event"], line["logger"]) == ("library", "some.library")
    assert line["message"] == "posting to http://host/***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("smtp://me:pw@host:25/x", "smtp://***@host:25/x"),
        ("postgresql+psycopg://u:p%40ss@db/n failed", "postgresql+psycopg://***@db/n failed"),
        ("GET /v1?api_key=abc&x=1", "GET /v1?api_key=***&x=1"),
        ("GET /v1?x=1&access_token=abc.def-g", "GET /v1?x=1&access_token=***"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: ***"),
        ("it said bearer abcdefgh12345", "it said bearer ***"),
        ('{"token": "abc", "n": 1}', '{"token": "***", "n": 1}'),
        ("password = hunter2", "password = ***"),
        ("see https://example.org/a?b=c#d", "see https://example.org/a?b=c#d"),
        ("mail me@example.org", "mail me@example.org"),
        ("the key to it", "the key to it"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_is_not(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


def test_known_secrets_are_hidden_in_any_form() -> None:
    redact = Redactor(["mailtos://me:p%40ss%20word@mail.example.org?to=you@example.org"])

    for text in ("p%40ss%20word", "p@ss word", "login me:p@ss word"):
        assert "ss" not in redact(text)
    assert redact("mail.example.org did not answer you@example.org") == (
        "mail.example.org did not answer you@example.org"
    )


Secret = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


@given(Secret, st.text(max_size=40), st.text(max_size=40))
def test_no_known_secret_survives(secret: str, before: str, after: str) -> None:
    told = Redactor([secret]).deep({"a": [f"{before}{secret}{after}", {secret: 1}]})

    assert secret not in json.dumps(told, ensure_ascii=False) or set(secret) <= set("*")


def test_an_error_keeps_its_type_and_loses_its_secrets(stream: io.StringIO) -> None:
    open_log(Redactor(), stream)

    try:
        raise OSError("https://u:secretpw@host refused")
    except OSError:
        logging.getLogger("lib").exception("failed")

    assert lines(stream)[0]["error"] == "OSError: https://***@host refused"


def test_the_log_replaces_itself_and_lets_only_warnings_of_others_through() -> None:
    """One handler on ours and one on everybody's; ours is not told twice."""
    first, second = io.StringIO(), io.StringIO()
    open_log(Redactor(), first)
    log = open_log(Redactor(["planted-word"]), second)
    ours, everyone = logging.getLogger("nvsignal"), logging.getLogger()

    log.error("sent", planted="planted-word", at=datetime(2026, 1, 2, tzinfo=UTC))
    everyone.info("quiet")

    assert first.getvalue() == ""
    (line,) = lines(second)
    assert line.pop("at") == "2026-01-02T00:00:00Z"  # an event's own field stands
    assert line == {"level": "error", "event": "sent", "planted": "***"}
    assert (ours.level, everyone.level, ours.propagate) == (logging.INFO, logging.WARNING, False)
    assert log.redact("planted-word") == "***"
    for logger in (ours, everyone):
        assert len([h for h in logger.handlers if isinstance(h.formatter, JsonLines)]) == 1


def test_a_line_says_when_it_was_written() -> None:
    record = logging.LogRecord("lib", logging.WARNING, "f", 1, "a %s", ("b",), None)
    record.created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()

    assert json.loads(JsonLines(Redactor()).format(record)) == {
        "at": "2026-01-02T03:04:05Z", "level": "warning", "event": "library", "logger": "lib",
        "message": "a b",
    }  # fmt: skip


def test_plain_data_stays_plain_and_texts_are_cut_at_two_thousand() -> None:
    redact = Redactor(["secret-one"])

    assert redact.deep({1: [None, True, 2, 2.5, "secret-one"]}) == {
        "1": [None, True, 2, 2.5, "***"]
    }
    assert redact.deep({"a secret-one": 1}) == {"a ***": 1}
    assert len(redact.deep("x" * 2_000)) == 2_000
    assert len(redact.deep("x" * 2_001)) <= 2_000
    assert redact.deep("x" * 2_000) != redact.deep("x" * 2_001)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("slack://TokenAAA/b", "TokenAAA", "***"),  # eight letters
        ("slack://TokenAA/b", "TokenAA", "TokenAA"),
        ("slack://TokenAAA.org/b", "TokenAAA.org", "TokenAAA.org"),  # a host
        ("mailto://me:pw@TokenAAA/longer-word", "TokenAAA longer-word", "TokenAAA longer-word"),
        ("MAILTO://me:passw@h", "passw me", "*** me"),
        ("json://h/?token=abcd&x=longer-word", "abcd longer-word", "*** longer-word"),
        ("json://some-user:h@host/", "some-user", "***"),
        ("no-address", "no-address", "***"),
        ("  padded-word ", "a padded-word", "a ***"),
        ("a%20b:cdef", "a b:cdef", "a b:cdef"),  # no address: as written alone
        ("json://h/long%20word", "long%20word long word", "*** ***"),
        ("json://[broken", "json://[broken", "***"),
    ],
)
def test_parts_of_an_address_are_secret_where_messengers_keep_their_tokens(
    secret: str, text: str, shown: str
) -> None:
    assert Redactor([secret])(text) == shown


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("MY_KEY", "12345678", True),
        ("MY_KEY", "1234567", False),
        ("my_pwd", "12345678", True),
        ("SOME_PASSPHRASE", "12345678", True),
        ("PING_URL", "12345678", True),
        ("NVSIGNAL_X_URL", "12345678", True),
        ("OTHER_URL", "12345678", False),
        ("OTHER", "https://me@host", True),
        ("OTHER", "https://host/a@b", False),
        ("MY_KEY", "/a/path/to/it", False),
        ("NVSIGNAL_DB", "sqlite:///a", False),
    ],
)
def test_variables_are_secret_by_their_name_or_their_form(
    name: str, value: str, secret: bool
) -> None:
    assert secrets_of({name: value}) == ((value,) if secret else ())
