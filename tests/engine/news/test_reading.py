"""Folding, matching, and what operators turn: on lines made by hand, word by word."""

from __future__ import annotations

from typing import Any

import pytest

from engine.news import reading as r
from engine.news.lexicon import lexicon
from engine.news.reading import Reading, Span, column_of, columns, read
from tests.engine.news.lines import line

AT = column_of()


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("US[A]z", "us[a]z"),
        ("ÀÉÎõü’‘ʼ\xa0\u202fZ", "aeiou'''  z"),
        ("ŁØ", "łø"),  # a stroke is no accent
        ("\u024e\u0250", "\u024f\u0250"),
        ("\u1e00\u1eff", "a\u1eff"),
        ("Ａｚ０９Ｂ", "az09b"),
        ("é×÷", "e×÷"),  # no letters
        ("", ""),
    ],
)
def test_folding_drops_case_and_accents_and_keeps_places(text: str, folded: str) -> None:
    assert r.fold(text) == folded
    assert len(r.fold(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("USA bans", "us bans"), ("U.S.A. bans", "us bans"), ("U. S. bans", "us bans"),
        ("U.S. bans", "us bans"), ("US bans", "us bans"), ("us bans", "us bans"),
        ("BUSES, AUS", "buses aus"), ("USAID bans", "usaid bans"),
        ("RPT-H20 is 5.5bn, 1,5% of GB200s", "h20 is 5.5bn 1,5 % of gb200s"),
    ],
)  # fmt: skip
def test_words_are_cut_from_the_folded_text(text: str, words: str) -> None:
    assert " ".join(read(text).words) == words


def test_every_word_has_its_place_in_the_original() -> None:
    text = "RPT-U.S. bars Été"
    assert r.places(read(text)) == [(4, 6), (9, 13), (14, 17)]
    assert r.places(line("a b", glossed=True)) == ((0, 1), (2, 3))
    assert r.places(line("a bc")) == [(0, 1), (2, 4)]


@pytest.mark.parametrize(
    ("text", "pronoun"),
    [
        ("Chips tell us why", True), ("US tells us why", True), ("chips tell us why", False),
        ("Bonus for US", False), ("Bonus for chips", False), ("US bans", False),
    ],
)  # fmt: skip
def test_us_is_the_country_unless_written_small_among_capitals(text: str, pronoun: bool) -> None:
    assert r._has_pronoun(text, read(text).words) is pronoun
    assert (AT["us_pronoun"] in read(text).columns) is pronoun


def test_a_headline_is_cut_at_500_characters() -> None:
    long = read("a " * 249 + "bb c")
    assert r.MAX_HEADLINE_CHARS == 500
    assert len(long.text) == 500
    assert long.words[-1] == "bb"
    assert read("a " * 249 + "b c").words[-1] == "b"


def test_an_english_headline_is_known_in_full_and_a_chinese_one_in_part() -> None:
    assert (read("Rain").known, read("Rain").glossed, read("Rain").language) == (1.0, (), "en")
    half = read("中国买")
    assert half.known == pytest.approx(2 / 3)
    assert half.glossed == ((0, 2),) * len(half.words)
    assert Reading(text="", words=(), hits=(), turned=(), columns=()).language == "en"


# --- matching ------------------------------------------------------------------------------------


def small() -> r.Matcher:
    entries = {
        "a": ("Ban", "ban*", "ban of chip*", "ban"), "b": ("ban of", "chip"), "c": ("é chip",),
    }  # fmt: skip
    return r.Matcher(entries, {"a": 7, "b": 8, "c": 9})


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("ban", [(0, 1, 7), (0, 1, 7)]),  # as itself and by its beginning
        ("bans", [(0, 1, 7)]),
        ("ba", []),
        ("urban", []),
        ("ban of chips", [(0, 1, 7), (0, 1, 7), (0, 2, 8), (0, 3, 7)]),
        ("bans of chip", [(0, 1, 7), (2, 3, 8)]),
        ("x e chip", [(1, 3, 9), (2, 3, 8)]),
        ("e", []),
        ("", []),
    ],
)
def test_every_entry_is_found_in_reading_order(text: str, hits: list[Any]) -> None:
    assert small().hits(text.split()) == hits


