"""Some fifty feeds as publishers write them, made here, each with what it says.

The content is made up; the dialects are those of real feeds: six formats, ten charsets and more,
dates and identities of every kind, and what breaks. ``worse`` names the fields that plain
feedparser reads otherwise than they were meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

HOME = "https://news.example/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry as it was meant."""

    title: str
    link: str = ""
    at: datetime | None = None
    summary: str = ""
    guid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A document and the entries it holds; ``lang`` as its stanza would say."""

    body: bytes
    told: tuple[Told, ...]
    worse: frozenset[str] = frozenset()
    lang: str = "en"
    content_type: str = ""


def story(n: int, title: str, summary: str, **more: Any) -> Told:
    at = datetime(2026, 11, 20 + n, 8 + n, 30, tzinfo=UTC)
    told = Told(title=title, link=f"{HOME}{n}.html", at=at, summary=summary, guid=f"{HOME}{n}.html")
    return replace(told, **more)


ENGLISH = (
    story(1, "Nvidia ships Rubin racks to cloud customers", "First volume orders leave Taiwan."),
    story(2, "U.S. weighs licence rule for H20 & B30A", "Officials are said to decide in days."),
    story(3, "DeepSeek cuts API price by half", "The cut takes effect at midnight."),
)
SCRIPTS: dict[str, tuple[Told, ...]] = {
    "zh": (story(1, "商务部公告：对高端芯片实施进口限制", "公告自发布之日起施行，寒武纪股价上涨。"),
           story(2, "华为芯片产能扩大", "业内人士称订单已排到明年。")),
    "zh-gbk": (story(1, "华为昇腾产能扩大", "朱镕基路的新厂投产，业内人士称订单已排到明年。"),
               story(2, "寒武纪股价上涨", "公司未予置评。")),
    "zh-tw": (story(1, "輝達伺服器出貨放緩", "台積電先進封裝產能吃緊，供應鏈人士表示。"),
              story(2, "鴻海上修展望", "法說會將於下週舉行。")),
    "ja": (story(1, "エヌビディア、中国向け半導体の出荷を再開へ", "関係者が明らかにした。"),
           story(2, "ソフトバンクが投資を拡大", "今週発表の見通し。")),
    "ko": (story(1, "엔비디아, 중국용 반도체 출하 재개", "삼성전자와 하이닉스 주가가 올랐다."),
           story(2, "메모리 가격 상승", "내년에도 이어질 전망이다.")),
    "ru": (story(1, "Нвидиа возобновит поставки чипов в Китай", "Акции выросли на пять процентов."),
           story(2, "Цены на память растут", "Аналитики ждут продолжения.")),
    "fr": (story(1, "Nvidia relève ses prévisions, l’action monte", "Déjà « très élevé », dit-on."),
           story(2, "Société Générale prudente sur les puces", "L’œuvre coûte 200 € à l’État.")),
}  # fmt: skip


# --- how entries are written ------------------------------------------------------------------


def rfc822(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


Part = Callable[[Told], str]


def item(entry: Told, *, date: str | None = None, more: str = "", tag: str = "item") -> str:
    when = f"<pubDate>{rfc822(entry.at) if date is None else date}</pubDate>" if entry.at else ""
    guid = f"<guid>{escape(entry.guid)}</guid>" if entry.guid else ""
    link = f"<link>{escape(entry.link)}</link>" if entry.link else ""
    text = f"<description>{escape(entry.summary)}</description>" if entry.summary else ""
    return f"<{tag}><title>{escape(entry.title)}</title>{link}{guid}{when}{text}{more}</{tag}>"


SPACES = (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:atom="http://www.w3.org/2005/Atom"'
)


def rss(items: Sequence[str], *, head: str = '<?xml version="1.0" encoding="utf-8"?>\n',
        version: str = "2.0", spaces: str = SPACES) -> str:  # fmt: skip
    channel = f"<title>Wire</title><link>{HOME}</link><description>Chips</description>"
    return (f'{head}<rss version="{version}"{spaces}><channel>{channel}\n'
            + "\n".join(items) + "\n</channel></rss>")  # fmt: skip


def declared(charset: str) -> str:
    return f'<?xml version="1.0" encoding="{charset}"?>\n'


def in_charset(script: str, charset: str, *, label: str | None = None, codec: str = "",
               **more: Any) -> Dialect:  # fmt: skip
    """A script's entries in ``charset``, declared as ``label`` ("" not at all)."""
    head = declared(charset if label is None else label) if label != "" else ""
    body = rss([item(told) for told in SCRIPTS[script]], head=head).encode(codec or charset)
    return Dialect(body=body, told=SCRIPTS[script], lang=script[:2], **more)


