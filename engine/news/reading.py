"""A headline as the lexicon sees it: which concepts are said, in which clause and polarity.

A headline is folded, cut into words and matched against the lexicon; every match keeps its place in
the original text. Operators turn what they reach, inside their own clause: *denies*, *no longer*,
*yet to* negate the verb that follows, *lifts*, *scraps*, *drops plan to* remove a measure that
follows (unless the removal is itself negated), and what stands behind *after*, *amid* or *since* is
background where the main clause says what happened. Chinese is read through its English words.

Everything here is deterministic and free of training data.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from engine.news import chinese, language
from engine.news.lexicon import lexicon
from engine.values import BoolArray

MAX_HEADLINE_CHARS = 500
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*[a-z]*|%")
_COUNTRY = re.compile(r"\bU\.\s?S\.(?:A\.)?|\bUSA?\b")
_NEGATION_REACH, _REFUTATION_REACH = 4, 5
_REMOVAL_REACH_BEFORE, _REMOVAL_REACH_AFTER = 8, 5
_CACHE_LIMIT = 50_000

Hit = tuple[int, int, int]
"""First word, last word + 1, column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A match in the original headline: ``headline[start:end]`` says ``code``.

    ``turned`` is "" for a plain match, else what was done to it: negated, removed, kept (a removal
    that is negated), conceded or background.
    """

    start: int
    end: int
    text: str
    code: str
    turned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the lexicon sees: folded words, and hits as (first word, last word + 1, column).

    turned: for each hit what was done to it. columns: what the headline says in the end.
    language: as told by ``language.identify``. known: share of the Chinese characters understood,
    1 in other languages. glossed: places of Chinese words, () where the words are the text's own.
    """

    text: str
    words: tuple[str, ...]
    hits: tuple[Hit, ...]
    turned: tuple[str, ...]
    columns: tuple[int, ...]
    language: str = "en"
    known: float = 1.0
    glossed: tuple[tuple[int, int], ...] = ()

    @property
    def unread(self) -> bool:
        """Whether the headline is in a language that nobody here reads."""
        return self.language not in language.READ


# ── columns ──────────────────────────────────────────────────────────────────────────────────────

_TURNABLE = (
    "restrict", "relax", "launch", "delay", "fail", "raise", "cut", "beat", "miss", "adopt",
    "shun", "probe", "sale", "train", "deal", "struggle", "smuggle", "cheap", "dovish", "hawkish",
    "rival_chip", "licence", "own_chip", "capex",
)  # fmt: skip
_REMOVABLE = ("restrict", "relax", "rule", "diffusion", "licence", "probe", "tariff", "entity_list")
_PATTERNS = (
    "us_pronoun", "pct_up", "pct_down", "above_estimate", "below_estimate",
    "spurns_cn", "spurns_nv", "favours_cn", "favours_nv",
)  # fmt: skip
_LEADERS: Mapping[str, str] = MappingProxyType(
    {
        code: f"first_{group}"
        for group, codes in {
            "us": "us_gov congress",
            "china": "china cn_gov customs",
            "nvidia": "nvidia nv_chip nv_china_chip huang",
            "cn_lab": "cn_lab cn_tech cn_model cn_model_plain",
            "cn_chip": "cn_chip huawei cn_fab",
            "hyper": "hyper neocloud",
            "us_lab": "us_lab us_model",
            "rival": "rival rival_chip",
        }.items()
        for code in codes.split()
    }
)
_CHOICES = (("decline_use", "spurns"), ("favour", "favours"))
_HAPPENING = (
    "launch", "adopt", "deal", "raise", "train", "mass", "delay", "fail", "shun", "exclude",
    "scrap", "open_source", "relax", "restrict", "own_chip", "smuggle",
)  # fmt: skip
_BACKDROP = ("restrict", "relax", "rule", "licence", "entity_list", "diffusion", "shun", "export")
_GOVERNMENTS = ("us_gov", "congress", "cn_gov", "regulator", "other_gov", "china", "customs")
_BETWEEN = ("down", "up_move", "launch", "adopt", "raise", "beat", "miss", "train", "warn_risk")


