"""The page in a real browser: opened from a file, with the network off."""

from pathlib import Path

import browsers
import pytest

from rnncli.error_analysis import Row
from rnncli.inspect import error_page
from rnncli.inspect.page import render

HOSTILE = "</script><img src=x onerror=alert(1)>"
pytestmark = browsers.needs_browser


@pytest.fixture(scope="module")
def browser():
    with browsers.browser() as driver:
        browsers.set_offline(driver, True)
        yield driver


@pytest.fixture
def opened(browser, tmp_path: Path):
    """Open a document's page; nothing may be complained about until the test is over."""

    def open_page(document, width=1200, scheme="light"):
        browsers.show_as(browser, width, scheme)
        path = tmp_path / "page.html"
        path.write_text(render(document), "utf-8")
        browser.get(path.as_uri())
        return browser

    yield open_page
    assert [] == browser.get_log("browser")


def shown(browser, panel=0):
    """(word, value, strength in percent, is the target) of each token of a panel."""
    script = """return [...document.querySelectorAll(`#sentences [data-panel="${arguments[0]}"] .token`)].map(
        (t) => [t.querySelector(".word").textContent, t.querySelector(".value").textContent,
                t.style.getPropertyValue("--strength"), t.getAttribute("aria-pressed") === "true"])"""
    return [tuple(row) for row in browser.execute_script(script, panel)]


def background(browser, token):
    script = 'return getComputedStyle(document.querySelectorAll("#sentences .token")[arguments[0]]).backgroundColor'
    return browser.execute_script(script, token)


TOKENS = ["leave", "Taipei", "now"]


def test_the_first_span_is_the_target_at_first(opened, made):
    page = opened(made(TOKENS, spans=[("departure", 1, 2)]))
    # Row 2 of the document, 0.5, 1, −1.5, against the largest of all, 3.
    assert [("leave", "+0.50", "17%", False), ("Taipei", "+1.00", "33%", True), ("now", "−1.50", "50%", False)] == (
        shown(page)
    )


def test_pointing_at_a_token_makes_it_the_target(opened, made):
    from selenium.webdriver import ActionChains

    page = opened(made(TOKENS))
    tokens = page.find_elements("css selector", "#sentences .token")
    before = [background(page, n) for n in range(3)]
    ActionChains(page).move_to_element(tokens[2]).perform()
    values = [("+0.33", "11%", False), ("+0.67", "22%", False), ("+1.00", "33%", True)]
    assert values == [row[1:] for row in shown(page)]
    page.execute_script("document.getAnimations().forEach((each) => each.finish())")
    assert before != [background(page, n) for n in range(3)]
    assert "now: O, probability 0.75" in page.find_element("css selector", ".readout").text


def test_the_keyboard_alone_is_enough(opened, made):
    from selenium.webdriver import ActionChains, Keys

    page = opened(made(TOKENS, spans=[("departure", 1, 2)]))

    def press(*keys):
        for key in keys:
            ActionChains(page).send_keys(key).perform()

    press(Keys.TAB, Keys.TAB, Keys.TAB)  # the map of the memory, more on its units, the measures
    press(Keys.ARROW_RIGHT)
    assert ["+1.00", "+2.00", "−3.00"] == [row[1] for row in shown(page)]  # contribution is twice ablation
    press(Keys.ARROW_RIGHT)
    assert ["0.50", "1.00", "1.50"] == [row[1] for row in shown(page)]  # a gradient has no sign
    press(Keys.TAB, Keys.ARROW_LEFT)
    assert [True, False, False] == [row[3] for row in shown(page)]
    press(Keys.END)
    assert [False, False, True] == [row[3] for row in shown(page)]
    assert "now" == page.switch_to.active_element.find_element("css selector", ".word").text


def test_the_matrix_has_every_number_and_chooses_the_target(opened, made):
    page = opened(made(TOKENS))
    cells = [each.text for each in page.find_elements("css selector", ".matrix tbody td")]
    assert ["+1.00", "−2.00", "−3.00", "+0.50", "+1.00", "−1.50", "+0.33", "+0.67", "+1.00"] == cells
    page.execute_script('document.querySelectorAll(".matrix button")[2].click()')
    assert [False, False, True] == [row[3] for row in shown(page)]


def test_two_models_share_one_scale_and_one_target(opened, made):
    page = opened(made(TOKENS, compare=True))
    page.execute_script('document.querySelectorAll("#sentences .token")[2].click()')
    # The largest of both is 9: three times the first model's 3.
    assert ["4%", "7%", "11%"] == [row[2] for row in shown(page, 0)]
    assert ["11%", "22%", "33%"] == [row[2] for row in shown(page, 1)]


