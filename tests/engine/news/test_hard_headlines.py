"""Headlines that were once read the wrong way: none may move a score with the wrong sign again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.news import classify as c
from engine.news.taxonomy import MOVING

CSV = Path(__file__).resolve().parents[3] / "config" / "headlines.csv"


@pytest.fixture(scope="module")
def model() -> c.Classifier:
    with CSV.open(newline="", encoding="utf-8") as file:
        return c.fit(c.parse_labelled(csv.DictReader(file)))


HARD = [
    (-1, "Les États-Unis excluent de lever l'embargo sur les puces de Nvidia"),
    (-1, "Trump-Xi call ends without opening on advanced Nvidia chips"),
    (-1, "Talks end without word on advanced Nvidia chip"),
    (1, "White House buries Biden's AI chip caps"),
    (1, "Washington would accept a slower Rubin for Chinese clouds"),
    (1, "China eases its freeze on Nvidia orders"),
    (1, "China tells its tech groups they can buy Nvidia chips again"),
    (-1, "Feu vert américain ou pas, Pékin bloque la H200"),
    (-1, "China to approve Nvidia purchases case by case"),
    (-1, "Buy Nvidia only if there's no other way, Beijing tells firms"),
    (1, "Chinese tech giants still order Nvidia chips despite Beijing warning"),
    (-1, "Malaysia route let Nvidia chips reach China, US alleges"),
    (1, "Nvidia says it did nothing wrong as China alleges monopoly breach"),
    (1, "Zhipu trains in Japan on Nvidia instead of Huawei chips"),
    (1, "Moore Threads chip lags Nvidia by four years, test shows"),
    (-1, "Pékin ferme la porte à la H200 que Trump venait d'autoriser"),
    (-1, "Chip stocks drop as US tightens export curbs"),
    (-1, "Nvidia ends day lower after US export curbs"),
    (-1, "Nvidia drops China from guidance as US restrictions bite"),
    (-1, "European stocks fall as Nvidia curbs hurt sentiment; ASML drops"),
    (-1, "US will not lift Nvidia export curbs"),
    (-1, "US has halted H20 sales"),
    (-1, "Nvidia says US has halted H20 chip sales"),
    (-1, "Nvidia's H20 sales to China halted"),
    (1, "Nvidia to launch cheaper chip for China after US export curbs"),
    (1, "Nvidia stock rises on report Trump will rescind AI chip curbs"),
    (-1, "工信部叫停腾讯购买Nvidia RTX 5090D"),
    (-1, "美国禁止英伟达向中国出售芯片"),
    (-1, "中国要求企业停止采购英伟达芯片"),
    (1, "美国计划放宽芯片出口管制"),
    (-1, "China bans purchases of Nvidia chips"),
    (0, "Explainer: how China's chip curbs reached Nvidia"),
    (0, "Canada's privacy watchdog hires Nvidia engineers"),
    (0, "Inflation, US-China talks, Nvidia market cap: the day ahead"),
    (0, "Booking Holdings Stock Slides as Weak US Travel Demand Clouds Q2 Results"),
    (0, "Expedia Group Stock Tumbles as Worsening US Travel Demand Hits Outlook"),
    (0, "US releases Cuba policy review, eases travel"),
    (0, "Nvidia 'Welcomes' Trump administration's fresh AI export framework"),
    (0, "On this day in 2022: US bars Nvidia from selling A100 chips to China"),
    (0, "What if the US bans Nvidia H20 exports to China?"),
    (0, "Opinion: The US should ban Nvidia H20 exports to China"),
    (0, "RETRACTED: US bans Nvidia H20 exports to China"),
    (0, "Gli Stati Uniti vietano a Nvidia di vendere H20 in Cina"),
    (0, "США запретили Nvidia продавать H20 Китаю"),
    (0, "Nvidia stock split 10-for-1 takes effect"),
]
"""The sense of a step that is told, 0 where nothing may move."""


@pytest.mark.parametrize(("sense", "headline"), HARD, ids=[h for _, h in HARD])
def test_a_score_is_never_moved_the_wrong_way(
    model: c.Classifier, sense: int, headline: str
) -> None:
    found = model.classify([headline])[0]
    moves = found.weighs and found.event_type in MOVING and found.direction
    assert not moves or found.direction == sense


def test_most_steps_are_told_and_not_only_silenced(model: c.Classifier) -> None:
    """Silence alone would pass the test above."""
    steps = [h for sense, h in HARD if sense]
    found = model.classify(steps)
    assert sum(f.weighs for f in found) >= 0.6 * len(steps)


def test_text_without_a_language_we_read_is_unread_and_not_irrelevant(
    model: c.Classifier,
) -> None:
    for found in model.classify(["!!!", "", "12345", "エヌビディア株が急落", "Nvidia запрет"]):
        assert found.unread
        assert found.abstained
        assert not found.weighs
        assert found.event_type != "irrelevant"


def test_the_types_that_move_are_those_of_the_configuration() -> None:
    import tomllib

    with (CSV.parent / "events.toml").open("rb") as file:
        table = tomllib.load(file)
    with_impulse = {*table["policy"], *table["domestic"], *table["demand"]}
    assert with_impulse | {"training_failure"} == MOVING