@functools.cache
def columns() -> tuple[str, ...]:
    """Columns of the evidence matrix: plain concepts, ``~`` negated verbs, ``-`` removed measures,
    then patterns that no single entry can say, and who is named first."""
    return (
        *lexicon().codes,
        *(f"~{code}" for code in _TURNABLE),
        *(f"-{code}" for code in _REMOVABLE),
        *_PATTERNS,
        *dict.fromkeys(_LEADERS.values()),
    )


@functools.cache
def column_of() -> Mapping[str, int]:
    """Name of a column → its place."""
    return MappingProxyType({code: i for i, code in enumerate(columns())})


@dataclass(frozen=True, slots=True)
class _Book:
    """Numbers of the columns that reading needs, looked up once."""

    matcher: Matcher
    shields: frozenset[int]
    turning: frozenset[int]
    negate: int
    refuted: int
    despite: int
    remove: int
    background: int
    subordinate: int
    stock: int
    nvidia: int
    conceded: frozenset[int]
    happening: frozenset[int]
    backdrop: frozenset[int]
    governments: frozenset[int]
    between: frozenset[int]
    negated: Mapping[int, int]
    removed: Mapping[int, int]
    implied: Mapping[int, tuple[int, ...]]  # itself first
    leaders: Mapping[int, int]
    chinese_side: frozenset[int]
    nvidia_side: frozenset[int]


@functools.cache
def _book() -> _Book:
    at, words = column_of(), lexicon()

    def some(codes: Iterable[str]) -> frozenset[int]:
        return frozenset(at[code] for code in codes)

    return _Book(
        matcher=Matcher(words.entries, at),
        shields=some(("noise", "idiom")),
        turning=some(("negate", "refuted", "despite", "remove", "background")),
        negate=at["negate"],
        refuted=at["refuted"],
        despite=at["despite"],
        remove=at["remove"],
        background=at["background"],
        subordinate=at["subordinate"],
        stock=at["stock"],
        nvidia=at["nvidia"],
        conceded=some(words.verbs),
        happening=some(_HAPPENING),
        backdrop=some(_BACKDROP),
        governments=some(_GOVERNMENTS),
        between=some(_BETWEEN),
        negated={at[c]: at[f"~{c}"] for c in _TURNABLE},
        removed={at[c]: at[f"-{c}"] for c in _REMOVABLE},
        implied={at[c]: (at[c], *(at[i] for i in more)) for c, more in words.implies.items()},
        leaders={at[c]: at[name] for c, name in _LEADERS.items()},
        chinese_side=some(("cn_chip", "huawei", "own_chip")),
        nvidia_side=some(("nvidia", "nv_chip", "nv_china_chip")),
    )


# ── words ────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def _fold_table() -> Mapping[int, str]:
    """Length-preserving folding of Latin letters: lower case, no accents; quotes made plain."""
    table: dict[int, str] = {0x2019: "'", 0x2018: "'", 0x02BC: "'", 0xA0: " ", 0x202F: " "}
    for point in (*range(0x41, 0x250), *range(0x1E00, 0x1F00), *range(0xFF10, 0xFF5B)):
        lower = unicodedata.normalize("NFKD", chr(point)).lower()
        if lower and (lower[0].isalnum()) and (point > 0x7F or chr(point).isupper()):
            table[point] = lower[0]
    return MappingProxyType(table)


def fold(text: str) -> str:
    """``text`` in lower case without accents, character for character (same length)."""
    return text.lower() if text.isascii() else text.translate(_fold_table())


def _mark_country(text: str) -> str:
    """The country written ``US`` or ``U.S.`` as a word of the same length; ``us`` stays a pronoun.

    In text without a single capital the pronoun cannot be told apart and counts as the country.
    """
    if "US" in text or "U." in text:
        text = _COUNTRY.sub(lambda m: "us" + " " * (len(m.group()) - 2), text)
    return text


def _places(text: str) -> list[tuple[int, int]]:
    """Start and end of each word; folding keeps lengths, so places are those of the original."""
    return [match.span() for match in _WORD.finditer(fold(_mark_country(without_prefix(text))))]


def places(reading: Reading) -> Sequence[tuple[int, int]]:
    """Start and end in the original text of each word of ``reading``."""
    return reading.glossed or _places(reading.text)