def test_the_map_of_a_memory_names_its_rows_and_is_painted_on_its_scale(opened, made):
    page = opened(made(TOKENS))
    names = [name.text for name in page.find_elements("css selector", ".map-names li")]
    # The units in their order, 2, 1, 3; those that tell two types apart are before the others.
    assert ["1: time from O", "3: departure from O", "2"] == names
    script = 'return [...document.querySelector("canvas").getContext("2d").getImageData(0, 0, 3, 3).data]'
    pixels = page.execute_script(script)
    # Unit 2 is last: 0, −0.33, −0.67. White at 0; so much of the way to blue, (106, 165, 227), from there.
    assert [255, 255, 255, 255, 206, 225, 246, 255, 155, 195, 236, 255] == pixels[24:]
    order = [heading.text for heading in page.find_elements("css selector", "#main h2")]
    assert ["The tags", "The memories", "What a tag rests on", "All tags at once"] == order


def test_the_first_of_each_two_types_comes_first_and_tags_name_what_is_fed_back(opened, made):
    document = made(TOKENS)
    (memory,) = document["texts"][0]["memories"]
    memory["units"]["apart"] = [["time", "O"], ["O", "time"], ["departure", "O"]]
    output = {**memory, "name": "output", "values": [[0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8]]}
    output["units"] = {**memory["units"], "tags": ["O", "B-time", "B-departure"]}
    document["texts"][0]["memories"].append(output)
    page = opened(document)
    names = [name.text for name in page.find_elements("css selector", ".map-names li")]
    assert ["2: O from time", "3: departure from O", "1: time from O"] == names[:3]
    assert ["O", "B-departure", "B-time"] == names[3:]  # the most probable first
    page.find_elements("css selector", "canvas")[-1].send_keys("\ue015")  # arrow down
    said = page.find_elements("css selector", "#heat .cell-readout")[-1].text
    assert "B-departure, after leave: +0.10" == said


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways(opened, made, width, scheme):
    document = made([f"token{n}" for n in range(60)], spans=[("a_rather_long_type_of_span", 3, 20)])
    page = opened(document, width, scheme)
    assert width >= page.execute_script("return document.documentElement.scrollWidth")


def test_a_hostile_token_stays_text(opened, made):
    page = opened(made([HOSTILE, "Taipei"], [HOSTILE, "Osaka"], spans=[(HOSTILE, 0, 1)], compare=True))
    assert HOSTILE == shown(page)[0][0]
    assert [] == page.find_elements("css selector", "img")
    assert HOSTILE in page.find_element("css selector", "#parting td").text


def test_whole_models_are_drawn(opened, made):
    document, lags = made(), list(range(-2, 3))
    curve = {"pairs": [1] * 5, "gradient": [0.1, 0.2, 1.0, 0.2, None], "ablation": [0.0, 0.1, 0.9, 0.1, None]}
    curve["half_life"] = {side: {"before": 1.5, "after": None} for side in ("gradient", "ablation")}
    settling = {"tokens": 9, "agreement": [0.8, 1.0], "accuracy": [0.7, 0.9], "settled": 1}
    context = {"value": 0.5, "line": 7, "before": ["leave"], "token": HOSTILE, "after": [], "tag": "O"}
    document["corpus"] = {
        "sentences": 1,
        "tokens": 9,
        "units": [],
        "decay": {"lags": lags, "sentences": 1, "overall": curve, "tags": {"O": curve}},
        "needed": {"k": [0, None], "before": {"overall": settling, "tags": {"O": settling}}, "after": None},
        "unit": {"memory": "layer 1", "unit": 2, "up": [context], "down": []},
    }
    page = opened(document)
    said = page.find_element("css selector", "#whole").text
    for words in ("1.5 tokens backward, none forward", "1 tokens settle 99 %", "Unit 3 of layer 1", HOSTILE):
        assert words in said
    assert 2 == len(page.find_elements("css selector", "svg.curve"))


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_errors(opened, made, tmp_path, width, scheme):
    words = "a_rather_long_word_" * 8
    row = Row("boundary", words, words, 7, words, HOSTILE, "unseen", 12, 345, words, HOSTILE, words)
    classes = [{"name": "boundary", "meaning": "other words", "number": 7, "seen": None, "unseen": 7}]
    group = {"kind": "boundary", "gold": words, "predicted": None, "number": 7, "rows": [row] * 3}
    html = error_page.render(HOSTILE + words, "facts", classes, [group] * (error_page.OPEN + 1))
    page = opened(made(TOKENS), width, scheme)
    (tmp_path / "errors.html").write_text(html, "utf-8")
    page.get((tmp_path / "errors.html").as_uri())
    assert width >= page.execute_script("return document.documentElement.scrollWidth")
    script = "return [...document.querySelectorAll('details')].map((each) => each.open)"
    assert [True] * error_page.OPEN + [False] == page.execute_script(script)
    assert HOSTILE == page.find_element("css selector", "mark").text
    assert [] == page.find_elements("css selector", "img")
    assert "4 more" in page.find_element("css selector", "details").text
    # The style is allowed, and the page has the colours that were asked for.
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert {"light": "rgb(251, 250, 248)", "dark": "rgb(20, 22, 26)"}[scheme] == ground