def plain(items: Sequence[str], told: Sequence[Told] = ENGLISH, *worse: str, lang: str = "en",
          **how: Any) -> Dialect:  # fmt: skip
    return Dialect(body=rss(items, **how).encode(), told=tuple(told), worse=frozenset(worse),
                   lang=lang)  # fmt: skip


def dated(form: Callable[[datetime], str], *worse: str, lang: str = "en",
          told: Sequence[Told] = ENGLISH) -> Dialect:  # fmt: skip
    return plain([item(e, date=form(e.at)) for e in told if e.at], told, *worse, lang=lang)


def without(*fields: str, told: Sequence[Told] = ENGLISH) -> tuple[Told, ...]:
    gone: dict[str, Any] = {"title": "", "link": "", "at": None, "summary": "", "guid": ""}
    return tuple(replace(e, **{f: gone[f] for f in fields}) for e in told)


# --- formats ----------------------------------------------------------------------------------


def rdf(entries: Sequence[Told]) -> bytes:
    items = "".join(
        f'<item rdf:about="{e.guid}"><title>{escape(e.title)}</title><link>{e.link}</link>'
        f"<description>{escape(e.summary)}</description><dc:date>{iso(e.at)}</dc:date></item>"
        for e in entries if e.at
    )  # fmt: skip
    seq = "".join(f'<rdf:li rdf:resource="{e.guid}"/>' for e in entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="{HOME}"><title>Wire</title><link>{HOME}</link>'
        f"<description>Chips</description><items><rdf:Seq>{seq}</rdf:Seq></items></channel>"
        f"{items}</rdf:RDF>"
    ).encode()


def atom(entries: Sequence[Told], write: Part, *, spaces: str = "http://www.w3.org/2005/Atom",
         extra: str = "") -> bytes:  # fmt: skip
    inside = "".join(f"<entry>{write(e)}</entry>" for e in entries)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="{spaces}"{extra}>'
        f"<title>Wire</title><id>{HOME}</id><updated>2026-11-25T00:00:00Z</updated>{inside}</feed>"
    ).encode()


def atom_1(e: Told) -> str:
    assert e.at
    return (
        f"<title>{escape(e.title)}</title><link href='{e.link}'/><id>{e.guid}</id>"
        f"<updated>2026-11-25T00:00:00Z</updated><published>{iso(e.at)}</published>"
        f"<summary>{escape(e.summary)}</summary>"
    )


def atom_03(e: Told) -> str:
    assert e.at
    return (
        f"<title mode='escaped' type='text/html'>{escape(escape(e.title))}</title>"
        f"<link rel='alternate' type='text/html' href='{e.link}'/><id>{e.guid}</id>"
        f"<issued>{iso(e.at)}</issued><modified>{iso(e.at)}</modified>"
        f"<summary type='text/plain'>{escape(e.summary)}</summary>"
    )


def atom_xhtml(e: Told) -> str:
    assert e.at
    return (
        f"<title type='html'>{escape(escape(e.title))}</title><id>{e.guid}</id>"
        f"<link rel='self' type='application/json' href='{HOME}x.json'/>"
        f"<link rel='alternate' type='text/html' href='{e.link}'/>"
        f"<link rel='alternate' type='application/json' href='{HOME}y.json'/>"
        f"<updated>{iso(e.at)}</updated><content type='xhtml'>"
        f"<div xmlns='http://www.w3.org/1999/xhtml'><p>{escape(e.summary)}</p></div></content>"
    )


def youtube(e: Told) -> str:
    assert e.at
    return (
        f"<id>{e.guid}</id><title>{escape(e.title)}</title><link rel='alternate' href='{e.link}'/>"
        f"<published>{e.at.isoformat()}</published><updated>2026-11-25T00:00:00+00:00</updated>"
        f"<media:group><media:title>Other</media:title>"
        f"<media:description>{escape(e.summary)}</media:description></media:group>"
    )


LATIN = SCRIPTS["fr"]
TWICE = tuple(
    replace(e, title=e.title.replace("’", "'"), summary="Déjà très élevé.") for e in LATIN
)
BLOG = tuple(replace(e, link=f"{HOME}live.html", guid=f"block-{n}") for n, e in enumerate(ENGLISH))
HUB = tuple(replace(e, link=f"{HOME}index.html", guid="") for e in ENGLISH)
ONE_GUID = tuple(replace(e, guid="feed") for e in ENGLISH)
FRAGMENTS = tuple(replace(e, link=f"{HOME}day.html#n{n}", guid="") for n, e in enumerate(ENGLISH))
_FRENCH_DAYS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")


def cest(at: datetime, shape: str) -> str:
    """``at`` on a clock eight hours ahead, in ``shape``."""
    return at.replace(hour=at.hour + 8).strftime(shape)