def _has_pronoun(text: str, words: Sequence[str]) -> bool:
    """Is some ``us`` written small in a headline that has capitals? Then it is no country."""
    if "us" not in words or "us" not in text or text.islower():
        return False
    spots = zip(words, _places(text), strict=True)
    return any(word == "us" and text[start:end] == "us" for word, (start, end) in spots)


_WIRE = re.compile(
    r"\s*(?:(?:UPDATE|WRAPUP|REFILE|RPT|EXCLUSIVE|BREAKING|URGENT|FLASH|ALERT|NEWSMAKER|INSIGHT"
    r"|(?:MISE|MISES) [AÀ] JOUR|ACTU|ACTUALISATION|RP[TÉ]|LEAD|AVANT-PREMI[ÈE]RE)"
    r"(?:\s*\(?[A-Z0-9 ]{1,12}\)?)??(?:\s*\d{1,2})?\s*(?:-|–|—|:|\|)\s*)+"
)


def without_prefix(text: str) -> str:
    """``text`` with what a wire puts in front (``UPDATE 2-``, ``RPT-``, ``WRAPUP 3-``) made blank.

    The length stays, so that places are those of the original.
    """
    found = _WIRE.match(text) if text[:1].isupper() else None
    return text if found is None else " " * found.end() + text[found.end() :]


# ── matching ─────────────────────────────────────────────────────────────────────────────────────


class _Node:
    """A place in the tree of entries: what ends here, and where each pattern leads."""

    __slots__ = ("codes", "next")

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.next: dict[str, _Node] = {}


_Begun = tuple[tuple[int, ...], tuple[dict[str, _Node], ...]]
"""Entries so far: the columns of those that end here, and where the longer ones lead."""


def _begun(nodes: Sequence[_Node]) -> _Begun | None:
    """What ``nodes`` come to, None where there are none."""
    if not nodes:
        return None
    codes = tuple(code for node in nodes for code in node.codes)
    return codes, tuple(node.next for node in nodes if node.next)


class Matcher:
    """Finds every lexicon entry in a headline, one dictionary step per word.

    A word is looked up once among literals and prefixes (``ban``, ``restrict*``); the outcome is
    kept for the words to come, up to a bound, so that hostile text cannot grow it.
    """

    def __init__(self, entries: Mapping[str, Sequence[str]], column: Mapping[str, int]) -> None:
        self._root = _Node()
        patterns: set[str] = set()
        for code, phrases in entries.items():
            for phrase in phrases:
                node = self._root
                for pattern in fold(phrase).split():
                    patterns.add(pattern)
                    node = node.next.setdefault(pattern, _Node())
                if column[code] not in node.codes:
                    node.codes.append(column[code])
        self._patterns = frozenset(patterns)
        self._prefix_lengths = {len(p) - 1 for p in patterns if p.endswith("*")}
        self._seen: dict[str, tuple[tuple[str, ...], _Begun | None]] = {}

    def patterns_of(self, word: str) -> tuple[str, ...]:
        """Literals and prefixes of the lexicon that ``word`` matches."""
        return self._known(word)[0]

    def _known(self, word: str) -> tuple[tuple[str, ...], _Begun | None]:
        """The patterns of ``word``, and the entries that begin with it, None where none does."""
        known = self._seen.get(word)
        if known is None:
            found = [word] if word in self._patterns else []
            for length in self._prefix_lengths:
                if length <= len(word) and (prefix := word[:length] + "*") in self._patterns:
                    found.append(prefix)
            patterns = tuple(sorted(found))
            begins = self._root.next
            known = patterns, _begun([begins[p] for p in patterns if p in begins])
            if len(self._seen) >= _CACHE_LIMIT:
                self._seen.clear()
            self._seen[word] = known
        return known

    def hits(self, words: Sequence[str]) -> list[Hit]:
        """All matches as (first word, last word + 1, column), in reading order."""
        seen = self._seen
        known = [seen.get(word) or self._known(word) for word in words]
        found: list[Hit] = []
        size = len(words)
        for first, (_, begun) in enumerate(known):
            if begun is None:
                continue
            codes, longer = begun
            last = first + 1
            for code in codes:
                found.append((first, last, code))
            while longer and last < size:
                here = known[last][0]
                last += 1
                nodes = [n for after in longer for p in here if (n := after.get(p)) is not None]
                begun = _begun(nodes)
                if begun is None:
                    break
                codes, longer = begun
                for code in codes:
                    found.append((first, last, code))
        return found


