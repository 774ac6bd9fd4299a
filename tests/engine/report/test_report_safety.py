"""No outside text acts: not in a browser, not in a mail, not in Markdown, not on a terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import cycle

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from engine.report.blocks import Waterfall
from engine.report.i18n import voice
from engine.report.page import compose
from engine.report.render import render, subject
from engine.report.typography import clean, safe_url
from tests.engine.report.sample_report import HOSTILE, HOSTILE_URLS, hostile_report, sample_report

CASES = list(zip(HOSTILE, cycle(HOSTILE_URLS)))
BANNED_TAGS = {"script", "iframe", "object", "embed", "form", "input", "base", "link", "img"}
ALLOWED_ATTRIBUTES = set(
    "lang charset name content http-equiv class style href rel role aria-hidden aria-label "
    "colspan viewbox preserveaspectratio d".split()
)


def dom_sins(page: str, *, markdown: bool = False) -> list[str]:
    """What in a parsed page could act or fetch; empty for a dead page."""
    root = lxml_html.document_fromstring(page)
    sins = []
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        if node.tag in BANNED_TAGS:
            sins.append(node.tag)
        if node.tag == "meta" and node.get("http-equiv", "").lower() == "refresh":
            sins.append("refresh")
        for name, value in node.attrib.items():
            if name.lower().startswith("on") or name.lower() not in ALLOWED_ATTRIBUTES:
                sins.append(f"{node.tag} {name}={value}")
            if name in ("href", "src", "action") and not re.match(r"https?://[^/]", value):
                sins.append(f"{name}={value}")
            if name == "style" and re.search(r"url\s*\(|expression|@import", value, re.I):
                sins.append(f"style={value}")
    return sins


def unsafe_characters(text: str) -> list[str]:
    """Control, format, private and lone surrogate characters, newline excepted."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return [hex(ord(c)) for c in text if c != "\n" and unicodedata.category(c) in bad]


def test_there_are_at_least_sixty_payloads() -> None:
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize("fmt", ["html", "mail_html"])
def test_a_parsed_page_has_nothing_that_acts_or_fetches(fmt: str) -> None:
    harmless = lxml_html.document_fromstring(render(hostile_report("plain", ""), fmt))
    clean_count = len(harmless.findall(".//bdi"))
    for payload, url in CASES:
        page = render(hostile_report(payload, url), fmt)
        assert dom_sins(page) == [], payload
        assert unsafe_characters(page) == [], payload
        assert page.lower().count("<style") <= 1, payload
        if fmt == "html" and clean(payload):  # nothing broke out of its element
            found = len(lxml_html.document_fromstring(page).findall(".//bdi"))
            assert found == clean_count, payload


def test_rendered_markdown_has_nothing_that_acts_or_fetches() -> None:
    to_html = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    for payload, url in CASES:
        text = render(hostile_report(payload, url), "md")
        page = to_html.render(text)
        assert dom_sins(f"<main>{page}</main>") == [], payload
        assert unsafe_characters(text) == [], payload


def test_markdown_keeps_its_shape_under_hostile_text() -> None:
    to_html = MarkdownIt("commonmark", {"html": True}).enable("table")
    shape = [t.type for t in to_html.parse(render(hostile_report("plain", ""), "md"))]
    for payload, _url in CASES:
        if not clean(payload):
            continue
        tokens = to_html.parse(render(hostile_report(payload, ""), "md"))
        assert [t.type for t in tokens] == shape, payload


@pytest.mark.parametrize("fmt", ["text", "push"])
def test_a_terminal_receives_no_control_or_invisible_character(fmt: str) -> None:
    for payload, url in CASES:
        assert unsafe_characters(render(hostile_report(payload, url), fmt)) == [], payload


def test_json_carries_no_control_character_and_no_unsafe_link() -> None:
    for payload, url in CASES:
        text = render(hostile_report(payload, url), "json")
        data = json.loads(text)
        assert unsafe_characters(text) == [], payload
        assert {e["url"] for e in data["events"]} == {""}, payload


def test_template_syntax_in_outside_text_is_shown_and_never_run() -> None:
    for payload in ("{{ 7*7 }}", "${7*7}", "{x.__class__}", "%(name)s %s %n", "[bold red]m[/]"):
        for fmt in ("html", "mail_html", "text"):
            page = render(hostile_report(payload, ""), fmt)
            shown = lxml_html.document_fromstring(page).text_content() if "html" in fmt else page
            assert payload in shown


def test_a_subject_and_a_push_are_one_line() -> None:
    for payload, url in CASES:
        report = hostile_report(payload, url)
        for line in (subject(report, "fr"), render(report, "push", "fr")):
            assert "\n" not in line
            assert "\r" not in line
        assert len(render(report, "push", "fr")) <= 120


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_link_is_no_link(url: str) -> None:
    assert safe_url(url) == ""


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b=c&d=%20e#f", "http://example.org", "https://xn--e1afmkfd.org/"]
)
def test_a_plain_link_passes_unchanged(url: str) -> None:
    assert safe_url(url) == url


@pytest.mark.parametrize(
    ("dirty", "kept"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;javascript:alert(1)\x1b\\x\x1b]8;;\x1b\\", "x"),
        ("a\r\nBcc: b", "a Bcc: b"),
        ("gnp.\u202eexe", "gnp.exe"),
        ("a\u200bb\u2066c", "abc"),
        ("x\ud800y", "xy"),
        ("cafe\u0301", "café"),
        ("prix\u202f: 3\u00a0%", "prix\u202f: 3\u00a0%"),
        ("z\u0300\u0301\u0302\u0303\u0304\u0305", "z\u0300\u0301"),
        ("a\ufe0fb\u3164c\U000e0101d", "abcd"),
        ("", ""),
    ],
)
def test_clean_takes_out_what_acts_and_keeps_what_reads(dirty: str, kept: str) -> None:
    assert clean(dirty) == kept


def test_clean_is_idempotent_and_bounded() -> None:
    for payload in HOSTILE:
        once = clean(payload)
        assert clean(once) == once
        assert len(clean(payload * 1000, limit=50)) <= 50


def test_a_page_declares_a_policy_that_allows_nothing_but_inline_style() -> None:
    for fmt in ("html", "mail_html"):
        root = lxml_html.document_fromstring(render(sample_report(), fmt))
        (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_phrase_with_a_hostile_argument_stays_text() -> None:
    report = hostile_report("<b>x</b>", "")
    (steps,) = [b for b in compose(report, voice("fr")).blocks() if isinstance(b, Waterfall)]
    assert any("<b>x</b>" in r.text for b in steps.bars for r in b.reasons)
    assert "<b>x</b>" not in render(report, "html", "fr")