def no_prefix(entries: Sequence[Told]) -> str:
    """Prefixes that no namespace was declared for."""
    return rss([item(e, date="", more=f"<dc:date>{iso(e.at)}</dc:date>") for e in entries if e.at],
               spaces="")  # fmt: skip


DIALECTS: dict[str, Dialect] = {
    # formats
    "rss 0.91, with its document type": plain(
        [item(e) for e in without("guid")], without("guid"), version="0.91", spaces="",
        head='<?xml version="1.0"?>\n<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS'
        ' 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">\n',
    ),
    "rss 0.92": plain([item(e) for e in without("guid")], without("guid"), version="0.92",
                      spaces=""),
    "rss 1.0": Dialect(body=rdf(ENGLISH), told=ENGLISH),
    "rss 2.0": plain([item(e) for e in ENGLISH]),
    "rss 2.0 with a style sheet": plain(
        [item(e) for e in ENGLISH],
        head='<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" '
        'href="/rss.xsl"?>\n<!-- generated -->\n',
    ),
    "atom 0.3": Dialect(
        body=atom(ENGLISH, atom_03, spaces="http://purl.org/atom/ns#", extra=' version="0.3"'),
        told=ENGLISH,
    ),
    "atom 1.0": Dialect(body=atom(ENGLISH, atom_1), told=ENGLISH),
    "atom 1.0 with xhtml and several links": Dialect(body=atom(ENGLISH, atom_xhtml), told=ENGLISH),
    "atom 1.0 with media groups": Dialect(
        body=atom(ENGLISH, youtube, extra=' xmlns:media="http://search.yahoo.com/mrss/"'),
        told=ENGLISH,
    ),
    # charsets
    "gb2312": in_charset("zh", "gb2312"),
    "gb2312 that is gb18030": in_charset(
        "zh-gbk", "gb2312", codec="gb18030", worse=frozenset(("title", "summary"))),
    "gb18030": in_charset("zh", "gb18030"),
    "big5": in_charset("zh-tw", "big5"),
    "shift_jis": in_charset("ja", "shift_jis"),
    "euc-kr": in_charset("ko", "euc-kr"),
    "windows-1251": in_charset("ru", "windows-1251"),
    "windows-1252": in_charset("fr", "windows-1252"),
    "iso-8859-1 that is windows-1252": in_charset(
        "fr", "iso-8859-1", codec="cp1252", worse=frozenset(("title", "summary"))),
    "iso-8859-15": Dialect(
        body=rss([item(replace(e, title=e.title.replace("’", "'"),
                               summary=e.summary.replace("’", "'"))) for e in LATIN],
                 head=declared("iso-8859-15")).encode("iso-8859-15"),
        told=tuple(replace(e, title=e.title.replace("’", "'"),
                           summary=e.summary.replace("’", "'")) for e in LATIN), lang="fr"),
    "utf-16, little end first": in_charset("zh", "utf-16"),
    "utf-16, big end first": replace(
        in_charset("zh", "utf-16"), body=b"\xfe\xff"
        + rss([item(e) for e in SCRIPTS["zh"]], head=declared("utf-16")).encode("utf-16-be")),
    "utf-8 with a byte-order mark": replace(
        in_charset("zh", "utf-8"), body=b"\xef\xbb\xbf"
        + rss([item(e) for e in SCRIPTS["zh"]]).encode()),
    "utf-8 declared as windows-1252": in_charset(
        "fr", "windows-1252", codec="utf-8", worse=frozenset(("title", "summary"))),
    "windows-1251 declared as utf-8": in_charset(
        "ru", "utf-8", codec="windows-1251", worse=frozenset(("title", "summary"))),
    "gbk without a declaration, told by the server": in_charset(
        "zh-gbk", "gbk", label="", content_type="text/xml; charset=GBK",
        worse=frozenset(("title", "summary"))),
    "utf-8 with one byte of windows-1252": Dialect(
        body=rss([item(e) for e in LATIN]).encode().replace("œ".encode(), b"\x9c"), told=LATIN,
        worse=frozenset(("title", "summary")), lang="fr"),
    # dates
    "years of two digits": dated(lambda at: at.strftime("%a, %d %b %y %H:%M:%S GMT")),
    "+0800 (CST)": dated(lambda at: cest(at, "%a, %d %b %Y %H:%M:%S +0800 (CST)")),
    "+08:00": dated(lambda at: cest(at, "%a, %d %b %Y %H:%M:%S +08:00")),
    "Chinese dates": dated(lambda at: cest(at, "%Y年%m月%d日 %H:%M"), "at", lang="zh",
                           told=SCRIPTS["zh"]),
    "Chinese dates without an offset": dated(lambda at: cest(at, "%Y-%m-%d %H:%M:%S"), "at",
                                             lang="zh", told=SCRIPTS["zh"]),
    "French months": dated(
        lambda at: f"{_FRENCH_DAYS[at.weekday()]}, {at.day} novembre {at.year} "
        f"{at.hour + 1}:{at.minute}:00 +0100", "at", lang="fr", told=LATIN),
    "zone names": dated(lambda at: at.replace(hour=at.hour - 5).strftime(
        "%A, %d-%b-%Y %H:%M:%S EST"), "at"),
    "a 12-hour clock": dated(lambda at: at.strftime("%B %d, %Y %I:%M %p UTC"), "at"),
    "days only": dated(lambda at: at.strftime("%Y/%m/%d"), "at", told=tuple(
        replace(e, at=e.at and e.at.replace(hour=0, minute=0)) for e in ENGLISH)),
    "dc:date": plain([item(e, date="", more=f"<dc:date>{iso(e.at)}</dc:date>").replace(
        "<pubDate></pubDate>", "") for e in ENGLISH if e.at]),
    "no date": plain([item(e) for e in without("at")], without("at")),
    # identity
    "no guid": plain([item(e) for e in without("guid")], without("guid")),
    "one guid for all": plain([item(e) for e in ONE_GUID], ONE_GUID),
    "one link for all": plain([item(e) for e in BLOG], BLOG),
    "one link for all and no guid": plain([item(e) for e in HUB], HUB),
    "links that differ by their fragment": plain([item(e) for e in FRAGMENTS], FRAGMENTS),
    "relative links": plain(
        [item(replace(e, link=f"/{n}.html", guid=f"id-{n}")).replace(
            "<guid>", '<guid isPermaLink="false">') for n, e in enumerate(ENGLISH, 1)],
        tuple(replace(e, guid=f"id-{n}") for n, e in enumerate(ENGLISH, 1)), "link"),
    "xml:base": Dialect(
        body=atom(ENGLISH, atom_1, extra=f' xml:base="{HOME}"').replace(
            f"href='{HOME}".encode(), b"href='"), told=ENGLISH),
    # texts
    "text encoded twice": Dialect(
        body=rss([item(e) for e in TWICE]).encode().decode("latin-1").encode().replace(
            declared("utf-8").encode(), declared("utf-8").encode()), told=TWICE, lang="fr"),
    "CDATA and entities": plain([
        f"<item><title><![CDATA[{e.title}]]></title><link>{e.link}</link><guid>{e.guid}</guid>"
        f"<pubDate>{rfc822(e.at)}</pubDate><description>&lt;p class=&quot;x&quot;&gt;"
        f"{e.summary}&amp;nbsp;&lt;/p&gt;</description></item>" for e in ENGLISH if e.at]),
    "content:encoded only": plain([
        item(replace(e, summary=""), more=f"<content:encoded><![CDATA[<p>{e.summary}</p>]]>"
             "</content:encoded>") for e in ENGLISH]),
    "media:description only": plain([
        item(replace(e, summary=""), more=f"<media:group><media:description>{e.summary}"
             "</media:description></media:group>") for e in ENGLISH]),
    "text in no place but Dublin Core's": plain([
        f"<item><dc:title>{escape(e.title)}</dc:title><link>{e.link}</link><guid>{e.guid}</guid>"
        f"<dc:date>{iso(e.at)}</dc:date><dc:description>{e.summary}</dc:description></item>"
        for e in ENGLISH if e.at]),
    # what breaks
    "prefixes without a namespace": Dialect(
        body=no_prefix(ENGLISH).replace("<pubDate></pubDate>", "").encode(), told=ENGLISH),
    "bytes after the end": Dialect(
        body=rss([item(e) for e in ENGLISH]).encode()
        + b"\n<!-- cached 0.02s -->\n<script>track()</script>", told=ENGLISH),
    "bytes before the start": Dialect(
        body=b"\n  \n" + rss([item(e) for e in ENGLISH]).encode(), told=ENGLISH),
    "tags that are not closed": Dialect(
        body=rss([item(e).replace("</description>", "<br></description>").replace(
            escape(e.summary), f"{escape(e.summary)}<img src='x.png'>") for e in ENGLISH]).encode(),
        told=ENGLISH),
    "a bare ampersand and an unknown entity": Dialect(
        body=rss([item(e).replace("leave Taiwan", "leave&nbsp;Taiwan").replace(
            "&amp; B30A", "& B30A") for e in ENGLISH]).encode(), told=ENGLISH),
    "control characters": Dialect(
        body=rss([item(e).replace("Nvidia ships", "Nvidia\x0b ships").replace(
            "in days.", "in days.\x00") for e in ENGLISH]).encode(), told=ENGLISH,
        worse=frozenset(("title", "summary"))),
}  # fmt: skip