def test_a_word_is_looked_up_among_literals_and_beginnings() -> None:
    assert small().patterns_of("ban") == ("ban", "ban*")
    assert small().patterns_of("bans") == ("ban*",)
    assert small().patterns_of("chips") == ("chip*",)
    assert small().patterns_of("ba") == ()


def test_what_is_kept_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert r._CACHE_LIMIT == 50_000
    monkeypatch.setattr(r, "_CACHE_LIMIT", 2)
    matcher = small()
    matcher.hits(["x", "y"])
    assert set(matcher._seen) == {"x", "y"}
    matcher.hits(["y", "z"])
    assert set(matcher._seen) == {"z"}


def test_a_shield_hides_what_it_touches_and_no_more() -> None:
    """Of (1, 3): the word before and the one behind stay, what reaches in goes."""
    shield = (1, 3, 5)
    stay = [(0, 1, 1), shield, (3, 4, 1), (2, 3, 5)]
    gone = [(0, 2, 1), (1, 2, 1), (2, 4, 1), (0, 4, 1)]
    assert r._shielded([*stay, *gone], frozenset({5})) == stay
    assert r._shielded(gone, frozenset({5})) == gone
    two = [(0, 1, 5), (1, 2, 1), (2, 3, 5)]
    assert r._shielded([*two, (2, 3, 1)], frozenset({5})) == two  # one of two is enough


# --- clauses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("a b, c", (0, 2)), ("a; b: c | d", (0, 1, 2, 3)), ("a? b! c", (0, 1, 2)),
        ("a (b) c", (0, 1, 2)), ("a – b — c", (0, 1, 2)), ("a - b -- c", (0, 1, 2)),
        ("a-b c", (0,)), ("a. b", (0, 1)), ("a.b", (0,)), ("a  b", (0,)), ("a'b /c", (0,)),
        ('a "b" c', (0,)), ("a «b» c", (0,)), ("a, \"b\" c", (0, 1)), ("", (0,)),
        ("UPDATE 2-a, b", (0, 1)),
    ],
)  # fmt: skip
def test_clauses_are_cut_at_punctuation_but_not_at_quotation_marks(
    text: str, starts: tuple[int, ...]
) -> None:
    reading = Reading(text=text, words=(), hits=(), turned=(), columns=())
    assert r.clause_starts(reading, r._places(text)) == starts


def test_a_quotation_mark_parts_what_operators_reach() -> None:
    spots = [(0, 1), (3, 4), (6, 7)]
    assert r._clauses('a "b" c', spots, ()).starts == (0, 1, 2)


