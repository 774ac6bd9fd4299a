"""Does a headline tell a step, and somebody who can take it?

A headline may be about export rules, chips or budgets and still tell none: earnings of others,
shares that rise, what analysts expect, who partners with whom. Its type and sense stand; it moves
nothing. What a step asks for is the table ``steps`` of ``data/rules.toml``; a budget also asks for
the buyer as subject, in the main clause, with what it spends beside a sum or a change.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from engine.news.lexicon import rule_table
from engine.news.reading import Reading, column_of
from engine.news.rules import Condition, parse_condition

_BUYERS = ("hyper", "neocloud", "us_lab", "gulf", "other_gov", "us_gov", "cn_tech", "cn_lab")
_OTHERS = ("nvidia", "huang", "nv_chip", "rival", "fab", "memory")
_SIDE_CLAUSE = ("subordinate", "background", "despite")
_AUTHORITIES = (
    *("regulator", "congress", "us_gov", "cn_gov", "other_gov", "china", "customs", "smuggle"),
    *("export", "restrict", "rule"),
)
_BUDGETS = frozenset({"capex_increase", "capex_cut"})
_NEAR = 6
"""Words between what is spent and its sum or change. Judgement: "plans $40 billion X chip
purchase" needs four."""

_SPEND = re.compile(
    r"(?:capex|capital|expenditures?|spend|spends|spending|outlays?|budgets?|invest|invests|investing"
    r"|investments?|investir|investit|investira|investissements?|depenses?|depenser|depensera"
    r"|datacent(?:er|re)s?|cent(?:er|re)s?|leases?|baux|buildouts?|infrastructure|purchases?|buy|buys"
    r"|buying|achete|acheter|achat|achats|orders?|funding|debt|bonds?)\Z"
)
_CHANGE = re.compile(
    r"(?:rais(?:es?|ed|ing)|boost(?:s|ed|ing)?|lift(?:s|ed)?|hik(?:es?|ed)|increas(?:es?|ed|ing)"
    r"|upp?s|upped|doubl(?:es?|ed|ing)|tripl(?:es?|ed|ing)|ramps?|ramping|bumps?|expand(?:s|ed)?"
    r"|cuts?|cutting|slash(?:es|ed|ing)?|trim(?:s|med)?|reduc(?:es?|ed|ing)|paus(?:es?|ed|ing)"
    r"|halt(?:s|ed|ing)?|freez(?:es?|ing)|froze|cancel(?:s|ed|led|ing|ling)?|scrap(?:s|ped)?"
    r"|shelv(?:es?|ed)|delay(?:s|ed|ing)?|pull(?:s|ed|ing)?|scal(?:es?|ed|ing)|walk(?:s|ed)?"
    r"|slow(?:s|ed|ing)?|reaffirm(?:s|ed)?|sticks?|stands?|maintain(?:s|ed)?|keeps?|confirm(?:s|ed)?"
    r"|higher|lower|more|less|record|releve|augmente|accroit|reduit|rogne|coupe|suspend|annule|gele)\Z"
)
_SUM = re.compile(r"\d[\d.,]*(?:bn|b|bln|tn|trn|t|mln|md)\Z")
_FIGURE = re.compile(r"\d[\d.,]*\Z")
_LARGE = frozenset("billion billions bn bln trillion trillions tn milliard milliards gw".split())


@functools.cache
def _asked() -> Mapping[str, Condition]:
    return MappingProxyType({k: parse_condition(text) for k, text in rule_table().steps.items()})


@functools.cache
def _columns(names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(column_of()[name] for name in names)


def tells(reading: Reading, event_type: str) -> bool:
    """Whether ``reading``, taken for ``event_type``, tells a step that somebody takes.

    True for types of which nothing is asked.
    """
    asked = _asked().get(event_type)
    if asked is not None and not asked.met(frozenset(reading.columns)):
        return False
    if event_type == "regulatory_probe" and _product_test(reading):
        return False
    return event_type not in _BUDGETS or bool(reading.glossed) or _budget(reading)


def _product_test(reading: Reading) -> bool:
    """Is a gaming card looked at, and no authority near? Reviews and driver fixes are no probes."""
    found = frozenset(reading.columns)
    return bool(found & _columns(("nv_gaming",))) and not found & _columns(_AUTHORITIES)


def _budget(reading: Reading) -> bool:
    """Does a buyer say, in the main clause, what it spends, with a sum or a change beside it?"""
    main = _main(reading)
    if not _buyer_leads(reading, len(main)):
        return False
    told = [i for i, w in enumerate(main) if _CHANGE.match(w) or _is_sum(main, i)]
    return any(abs(i - j) <= _NEAR for i, w in enumerate(main) if _SPEND.match(w) for j in told)


def _main(reading: Reading) -> Sequence[str]:
    aside = _columns(_SIDE_CLAUSE)
    end = min((a for a, _, c in reading.hits if c in aside and a > 0), default=len(reading.words))
    return reading.words[:end]


def _buyer_leads(reading: Reading, end: int) -> bool:
    """Is the first party of the main clause a buyer? An "Nvidia-backed" one is."""
    buyers, others = _columns(_BUYERS), _columns(_OTHERS)
    words = reading.words
    for first, last, code in reading.hits:
        if first >= end or code not in buyers | others:
            continue
        if code in others and last < len(words) and words[last] in ("backed", "powered"):
            continue
        return code in buyers
    return False


def _is_sum(words: Sequence[str], i: int) -> bool:
    following = words[i + 1] if i + 1 < len(words) else ""
    return bool(_SUM.match(words[i]) or (_FIGURE.match(words[i]) and following in _LARGE))