def matcher() -> Matcher:
    """The matcher over the whole lexicon; built once, on first use."""
    return _book().matcher


def _shielded(hits: list[Hit], shields_of: frozenset[int]) -> list[Hit]:
    """``hits`` without those that touch a shield such as ``rubin observatory`` or ``blue chip``."""
    shields = [hit[:2] for hit in hits if hit[2] in shields_of]
    if not shields:
        return hits
    return [
        hit
        for hit in hits
        if hit[2] in shields_of or not any(hit[0] < b and a < hit[1] for a, b in shields)
    ]


# ── clauses and operators ────────────────────────────────────────────────────────────────────────

_QUOTES = re.compile('["“”«»]')
_BREAK = re.compile(r"[,;:|?!()\"“”«»，；：。！？、（）]|[—–]|\s-{1,2}\s|\.\s")


@dataclass(frozen=True, slots=True)
class _Clauses:
    """Where clauses begin (word numbers, ascending, the first 0) and which are background."""

    starts: tuple[int, ...]
    behind: tuple[bool, ...]

    def of(self, word: int) -> int:
        """Number of the clause that holds ``word``."""
        return bisect_right(self.starts, word) - 1

    def is_behind(self, word: int) -> bool:
        """Does ``word`` stand behind *after*, *amid*, *since* …?"""
        return self.behind[self.of(word)]


def _clauses(text: str, spots: Sequence[tuple[int, int]], hits: Sequence[Hit]) -> _Clauses:
    """Cut at punctuation and at the words that open a subordinate clause."""
    book = _book()
    opens = {a: c for a, _, c in hits if c in (book.background, book.subordinate)}
    starts, behind = [0], [opens.get(0) == book.background]
    for i in range(1, len(spots)):
        left, right = spots[i - 1][1], spots[i][0]
        cut = text[left:right] not in ("", " ")
        broken = cut and _BREAK.search(text, left, right) is not None
        if broken or i in opens:
            starts.append(i)
            behind.append(opens.get(i) == book.background)
    return _Clauses(tuple(starts), tuple(behind))