def test_words_that_open_a_clause_open_one_and_background_is_behind() -> None:
    """*as* opens a clause that tells, *after* one that is known."""
    made = line("after=background a as=subordinate b c after=background d")
    clauses = r._clauses(made.text, r.places(made), made.hits)

    assert clauses.starts == (0, 2, 5)
    assert clauses.behind == (True, False, True)
    assert [clauses.of(word) for word in range(7)] == [0, 0, 1, 1, 1, 2, 2]
    assert [clauses.is_behind(word) for word in (0, 1, 2, 4, 5, 6)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip


# --- what operators turn -------------------------------------------------------------------------


def turned(text: str) -> dict[str, str]:
    """Word → what is done to the last match that begins with it, where anything is."""
    made = line(text)
    said, how = r._said(made.text, made.words, (), made.hits)
    for (_, _, code), one in zip(made.hits, how, strict=True):
        name = {"removed": "-", "negated": "~"}.get(one, "") + columns()[code]
        assert one in ("background", "conceded") or AT[name] in said
    return {made.words[hit[0]]: one for hit, one in zip(made.hits, how, strict=True) if one}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("not=negate restricts=restrict", "negated"),
        ("not=negate a b c d restricts=restrict", "negated"),  # four words
        ("not=negate a b c d e restricts=restrict", ""),
        ("not=negate a, restricts=restrict", ""),  # another clause
        ("restricts=restrict not=negate", ""),
        ("no_longer=negate restricts=restrict", "negated"),
        ("not=negate restricts=chip", ""),  # nothing that can be negated
        ("restricts=restrict false=refuted", "negated"),
        ("restricts=restrict, a b c d e false=refuted", "negated"),  # five words, any clause
        ("restricts=restrict a b c d e f false=refuted", ""),
        ("false=refuted restricts=restrict", ""),
        ("not=negate restricts=restrict, x", "negated"),  # what ends its clause
        ("restricts=negate+restrict", ""),  # not by itself
    ],
)
def test_a_negation_reaches_four_words_and_a_refutation_five_back(text: str, result: str) -> None:
    assert turned(text).get("restricts", "") == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        # before the measure: eight words, in its clause, without another verb between
        ("lifts=remove curbs=restrict", "removed"),
        ("lifts=remove a b c d e f g h curbs=restrict", "removed"),
        ("lifts=remove a b c d e f g h i curbs=restrict", ""),
        ("lifts=remove, curbs=restrict", ""),
        ("lifts=remove plan=launch curbs=restrict", ""),
        ("lifts=remove plan=chip curbs=restrict", "removed"),
        ("plan=launch lifts=remove curbs=restrict launch=launch", "removed"),
        # behind it: five words, as a participle or a noun
        ("curbs=restrict lifted=remove", "removed"),
        ("curbs=restrict a b c d e lifted=remove", "removed"),
        ("curbs=restrict a b c d e f lifted=remove", ""),
        ("curbs=restrict lift=remove", ""),
        ("curbs=restrict expire=remove", "removed"),
        ("curbs=restrict, lifted=remove", ""),
        # the verb of relief itself removes no relief
        ("eases=remove+relax curbs=chip", ""),
        ("lifts=remove eases=remove+relax", ""),
        ("lifts=remove curbs=restrict, x", "removed"),
        ("lifts=remove curbs=restrict+launch", "removed"),  # no verb between
        ("lifts=remove rate=chip", ""),
        # a fall of six percent, a fall on or after something, is none
        ("drops=remove 6 curbs=restrict", ""),
        ("drops=remove on curbs=restrict", ""),
        ("ends=remove after curbs=restrict", ""),
        ("eases=remove as curbs=restrict", ""),
        ("lifts=remove on curbs=restrict", "removed"),
        ("lifts=remove 6 curbs=restrict", ""),
        ("lifts=remove 6bn curbs=restrict", ""),
        ("shares=stock curbs=restrict lifted=remove, x", ""),
        ("lifts=remove+stock curbs=restrict", "removed"),  # no party before it
        ("curbs=restrict dropped=remove", "removed"),
        # of whom: shares move, a company lifts its forecast
        ("shares=stock lift=remove curbs=restrict", ""),
        ("shares=stock scrap=remove curbs=restrict", ""),
        ("nvidia=nvidia lifts=remove curbs=restrict", ""),
        ("nvidia=nvidia scraps=remove curbs=restrict", "removed"),
        ("us=us_gov lifts=remove curbs=restrict", "removed"),
        ("shares=stock us=us_gov lifts=remove curbs=restrict", "removed"),
        ("us=us_gov shares=stock lift=remove curbs=restrict", ""),
        ("shares=stock, lifts=remove curbs=restrict", "removed"),
        ("lifts=remove curbs=restrict shares=stock", "removed"),
        # what is negated is kept
        ("not=negate lifts=remove curbs=restrict", "kept"),
        ("not=negate a b c d lifts=remove curbs=restrict", "kept"),
        ("not=negate a b c d e lifts=remove curbs=restrict", "removed"),
        ("not=negate a, lifts=remove curbs=restrict", "removed"),
        ("not=negate curbs=restrict lifted=remove, x", "kept"),
        ("leve=remove pas=negate curbs=restrict", "kept"),
        ("leve=remove x pas=negate x curbs=restrict", "removed"),
        ("drops=remove+negate curbs=restrict", "removed"),  # not by itself
        # the nearer of two is not asked for: the first that reaches
        ("lifts=remove curbs=restrict not=negate ended=remove", "removed"),
    ],
)
def test_a_removal_acts_on_a_measure_in_its_clause(text: str, result: str) -> None:
    assert turned(text).get("eases" if "relax" in text else "curbs", "") == result


