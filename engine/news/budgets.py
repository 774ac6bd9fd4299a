"""Does a headline tell a step in a budget: a buyer that spends more or less on what Nvidia sells?

The buyer is the subject of the main clause, and what it spends stands beside a sum or a change, or
a number of accelerators beside a verb of buying.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from engine.news.reading import Reading, column_of

TYPES = frozenset({"capex_increase", "capex_cut"})
"""The types of which a budget is asked."""

_BUYERS = ("hyper", "neocloud", "us_lab", "gulf", "other_gov", "us_gov", "cn_tech", "cn_lab")
_OTHERS = ("nvidia", "huang", "nv_chip", "rival", "fab", "memory", "analyst", "stock")
_SIDE_CLAUSE = ("subordinate", "background", "despite")
_NEAR = 6
"""Words between what is spent and its sum or change. Judgement: "plans $40 billion X chip
purchase" needs four."""

_BESIDE = 3
"""Words between a number of accelerators and what they are: "thousands of Nvidia chips"."""

_SPEND = re.compile(
    r"(?:capex|capital|expenditures?|spend|spends|spending|outlays?|budgets?|invest|invests|investing"
    r"|investments?|investir|investit|investira|investissements?|depenses?|depenser|depensera"
    r"|datacent(?:er|re)s?|cent(?:er|re)s?|leases?|baux|buildouts?|infrastructure|purchases?|buy|buys"
    r"|buying|pours?|sites?|campus(?:es)?|clusters?|superclusters?|stargate|gigawatts?|achete|acheter|achat|achats|orders?)\Z"
)
_DEAL = re.compile(r"(?:deals?|contracts?|contrats?|pact|accords?|agreements?)\Z")
_CHANGE = re.compile(
    r"(?:rais(?:es?|ed|ing)|boost(?:s|ed|ing)?|lift(?:s|ed)?|hik(?:es?|ed)|increas(?:es?|ed|ing)"
    r"|upp?s|upped|doubl(?:es?|ed|ing)|tripl(?:es?|ed|ing)|ramps?|ramping|bumps?|expand(?:s|ed)?"
    r"|cuts?|cutting|slash(?:es|ed|ing)?|trim(?:s|med)?|reduc(?:es?|ed|ing)|paus(?:es?|ed|ing)"
    r"|halt(?:s|ed|ing)?|freez(?:es?|ing)|froze|cancel(?:s|ed|led|ing|ling)?|scrap(?:s|ped)?"
    r"|shelv(?:es?|ed)|delay(?:s|ed|ing)?|pull(?:s|ed|ing)?|scal(?:es?|ed|ing)|walk(?:s|ed)?|backs?"
    r"|slow(?:s|ed|ing)?|reaffirm(?:s|ed)?|sticks?|stands?|maintain(?:s|ed)?|keeps?|confirm(?:s|ed)?"
    r"|adds?|added|higher|lower|more|less|record|releve|augmente|accroit|reduit|rogne|coupe|suspend|annule|gele)\Z"
)
_CUT = re.compile(
    r"(?:cut|slash|trim|reduc|paus|halt|freez|froze|cancel|scrap|shelv|delay|pull|walk|backs?\Z|slow"
    r"|lower\Z|less\Z|reduit|rogne|coupe|suspend|annule|gele)"
)
_MISSED = re.compile(r"(?:miss(?:es|ed)?|below|disappoint(?:s|ed|ing)?)\Z")
"""Less than was expected; of what is spent only where it stands beside it and nothing is raised."""
_SUM = re.compile(r"\d[\d.,]*(?:bn|b|bln|tn|trn|t|mln|md)\Z")
_MANY = frozenset("thousands hundreds million millions milliers tens".split())
_COUNT = re.compile(r"\d{1,3}(?:[.,]\d{3})+\Z|\d{4,}\Z|\d+k\Z")
_TAKES = re.compile(
    r"(?:buys?|bought|buying|adds?|added|orders?|ordered|purchases?|purchased|secures?|acquires?"
    r"|achete|achetent|commande|commandent)\Z"
)
_FIGURE = re.compile(r"\d[\d.,]*\Z")
_LARGE = frozenset("billion billions bn bln trillion trillions tn milliard milliards gw".split())


@functools.cache
def _columns(names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(column_of()[name] for name in names)


def sense(reading: Reading) -> int:
    """1 where the budget that is told (see ``tells``) is new, more or kept, -1 where it is less,
    or less than was expected."""
    main = _main(reading)
    changes = [w for w in main if _CHANGE.match(w)]
    if any(_CUT.match(w) for w in changes):
        return -1
    spent = [i for i, w in enumerate(main) if _SPEND.match(w)]
    missed = [i for i, w in enumerate(main) if _MISSED.match(w)]
    return -1 if not changes and _beside(spent, missed) else 1


def tells(reading: Reading) -> bool:
    """Does a buyer say, in the main clause, what it spends, with a sum or a change beside it?"""
    main = _main(reading)
    if not _buyer_leads(reading, len(main)):
        return False
    if reading.glossed:
        return True
    told = [i for i, w in enumerate(main) if _CHANGE.match(w) or _is_sum(main, i)]
    deals = _computing(reading, len(main))
    spent = [i for i, w in enumerate(main) if _SPEND.match(w) or (deals and _DEAL.match(w))]
    return _beside(spent, told) or _buys_accelerators(reading, main)


def _computing(reading: Reading, end: int) -> bool:
    """Is computing named, so that a deal is one for it?"""
    things = _columns(("data_center", "nv_chip", "chip", "ai_chips"))
    return any(code in things and first < end for first, _, code in reading.hits)


def _beside(some: Sequence[int], others: Sequence[int]) -> bool:
    return any(abs(i - j) <= _NEAR for i in some for j in others)


def _buys_accelerators(reading: Reading, main: Sequence[str]) -> bool:
    """Does the buyer take a number of accelerators ("adds thousands of Nvidia chips")?"""
    things = _columns(("nv_chip", "nvidia", "chip", "ai_chips"))
    chips = [a for a, _, code in reading.hits if code in things and a < len(main)]
    many = [i for i, w in enumerate(main) if w in _MANY or _COUNT.match(w)]
    takes = any(_TAKES.match(w) for w in main)
    return takes and any(0 < a - i <= _BESIDE for i in many for a in chips)


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
