"""Architectures side by side, a live training, and the lesson, in a real browser."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlparse

import browsers
import pytest
from browsers import wait_for

from rnncli.data.examples import BOOKING_PAIR
from rnncli.lessons.architectures import NETWORKS, sample
from rnncli.lessons.form import chosen
from rnncli.lessons.live import LiveTraining
from rnncli.web import bundle

pytestmark = browsers.needs_browser

HOSTILE = "<img/src=x/onerror=alert(1)> {word} $& Taipei"
SMALL = {"hidden": 8, "epochs": 2, "sentences": 100}
STOPS = 10


def words(language: str) -> dict[str, str]:
    lines = re.findall(r'^  "(?:[^"\\]|\\.)*": "(?:[^"\\]|\\.)*",$', bundle.read(f"words/{language}.js"), re.M)
    return {key: text for line in lines for key, text in json.loads(f"{{{line[:-1]}}}").items()}


def text_of(page: Any, selector: str) -> str:
    return page.execute_script("return document.querySelector(arguments[0]).textContent", selector)


def press(page: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(page).send_keys(key).perform()


def title(page: Any) -> str:
    return text_of(page, ".lesson h2")


# Architectures --------------------------------------------------------------------------------------------------


def compared(page: Any) -> dict[str, Any]:
    """Start, wait for all networks; by name what is said of the word, the distances, and the facts."""
    page.execute_script("document.querySelector('.architectures .main').click()")
    wait_for(page, "return document.querySelectorAll('.cards .panel:not(.waiting)').length === 6", seconds=120)
    wait_for(page, "return !document.querySelector('.architectures .main').disabled")
    script = """return [...document.querySelectorAll(".cards .panel")].map((card) => [card.dataset.network, {
        decided: card.querySelector(".decided").lastChild.textContent,
        distances: [...card.querySelectorAll(".memory-strip")].map((strip) => Number(strip.dataset.distance)),
        facts: card.querySelector(".facts").textContent, why: card.querySelector(".why").textContent }])"""
    return dict(page.execute_script(script))


def test_only_networks_with_a_memory_give_the_two_cities_different_tags(opened, networks):
    page = opened(view="architectures", text=BOOKING_PAIR[0], other=BOOKING_PAIR[1], language="en")
    shown = compared(page)
    assert list(shown) == list(NETWORKS)
    assert shown["fnn"]["decided"] == "Taipei: B-departure in both texts"
    assert shown["elman"]["decided"] == "Taipei: B-destination and B-departure"
    assert shown["fnn"]["distances"] == []
    for name, row in networks.items():
        one, two = (text["tokens"][1]["tag"] for text in row["document"]["texts"])
        said = f"Taipei: {one} in both texts" if one == two else f"Taipei: {one} and {two}"
        assert shown[name]["decided"] == said
        assert f"{100 * row['score']:.1f} %" in shown[name]["facts"].replace("\u00a0", " ")
        # What was kept when a direction reaches Taipei is its memory at the word that it read before.
        expected = [d["values"][2 if d["name"].endswith("backward") else 0] for d in row["document"]["distances"]]
        assert shown[name]["distances"] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_texts_that_differ_only_later_are_told_apart_by_the_direction_from_the_right(opened, networks):
    page = opened(
        view="architectures", text="Taipei is where I arrive", other="Taipei is where I leave", language="en"
    )
    shown = compared(page)
    assert shown["bidirectional"]["decided"] == "Taipei: B-destination and B-departure"
    for name in ("elman", "jordan", "hybrid", "lstm"):
        assert shown[name]["decided"] == "Taipei: B-departure in both texts"
        assert "reads from the left" in shown[name]["why"]


def test_hostile_texts_stay_texts(opened, networks):
    page = opened(view="architectures", text=HOSTILE, other=f"leave {HOSTILE}", language="en")
    compared(page)
    shown = page.execute_script("return document.querySelector('.cards .sentence').textContent")
    assert "onerror" in shown
    assert not page.find_elements("css selector", "img")


# A training -----------------------------------------------------------------------------------------------------


def start(page: Any) -> None:
    page.execute_script("document.querySelector('.train .main').click()")


def is_over(page: Any) -> None:
    wait_for(page, "return document.querySelector('.numbers-of-run tbody tr') !== null")
    wait_for(page, "return !document.querySelector('.train .main').disabled")


def test_the_numbers_of_a_training_are_those_of_its_events(opened):
    state = {**SMALL, "view": "train", "text": BOOKING_PAIR[0], "other": BOOKING_PAIR[1], "language": "en"}
    page = opened(**state)
    start(page)
    is_over(page)
    choice = chosen({**SMALL, "texts": BOOKING_PAIR})
    sentences, dev = sample()
    events = list(
        LiveTraining(choice.network, choice.settings, sentences[: choice.sentences], dev, choice.texts).events()
    )
    epochs = [event for event in events if event["event"] == "epoch"]
    assert 2 == len(epochs)
    rows = page.execute_script("""return [...document.querySelectorAll(".numbers-of-run tbody tr")].map(
        (row) => [...row.cells].map((cell) => cell.textContent))""")
    expected = [
        [str(e["number"]), f"{e['loss']:.4f}", f"{e['score']:.4f}", f"{e['clipped']} / {e['steps']}"]
        for e in epochs
    ]
    assert expected == [[*row[:3], row[4]] for row in rows]
    tags = page.execute_script("""return [...document.querySelectorAll(".history tbody tr")].map(
        (row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent))""")
    told = [[token["tag"] for text in event["texts"] for token in text["tokens"]] for event in events[:3]]
    assert told[::-1] == tags  # the newest is first
    left = [event["curves"][0]["left"] for event in epochs]
    cells = page.execute_script("return document.querySelectorAll('svg.map rect:not(.frame, .mark)').length")
    assert sum(map(len, left)) == cells
    page.execute_script("document.querySelector('svg.map').focus()")
    from selenium.webdriver import Keys

    press(page, Keys.ARROW_DOWN, *[Keys.ARROW_RIGHT] * 3)
    said = text_of(page, ".cell-readout")
    assert said.startswith("epoch 2, 3 words back: ")
    shown = said.rpartition(": ")[2]
    superscripts = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    value = float(shown.translate(superscripts).replace(" · 10", "e"))
    assert left[1][3] == pytest.approx(value, rel=0.06)


def test_a_training_that_is_stopped_keeps_the_best_and_becomes_a_model(opened):
    page = opened(view="train", hidden=8, epochs=50, sentences=400, language="en", text="leave Taipei", other="")
    start(page)
    wait_for(page, "return document.querySelectorAll('.numbers-of-run tbody tr').length > 1")
    page.execute_script("document.querySelector('.train .stop').click()")
    is_over(page)
    said = text_of(page, ".train-said")
    match = re.search(r"stopped in epoch (\d+), .* The best is epoch (\d+),", said)
    assert match is not None
    assert 1 <= int(match[2]) <= int(match[1]) < 50
    wait_for(page, "return [...document.querySelectorAll('select option')].some((one) => one.value === 'trained')")


def test_a_training_goes_on_in_another_language_and_another_view(opened):
    page = opened(view="train", hidden=8, epochs=50, sentences=400, language="en", text="leave Taipei", other="")
    start(page)
    wait_for(page, "return document.querySelectorAll('.numbers-of-run tbody tr').length > 0")
    page.execute_script("document.querySelector('.language').click()")
    wait_for(page, "return document.querySelector('.train .main').disabled")
    page.execute_script(
        "document.querySelector('#tab-label').click(); document.querySelector('#tab-train').click()"
    )
    wait_for(page, "return document.querySelectorAll('.numbers-of-run tbody tr').length > 0")
    page.execute_script("document.querySelector('.train .stop').click()")
    is_over(page)
    assert "最佳" in text_of(page, ".train-said")


def test_a_network_without_memory_has_no_gradient_to_earlier_words(opened):
    page = opened(view="train", arch="fnn", hidden=4, epochs=1, sentences=50, language="en", text="leave Taipei")
    start(page)
    is_over(page)
    assert "no gradient goes back" in text_of(page, ".gradient p.hint:not([hidden]):nth-last-child(1)")


# The lesson -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lesson_forward_and_back_by_keyboard(opened, networks, language):
    from selenium.webdriver import Keys

    texts = words(language)
    page = opened(view="lesson", language=language, width=1600)
    names = re.findall(r'"name": "(\w+)"', bundle.read("lesson/stops.js"))
    assert STOPS == len(names)
    rights = [int(right) for right in re.findall(r'"right": (\d)', bundle.read("lesson/stops.js"))]
    for n, (name, right) in enumerate(zip(names, rights, strict=True)):
        assert title(page) == texts[f"lesson.{name}.title"]
        assert "lesson-place" in page.execute_script(
            "return document.querySelector('.closed').parentNode.className"
        )
        press(page, str(right + 1))
        assert texts["lesson.right"] in text_of(page, ".truth")
        assert texts[f"lesson.{name}.choice.{right}"] == text_of(page, ".choices .right span:last-child")
        wait_for(page, "return document.querySelector('.lesson-place > section') !== null", seconds=60)
        if n < STOPS - 1:
            press(page, Keys.ARROW_RIGHT)
    press(page, Keys.ARROW_RIGHT)
    assert title(page) == texts["lesson.yours.title"]  # the last
    state = wait_for(page, "return location.hash.includes('stop=9') && location.href")
    assert parse_qs(urlparse(state).fragment)["text"] == ["fly from Timbuktu to Atlantis on Sunday"]
    for name in reversed(names[:-1]):
        press(page, Keys.ARROW_LEFT)
        assert title(page) == texts[f"lesson.{name}.title"]
    press(page, Keys.ARROW_LEFT)
    assert title(page) == texts["lesson.memory.title"]


def test_a_wrong_guess_shows_the_right_answer(opened):
    page = opened(view="lesson", language="en", stop=2)
    wait_for(page, "return document.querySelector('.choices button') !== null")
    press(page, "1")
    assert "Not quite." in text_of(page, ".truth")
    assert "[4, 4]" == text_of(page, ".choices .wrong span:last-child")
    assert "[12, 12]" == text_of(page, ".choices .right span:last-child")
    assert "1 1 2" == page.execute_script("return document.querySelector('.lesson [data-key=text]').value")


def test_a_link_shows_what_its_sender_saw(opened):
    page = opened(view="lesson", language="en", stop=9, look=0, text="leave Osaka", model="tiny")
    press(page, "2")
    wait_for(page, "return document.querySelectorAll('.lesson .word').length === 2")
    assert "leave Osaka" == page.execute_script("return document.querySelector('.lesson [data-key=text]').value")


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_views_scroll_sideways(opened, networks, width, scheme):
    for view in ("architectures", "train", "lesson"):
        page = opened(width, scheme, view=view, language="zh", **SMALL)
        if view == "architectures":
            compared(page)
        assert width >= page.execute_script("return document.documentElement.scrollWidth")