@pytest.mark.parametrize("code", ["restrict", "relax", "rule", "licence", "probe", "entity_list"])
def test_every_measure_can_be_removed(code: str) -> None:
    assert turned(f"scraps=remove m={code}") == {"m": "removed"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a=launch after=background b=restrict", {"b": "background"}),
        ("a=chip after=background b=restrict", {}),  # nothing happens in the main clause
        ("a=launch as=subordinate b=restrict", {}),
        ("a=launch after=background b=chip", {}),  # no measure
        ("after=background b=restrict, a=launch", {"b": "background"}),
        ("after=background b=restrict a=launch", {}),  # it happens in the background too
        ("a=launch despite=despite b=cut", {"b": "conceded"}),
        ("b=cut despite=despite a=chip", {}),
        ("a=rates_word despite=despite b=chip", {}),  # an entity is nothing that happened
        ("x=chip despite=despite a=launch after=background b=rule", {"a": "conceded"}),
        ("despite=despite a=cut despite=despite b=cut", {"a": "conceded", "b": "conceded"}),
    ],
)
def test_background_and_what_is_conceded_do_not_count(text: str, result: dict[str, str]) -> None:
    assert turned(text) == result


def test_who_says_one_thing_says_what_it_implies() -> None:
    """Whether operators are asked or not."""
    plain = line("h20=nv_china_chip")
    assert r._said(plain.text, plain.words, (), plain.hits) == (
        [AT["nv_china_chip"], AT["nv_chip"]], [""],
    )  # fmt: skip
    asked = line("h20=nv_china_chip not=negate")
    assert r._said(asked.text, asked.words, (), asked.hits) == (
        [AT["nv_china_chip"], AT["nv_chip"], AT["negate"]], ["", ""],
    )  # fmt: skip


def test_the_places_of_chinese_words_part_its_clauses() -> None:
    """A comma between two places of the text: the removal does not reach behind it."""
    made = line("lifts=remove curbs=restrict", glossed=True)
    assert r._said("xx yy", made.words, ((0, 2), (3, 5)), made.hits)[1] == ["", "removed"]
    assert r._said("xx,yy", made.words, ((0, 2), (3, 5)), made.hits)[1] == ["", ""]


# --- what no entry says --------------------------------------------------------------------------


def extra(text: str, words: str = "") -> set[str]:
    return {columns()[code] for code in r._extra(text, list(line(words).hits) if words else [])}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NVDA +5%", "pct_up"), ("NVDA -5,2 %", "pct_down"), ("NVDA −5%", "pct_down"),
        ("NVDA –5%", "pct_down"), ("NVDA + 5%", "pct_up"), ("NVDA 5%", ""), ("NVDA+5%", ""),
        ("NVDA +5", ""), ("-3% then +5%", "pct_down"),
        ("REV $57B VS EST $55B", "above_estimate"), ("rev 55B vs 57B", "below_estimate"),
        ("EPS 0.81 vs 0.81", "above_estimate"),  # in line is no miss
        ("EPS 0.80 vs 0.81 est.", "below_estimate"),
        ("rev 900M vs 1.1B", "below_estimate"), ("rev 1.1B vs 900M", "above_estimate"),
        ("rev 0.9T vs 800B", "above_estimate"), ("rev 900B vs 1.1T", "below_estimate"),
        ("rev 1000M vs 1B", "above_estimate"), ("rev 999M vs 1B", "below_estimate"),
        ("rev 1B vs 1000M", "above_estimate"), ("rev 0.999B vs 1000M", "below_estimate"),
        ("rev 1T vs 1000B", "above_estimate"), ("rev 0.999T vs 1000B", "below_estimate"),
        ("rev 1000B vs 1T", "above_estimate"), ("rev 999B vs 1T", "below_estimate"),
        ("rev 57 vs 55B", "above_estimate"), ("rev 50 vs 55B", "below_estimate"),
        ("rev 57B vs 55", "above_estimate"), ("rev 50B vs 55", "below_estimate"),
        ("rev 900K vs 5", "above_estimate"), ("rev 57B versus 55B", ""),
        ("rev 57B Vs 55B", ""),
    ],
)  # fmt: skip
def test_signed_moves_and_estimates_are_read(text: str, says: str) -> None:
    assert extra(text) == ({says} if says else set())