def clause_starts(reading: Reading, spots: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Numbers of the words with which the clauses of a headline begin, the first 0.

    spots: its ``places``. A quotation mark alone begins none (rescinds "AI Diffusion Rule").
    """
    text = _QUOTES.sub(" ", _mark_country(without_prefix(reading.text)))
    return _clauses(text, spots, reading.hits).starts


@dataclass(frozen=True, slots=True)
class _Operators:
    """Words that turn others, as (first, last + 1); ``concession``: where *despite* begins."""

    clauses: _Clauses
    negators: tuple[tuple[int, int], ...]
    refuters: tuple[tuple[int, int], ...]
    removers: tuple[tuple[int, int], ...]
    concession: int
    main_happens: bool


def _operators(
    text: str, words: Sequence[str], spots: Sequence[tuple[int, int]], hits: Sequence[Hit]
) -> _Operators:
    book = _book()
    clauses = _clauses(text, spots, hits)
    by_code: dict[int, list[tuple[int, int]]] = {}
    for first, last, code in hits:
        by_code.setdefault(code, []).append((first, last))
    concession = min((b for _, b in by_code.get(book.despite, ())), default=len(words))
    happens = any(
        code in book.happening and not clauses.is_behind(first) and first < concession
        for first, _, code in hits
    )
    removers = (r for r in by_code.get(book.remove, ()) if _removes(*r, words, hits, clauses))
    return _Operators(
        clauses=clauses,
        negators=tuple(by_code.get(book.negate, ())),
        refuters=tuple(by_code.get(book.refuted, ())),
        removers=tuple(removers),
        concession=concession,
        main_happens=happens,
    )


_FALLS = re.compile(r"(?:drop|end|eas)")
_FALL_ON = frozenset(("after", "apres", "on", "as"))
_PRICE_VERB = re.compile(r"(?:drop|end|eas|pause|suspend|lift|lower)")


def _removes(
    first: int, last: int, words: Sequence[str], hits: Sequence[Hit], clauses: _Clauses
) -> bool:
    """Is this verb a removal, and not the move of a share or what a company does to a forecast?

    "Drops 6 %" and "drops on" are price moves; so is any verb of which shares are the nearest party
    named before it, and *drop*, *end*, *ease*, *lift* of a company.
    """
    after = words[last] if last < len(words) else ""
    if after[:1].isdigit() or (_FALLS.match(words[first]) and after in _FALL_ON):
        return False
    book, here = _book(), clauses.of(first)
    parties = book.governments | {book.stock, book.nvidia}
    named = [c for a, b, c in hits if c in parties and b <= first and clauses.of(a) == here]
    subject = named[-1] if named else None
    if subject == book.stock:
        return False
    return not (subject == book.nvidia and _PRICE_VERB.match(words[first]))


def _turn(hit: Hit, hits: Sequence[Hit], words: Sequence[str], ops: _Operators) -> tuple[int, str]:
    """The column a hit counts for once operators around it are taken into account."""
    book = _book()
    first, last, code = hit
    if code in book.removed and ops.removers and (remover := _remover(hit, hits, words, ops)):
        here = ops.clauses.of(remover[0])
        behind = any(a == remover[1] for a, _ in ops.negators)  # French: "ne lèvera pas"
        if behind or _reached(
            ops.negators, remover[0], _NEGATION_REACH, ops.clauses, here, remover
        ):
            return code, "kept"
        return book.removed[code], "removed"
    if code in book.negated:
        here = ops.clauses.of(first)
        refuted = any(last <= a <= last + _REFUTATION_REACH for a, _ in ops.refuters)
        if refuted or _reached(ops.negators, first, _NEGATION_REACH, ops.clauses, here, (-1, -1)):
            return book.negated[code], "negated"
    return code, ""


def _reached(
    operators: Sequence[tuple[int, int]],
    first: int,
    reach: int,
    clauses: _Clauses,
    here: int,
    itself: tuple[int, int],
) -> bool:
    """Does an operator of this clause end at most ``reach`` words before ``first``?"""
    return any(
        b <= first and first - b <= reach and clauses.of(a) == here and (a, b) != itself
        for a, b in operators
    )


_PASSIVE = re.compile(
    r"(?:ed|en|wn|rn|ne|ees?)\Z|\A(?:ends?|laps|expir|fall|sunset|leves?\Z|rollback|repeal\Z|revocation)"
)
"""The removal that follows its measure: a participle, a noun, or a verb that needs no object."""


def _remover(
    hit: Hit, hits: Sequence[Hit], words: Sequence[str], ops: _Operators
) -> tuple[int, int] | None:
    """The removal that acts on ``hit``: in its clause, before it without another verb between, or
    soon behind it (the passive)."""
    book, (first, last, _) = _book(), hit
    here = ops.clauses.of(first)
    if any(a < last and first < b for a, b in ops.removers):
        return None
    for a, b in ops.removers:
        if ops.clauses.of(a) != here:
            continue
        if last <= a <= last + _REMOVAL_REACH_AFTER and _PASSIVE.search(words[b - 1]):
            return a, b
        if b <= first <= b + _REMOVAL_REACH_BEFORE and not any(
            b <= x and y <= first and c in book.between for x, y, c in hits
        ):
            return a, b
    return None


def read(headline: str) -> Reading:
    """Match ``headline`` (cut at 500 characters) against the lexicon.

    What follows *despite* is conceded: its verbs do not say what happened, and do not count. A
    measure behind *after* or *since* is background where the main clause says what happened.
    """
    text = headline[:MAX_HEADLINE_CHARS]
    folded = fold(_mark_country(without_prefix(text)))
    words: tuple[str, ...] = tuple(_WORD.findall(folded))
    tongue, known = language.identify(text, words), 1.0
    glossed: tuple[tuple[int, int], ...] = ()
    if tongue == "zh":
        words, glossed, known = chinese.gloss(folded)
    book = _book()
    hits = _shielded(book.matcher.hits(words), book.shields)
    said, turned = _said(folded, words, glossed, hits)
    said.extend(_extra(text, hits))
    if not glossed and _has_pronoun(text, words):
        said.append(column_of()["us_pronoun"])
    return Reading(
        text=text,
        words=words,
        hits=tuple(hits),
        turned=tuple(turned),
        columns=tuple(dict.fromkeys(said)),
        language=tongue,
        known=known,
        glossed=glossed,
    )


def _said(
    folded: str, words: Sequence[str], glossed: Sequence[tuple[int, int]], hits: Sequence[Hit]
) -> tuple[list[int], list[str]]:
    """Columns said once operators have turned them, and what was done to each hit."""
    book = _book()
    if book.turning.isdisjoint([hit[2] for hit in hits]):
        said = [c for hit in hits for c in book.implied.get(hit[2], (hit[2],))]
        return said, [""] * len(hits)
    spots = glossed or [match.span() for match in _WORD.finditer(folded)]
    ops = _operators(folded, words, spots, hits)
    said, turned = [], []
    for hit in hits:
        behind = ops.main_happens and ops.clauses.is_behind(hit[0])
        if behind and hit[2] in book.backdrop:
            turned.append("background")
        elif hit[0] >= ops.concession and hit[2] in book.conceded:
            turned.append("conceded")
        else:
            column, how = _turn(hit, hits, words, ops)
            said += book.implied.get(column, (column,))
            turned.append(how)
    return said, turned


_PERCENT_MOVE = re.compile(r"(?<![\w.])([+\-−–])\s?\d+(?:[.,]\d+)?\s?%")
_VERSUS = re.compile(
    r"(\d+(?:\.\d+)?)\s*([bmt]?)\w*\s*(?:,|\()?\s*vs\.?\s*(?:est\w*\.?|consensus|forecast|exp\w*)?"
    r"\s*(?:of\s*)?[$€]?\s*(\d+(?:\.\d+)?)\s*([bmt]?)",
    re.IGNORECASE,
)
_UNITS: Mapping[str, float] = MappingProxyType({"": 1.0, "m": 1e6, "b": 1e9, "t": 1e12})


def _extra(text: str, hits: list[Hit]) -> Iterator[int]:
    """What no single entry can say: signed moves, beats and misses, who leads, who is shunned."""
    book, at = _book(), column_of()
    if "%" in text and (move := _PERCENT_MOVE.search(text)):
        yield at["pct_up" if move.group(1) == "+" else "pct_down"]
    if ("vs" in text or "VS" in text) and (versus := _VERSUS.search(text)):
        had, unit, expected, expected_unit = versus.groups()
        figure = float(had) * _UNITS[(unit or expected_unit).lower()]
        estimate = float(expected) * _UNITS[(expected_unit or unit).lower()]
        yield at["above_estimate" if figure >= estimate else "below_estimate"]
    leader = next((book.leaders[code] for _, _, code in hits if code in book.leaders), None)
    if leader is not None:
        yield leader
    for code, verb in _CHOICES:
        column = at[code]
        for _, last, hit_code in hits:
            if hit_code == column and (side := _next_side(hits, last)):
                yield at[f"{verb}_{side}"]


def _next_side(hits: list[Hit], after: int) -> str | None:
    """Whose chips are named first within six words of ``after``: ``cn``, ``nv`` or None."""
    book = _book()
    for first, _, code in hits:
        if after <= first <= after + 6:
            if code in book.chinese_side:
                return "cn"
            if code in book.nvidia_side:
                return "nv"
    return None


def spans(reading: Reading) -> tuple[Span, ...]:
    """The matches with their places in the original text, in reading order, without repeats."""
    spots, codes = places(reading), columns()
    found: dict[tuple[int, int, str], Span] = {}
    for (first, last, code), how in zip(reading.hits, reading.turned, strict=True):
        start, end = spots[first][0], spots[last - 1][1]
        text = reading.text[start:end]
        span = Span(start=start, end=end, text=text, code=codes[code], turned=how)
        found[start, end, codes[code]] = span
    return tuple(found.values())


def evidence(readings: Sequence[Reading]) -> BoolArray:
    """Boolean matrix of shape (columns, len(readings)): which concept each headline holds."""
    matrix = np.zeros((len(columns()), len(readings)), dtype=np.bool_)
    if readings:
        rows = np.concatenate([np.asarray(r.columns, dtype=np.int64) for r in readings])
        cols = np.repeat(np.arange(len(readings)), [len(r.columns) for r in readings])
        matrix[rows, cols] = True
    return matrix