@pytest.mark.parametrize(
    ("codes", "leads"),
    [
        ("us_gov congress", "us"), ("china cn_gov customs", "china"),
        ("nvidia nv_chip nv_china_chip huang", "nvidia"),
        ("cn_lab cn_tech cn_model cn_model_plain", "cn_lab"), ("cn_chip huawei cn_fab", "cn_chip"),
        ("hyper neocloud", "hyper"), ("us_lab us_model", "us_lab"), ("rival rival_chip", "rival"),
    ],
)  # fmt: skip
def test_who_is_named_first_leads(codes: str, leads: str) -> None:
    for code in codes.split():
        assert extra("", f"a=rates_word x={code} y=nvidia z=us_gov") == {f"first_{leads}"}
    assert extra("", "a=rates_word b=stock") == set()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("avoid=decline_use x=nvidia", "spurns_nv"), ("avoid=decline_use x=nv_chip", "spurns_nv"),
        ("avoid=decline_use x=nv_china_chip", "spurns_nv"),
        ("avoid=decline_use x=huawei", "spurns_cn"), ("avoid=decline_use x=cn_chip", "spurns_cn"),
        ("avoid=decline_use x=own_chip", "spurns_cn"), ("prefer=favour x=nvidia", "favours_nv"),
        ("prefer=favour x=huawei", "favours_cn"),
        ("avoid=decline_use a b c d e f x=huawei", "spurns_cn"),  # the seventh word behind
        ("avoid=decline_use a b c d e f g x=huawei", ""),
        ("x=huawei avoid=decline_use", ""),
        ("avoid=decline_use x=huawei y=nvidia", "spurns_cn"),  # the first named
        ("avoid=decline_use y=nvidia x=huawei", "spurns_nv"),
        ("avoid=decline_use y=rival", ""),
    ],
)  # fmt: skip
def test_whose_chips_are_shunned_or_preferred(words: str, says: str) -> None:
    found = {name for name in extra("", words) if not name.startswith("first_")}
    assert found == ({says} if says else set())


# --- what is given out ---------------------------------------------------------------------------


def test_spans_name_place_text_concept_and_turn() -> None:
    made = line("us=us_gov lifts=remove ai_curbs=restrict/removed, us=us_gov+us_gov")
    assert r.spans(made) == (
        Span(start=0, end=2, text="us", code="us_gov", turned=""),
        Span(start=3, end=8, text="lifts", code="remove", turned=""),
        Span(start=9, end=17, text="ai curbs", code="restrict", turned="removed"),
        Span(start=19, end=21, text="us", code="us_gov", turned=""),
    )
    assert Span(start=0, end=1, text="a", code="b").turned == ""


def test_evidence_has_a_row_for_each_concept_and_a_column_for_each_headline() -> None:
    found = r.evidence([line("a=chip b=chip c=stock"), line("x"), line("a=chip")])
    expected = [[True, False, True], [True, False, False]]
    assert [found[AT["chip"]].tolist(), found[AT["stock"]].tolist()] == expected
    assert found.sum() == 3
    assert found.shape == (len(columns()), 3)
    assert found.dtype == bool
    assert r.evidence([]).shape == (len(columns()), 0)
    assert r.evidence([line("x")]).shape == (len(columns()), 1)


def test_a_headline_is_read_in_full() -> None:
    """*US lifts curbs*: who, the removal, the measure that it removes, and who leads."""
    found = read("US lifts curbs")
    names = [columns()[c] for c in found.columns]
    assert {"us_gov", "remove", "-restrict", "first_us"} <= set(names)
    assert "restrict" not in names
    assert len(names) == len(set(names))
    assert {s.text: s.turned for s in r.spans(found) if s.code == "restrict"} == {
        "curbs": "removed"
    }
    assert (found.text, found.words) == ("US lifts curbs", ("us", "lifts", "curbs"))
    assert not found.unread


# --- what is looked up once ----------------------------------------------------------------------


def test_columns_are_concepts_then_their_turns_then_patterns_then_leaders() -> None:
    """Each once; a name has the number of its place."""
    made = r.columns.__wrapped__()
    codes = lexicon().codes
    assert made[: len(codes)] == codes
    assert made[len(codes)] == "~restrict"
    turns = [name for name in made if name[0] in "~-"]
    assert made[len(codes) : len(codes) + len(turns)] == tuple(turns)
    assert [name[0] for name in turns] == ["~"] * 24 + ["-"] * 8
    assert made[-17:] == (
        "us_pronoun", "pct_up", "pct_down", "above_estimate", "below_estimate", "spurns_cn",
        "spurns_nv", "favours_cn", "favours_nv", "first_us", "first_china", "first_nvidia",
        "first_cn_lab", "first_cn_chip", "first_hyper", "first_us_lab", "first_rival",
    )  # fmt: skip
    assert len(set(made)) == len(made) == len(codes) + 24 + 8 + 17
    assert [r.column_of.__wrapped__()[name] for name in made] == list(range(len(made)))


def test_the_book_of_a_reading_names_what_it_says() -> None:
    """Every operator, shield and party by its own column."""
    book = r._book.__wrapped__()

    def named(codes: Any) -> set[str]:
        return {columns()[c] for c in codes}

    for name in (
        "negate", "refuted", "despite", "remove", "background", "subordinate", "stock", "nvidia",
    ):  # fmt: skip
        assert getattr(book, name) == AT[name]
    assert named(book.shields) == {"noise", "idiom"}
    assert named(book.turning) == {"negate", "refuted", "despite", "remove", "background"}
    assert named(book.conceded) == lexicon().verbs
    assert named(book.happening) == {
        "launch", "adopt", "deal", "raise", "train", "mass", "delay", "fail", "shun", "exclude",
        "scrap", "open_source", "relax", "restrict", "own_chip", "smuggle",
    }  # fmt: skip
    assert named(book.backdrop) == {
        "restrict", "relax", "rule", "licence", "entity_list", "diffusion", "shun", "export",
    }  # fmt: skip
    assert named(book.governments) == {
        "us_gov", "congress", "cn_gov", "regulator", "other_gov", "china", "customs",
    }  # fmt: skip
    assert named(book.between) == {
        "down", "up_move", "launch", "adopt", "raise", "beat", "miss", "train", "warn_risk",
    }  # fmt: skip
    assert {columns()[c]: columns()[t] for c, t in book.negated.items()} == {
        code: f"~{code}" for code in (
            "restrict", "relax", "launch", "delay", "fail", "raise", "cut", "beat", "miss", "adopt",
            "shun", "probe", "sale", "train", "deal", "struggle", "smuggle", "cheap", "dovish",
            "hawkish", "rival_chip", "licence", "own_chip", "capex",
        )
    }  # fmt: skip
    assert {columns()[c]: columns()[t] for c, t in book.removed.items()} == {
        code: f"-{code}" for code in (
            "restrict", "relax", "rule", "diffusion", "licence", "probe", "tariff", "entity_list",
        )
    }  # fmt: skip
    assert book.implied[AT["congress"]] == (AT["congress"], AT["us_gov"])
    assert len(book.implied) == len(lexicon().implies)
    assert book.leaders[AT["huang"]] == AT["first_nvidia"]
    assert named(book.chinese_side) == {"cn_chip", "huawei", "own_chip"}
    assert named(book.nvidia_side) == {"nvidia", "nv_chip", "nv_china_chip"}
    assert book.matcher.hits(["h20"]) == r.matcher().hits(["h20"])
    assert (0, 1, AT["nvidia"]) in book.matcher.hits(["nvidia"])


def test_the_table_of_folding_holds_letters_that_change_and_marks_made_plain() -> None:
    table = r._fold_table.__wrapped__()
    assert (table[ord("A")], table[ord("Z")], table[ord("É")], table[ord("é")]) == tuple("azee")
    assert (table[0x2019], table[0x2018], table[0x2BC], table[0xA0], table[0x202F]) == tuple(
        "'''  "
    )
    assert {ord(c) for c in "az[@×÷0"}.isdisjoint(table)
    assert min(point for point in table) == 0x41
    assert (table[0x24E], table[0x1E00], table[0xFF10], table[0xFF5A]) == tuple("\u024fa0z")
    assert {0x250, 0x1DFF, 0x1F00, 0xFF0F, 0xFF5B, 0xFF66}.isdisjoint(table)
