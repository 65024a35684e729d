"""The live page in a real browser: labels while typing, two texts, a word erased, the saved file."""

import json
import re

import browsers
import pytest
from browsers import wait_for

from rnncli import modelfile
from rnncli.inspect.document import Question, document
from rnncli.inspect.equation import quantities, unfold
from rnncli.inspect.erasing import erased
from rnncli.inspect.steps import Steps
from rnncli.lessons.worked_example import worked_example
from rnncli.tagging import Tagger

pytestmark = browsers.needs_browser

LEAVE = "leave Taipei on May 2nd"
ARRIVE = "arrive Taipei on May 2nd"
HOSTILE = "</script><img/src=x/onerror=alert(1)> @data@ $& {word}"


@pytest.fixture(scope="module")
def model(trained):
    return modelfile.load(trained.path)


def percent(share: float) -> str:
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"


def signed(value: float) -> str:
    text = f"{abs(value):.0f}" if abs(value) >= 100 else f"{abs(value):.2f}"
    return text if float(text) == 0 else ("−" if value < 0 else "+") + text


def words(page, place=".labelled"):
    """The tokens of a sentence as [word, number under it, full tag and number]."""
    script = """return [...document.querySelectorAll(`${arguments[0]} .token`)].map((token) => {
        const text = (part) => token.querySelector(part).textContent;
        return [text(".word"), text(".value").replaceAll("\\u00a0", " "), token.title];
    })"""
    return page.execute_script(script, place)


def wait_for_words(page, expected, place=".labelled"):
    script = """const words = [...document.querySelectorAll(`${arguments[0]} .word`)];
        return words.map((word) => word.textContent).join(" ") === arguments[1];"""
    wait_for(page, script, place, expected)


def type_text(page, text, key="text"):
    """Put a text into a field, as typing does."""
    script = """const field = document.querySelector(`[data-key="${arguments[1]}"]`); field.value = arguments[0];
        field.dispatchEvent(new Event("input", { bubbles: true }));"""
    page.execute_script(script, text, key)


def wait_for_measures(page):
    """Wait for what the tags of two texts rest on; ask for it where the texts are long."""
    wait_for(
        page,
        """if (document.querySelectorAll(".view-compare .matrix").length === 2) return true;
        const ask = [...document.querySelectorAll(".view-compare .actions button")].at(-1);
        if (ask.offsetParent) ask.click();
        return false;""",
    )


def texts_of(page, selector):
    return [element.text.replace("\u00a0", " ") for element in page.find_elements("css selector", selector)]


# Labels ---------------------------------------------------------------------------------------------------------


def test_labels_follow_each_key(opened, model):
    page = opened(text="leave")
    wait_for_words(page, "leave")
    field = page.find_element("css selector", "textarea")
    field.send_keys(" Taipei")
    wait_for_words(page, "leave Taipei")
    tagged = Tagger(model, nbest=5).tag("leave Taipei")
    assert [
        [token.text, percent(token.probability), [token.tag, token.probability]] for token in tagged.tokens
    ] == [[word, value, [title.split()[0], float(title.split()[1])]] for word, value, title in words(page)]
    assert [span.type for span in tagged.spans] == texts_of(page, ".labelled .type")
    shares = page.execute_script(
        "return [...document.querySelectorAll('.nbest .share')].map((share) => Number(share.title))"
    )
    assert [reading.probability for reading in tagged.readings] == shares
    # Each other labelling is described by the tags in which it differs from the best.
    best, second = (reading.tags for reading in tagged.readings[:2])
    differences = [
        f"{token.text}: {tag} instead of {first}"
        for token, tag, first in zip(tagged.tokens, second, best, strict=True)
        if tag != first
    ]
    assert "; ".join(differences) == texts_of(page, ".nbest .words")[1]


def test_an_answer_that_comes_late_is_dropped(opened):
    page = opened(text="hello")
    wait_for_words(page, "hello")
    # The first answer is held back until the second is on the page.
    page.execute_script("""const real = window.fetch; let held = false;
        window.fetch = (path, init) => {
            const answer = real(path, { ...init, signal: undefined });
            if (held || path !== "/v1/tag") return answer;
            held = true;
            const release = new Promise((resolve) => { window.release = resolve; });
            return release.then(() => answer);
        };""")
    type_text(page, "leave Taipei")
    wait_for(page, "return Boolean(window.release)")
    type_text(page, "arrive Taipei")
    wait_for_words(page, "arrive Taipei")
    page.execute_script("window.release()")
    page.execute_async_script("setTimeout(arguments[0], 200)")
    assert ["arrive", "Taipei"] == [word for word, _, _ in words(page)]


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_texts_of_all_lengths(opened, model, count):
    text = " ".join(["Taipei"] * count)
    page = opened()
    type_text(page, text)
    wait_for_words(page, text)
    tagged = Tagger(model).tag(text)
    assert [f"{token.tag} {token.probability}" for token in tagged.tokens] == [
        f"{title.split()[0]} {float(title.split()[1])}" for _, _, title in words(page)
    ]
    assert not page.find_element("css selector", ".message").is_displayed()


def test_another_model_and_its_examples(opened):
    page = opened(text="1 1 2")
    page.execute_script("""const choice = document.querySelector("select"); choice.value = "worked example";
        choice.dispatchEvent(new Event("change"));""")
    wait_for(page, "return document.querySelectorAll('.example').length === 2")
    page.find_elements("css selector", ".example")[1].click()
    wait_for_words(page, "2 1 1")
    assert "model=worked+example" in wait_for(page, "return location.hash.includes('2+1+1') && location.hash")


def test_an_error_of_the_service_is_said(opened):
    page = opened(model="none", text=LEAVE)
    said = wait_for(page, "return document.querySelector('.message:not([hidden])')?.textContent")
    assert "none" in said
    page.get_log("browser")  # the browser itself notes the status 404


def test_the_address_is_the_state(opened, address):
    page = opened(text=LEAVE)
    page.find_element("css selector", "#tab-compare").click()
    type_text(page, ARRIVE, "other")
    link = wait_for(page, "return location.hash.includes('other=arrive+Taipei+on+May') && location.href")
    page.get("about:blank")
    page.get(link)
    wait_for(page, "return document.querySelector('.pair') !== null")
    assert [LEAVE, ARRIVE] == page.execute_script(
        "return [...document.querySelectorAll('textarea')].map((field) => field.value)"
    )
    page.execute_script("history.go(-3)")  # over the empty page and the view of two texts
    wait_for(page, "return document.querySelector('#tab-label')?.getAttribute('aria-selected') === 'true'")


def test_the_keyboard_reaches_everything(opened):
    from selenium.webdriver import Keys

    page = opened(text=LEAVE)
    wait_for_words(page, LEAVE)
    page.find_element("css selector", "[role=tab][aria-selected=true]").send_keys(
        Keys.ARROW_RIGHT, Keys.ARROW_RIGHT
    )
    assert "tab-compare" == page.switch_to.active_element.get_attribute("id")
    page.switch_to.active_element.send_keys(Keys.HOME)
    wait_for_words(page, LEAVE)
    page.find_element("css selector", ".labelled .token").send_keys(Keys.END)
    assert "2nd" in page.switch_to.active_element.text
    assert "2nd: " in page.find_element("css selector", ".view-label .readout").text


def test_a_language_is_chosen(opened):
    page = opened(text=LEAVE)
    page.find_element("css selector", ".language").click()
    assert "標註" == page.find_element("css selector", "#tab-label").text
    assert "zh-Hant" == page.execute_script("return document.documentElement.lang")
    wait_for_words(page, LEAVE)


# Two texts ------------------------------------------------------------------------------------------------------


def test_two_texts_are_compared(opened, model):
    page = opened(view="compare", text=LEAVE, other=ARRIVE)
    wait_for(page, "return document.querySelector('.pair') !== null")
    doc = document(model, Question([LEAVE, ARRIVE], measures=False))
    halves = page.execute_script("""return [...document.querySelectorAll(".pair")].map((pair) =>
        [pair.classList.contains("parts"), ...[...pair.querySelectorAll(".half")].map((half) => half.title)])""")
    expected = []
    for i, j in doc["alignment"]:
        one, two = doc["texts"][0]["tokens"][i], doc["texts"][1]["tokens"][j]
        expected.append([one["tag"] != two["tag"], *((token["tag"], token["probability"]) for token in (one, two))])
    assert expected == [
        [parts, *((title.split()[0], float(title.split()[1])) for title in both)] for parts, *both in halves
    ]
    assert any(parts for parts, *_ in expected)
    points = page.execute_script(
        "return [...document.querySelectorAll('.pairs ~ .panels circle title')].map((title) => title.textContent)"
    )
    assert [
        f"{memory['name']}, {doc['texts'][0]['tokens'][i]['text']}: {value:.3g}"
        for memory in doc["distances"]
        for (i, _), value in zip(doc["alignment"], memory["values"], strict=True)
    ] == points
    # Without a second text, only the first is shown.
    type_text(page, "", "other")
    wait_for(page, "return !document.querySelector('.pair')?.offsetParent")


@pytest.mark.parametrize(("key", "text", "mark"), [("text", LEAVE, "erased"), ("other", ARRIVE, "erased_other")])
def test_a_word_of_either_text_is_erased_by_one_key(opened, model, key, text, mark):
    from selenium.webdriver import Keys

    page = opened(view="compare", text=LEAVE, other=ARRIVE)
    place = f'[data-erases="{key}"]'
    wait_for_words(page, text, place)
    tokens = page.find_elements("css selector", f"{place} .token")
    tokens[0].send_keys(Keys.DELETE)
    wait_for(page, "return document.querySelector('.token.erased') !== null")
    answer = erased(model, text.split(), 0)
    assert [signed(fall) for fall in answer["score_falls"]] == [value for _, value, _ in words(page, place)]
    script = "return [...document.querySelectorAll(arguments[0])].map((token) => token.classList.contains('parts'))"
    changed = page.execute_script(script, f"{place} .token")
    assert [token["changed"] for token in answer["tokens"]] == changed
    said = page.find_element("css selector", f"{place} .readout").text.replace("\u00a0", " ")
    for token, word in zip(answer["tokens"], text.split(), strict=True):
        if token["changed"]:
            assert f"{word}: {token['tag']} ({percent(token['probability'])})" in said
    assert f"{mark}=0" in wait_for(page, "return location.hash.includes('erased') && location.hash")
    tokens[0].send_keys(Keys.BACKSPACE)
    wait_for(page, "return document.querySelector('.token.erased') === null")
    page.find_element("css selector", f"{place} .actions button").click()
    wait_for(page, "return document.querySelector('.token.erased') !== null")


def test_what_tags_rest_on_comes_after_a_pause(opened, model):
    page = opened(view="compare", text=LEAVE, other=ARRIVE)
    wait_for(page, "return document.querySelectorAll('.view-compare .matrix').length === 2")
    doc = document(model, Question([LEAVE, ARRIVE]))
    shown = texts_of(page, ".matrix tbody td")
    for measure, sign in (
        ("ablation", signed),
        ("contribution", signed),
        ("gradient", lambda value: f"{value:.2f}"),
    ):
        page.execute_script("document.querySelector(`input[value=${arguments[0]}]`).click()", measure)
        shown = texts_of(page, ".matrix tbody td")
        assert [sign(v) for text in doc["texts"] for row in text["connectivity"][measure] for v in row] == shown
    assert f"measure={measure}" in wait_for(page, "return location.hash.includes('measure') && location.hash")


def test_the_target_of_each_text_is_in_the_address(opened):
    page = opened(view="compare", text=LEAVE, other=ARRIVE, target=3)
    wait_for(page, "return document.querySelectorAll('.view-compare .matrix').length === 2")
    targets = """return [...document.querySelectorAll(".matrix")].map((matrix) =>
        [...matrix.tBodies[0].rows].findIndex((row) => row.classList.contains("target")))"""
    assert 3 == page.execute_script(targets)[0]
    page.execute_script("document.querySelectorAll('.matrix')[1].querySelectorAll('button')[4].click()")
    assert [3, 4] == page.execute_script(targets)
    link = wait_for(page, "return location.hash.includes('target_other=4') && location.href")
    page.get("about:blank")
    page.get(link)
    wait_for(page, "return document.querySelectorAll('.view-compare .matrix').length === 2")
    assert [3, 4] == page.execute_script(targets)
    type_text(page, f"{ARRIVE} x", "other")  # its own target goes with it, that of the other text stays
    assert "target=3" in wait_for(page, "return !location.hash.includes('target_other') && location.hash")


def test_a_long_text_is_not_measured(opened):
    page = opened(view="compare", text=" ".join(["Taipei"] * 61), other="")
    assert "60" in wait_for(page, "return document.querySelector('.view-compare [role=status].hint')?.textContent")
    assert not page.find_elements("css selector", ".matrix")


# Looks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways(opened, width, scheme):
    text = " ".join(f"token{n}" for n in range(30)) + " a_rather_long_word" * 3 + "_and_longer" * 20
    page = opened(width, scheme, view="compare", text=text, other=text + " x")
    wait_for(page, "return document.querySelector('.pair') !== null")
    for view in ("label", "compare"):
        page.find_element("css selector", f"#tab-{view}").click()
        wait_for(page, "return document.querySelectorAll('.word').length > 30")
        assert width >= page.execute_script("return document.documentElement.scrollWidth")
    ground = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert {"light": "rgb(251, 250, 248)", "dark": "rgb(20, 22, 26)"}[scheme] == ground


def test_hostile_tokens_stay_text(opened, model):
    page = opened(view="label", text=HOSTILE)
    wait_for(page, "return document.querySelectorAll('.labelled .word').length > 3")
    assert model.cut(HOSTILE) == [word for word, _, _ in words(page)]
    page.find_element("css selector", "#tab-compare").click()
    type_text(page, HOSTILE + " x", "other")
    wait_for_measures(page)
    assert [] == page.find_elements("css selector", "img")


# The saved file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LEAVE, HOSTILE])
def test_a_saved_page_shows_the_same_without_a_network(opened, tmp_path, text):
    page = opened(view="compare", text=text, other=ARRIVE)
    wait_for_measures(page)
    live = page.execute_script("return document.querySelector('.view-compare').textContent")
    path = browsers.saved(page, tmp_path)
    browsers.set_offline(page, True)
    try:
        page.get(path.as_uri())
        wait_for_measures(page)
        saved = page.execute_script("return document.querySelector('.view-compare').textContent")
        assert live.replace("Swap the texts", "") == saved
        page.find_elements("css selector", ".view-compare .actions button")[0].click()
        wait_for(page, "return document.querySelector('.token.erased') !== null")
        page.find_element("css selector", "#tab-label").click()
        wait_for(page, "return document.querySelector('.nbest') !== null")
        assert page.execute_script("return document.querySelector('textarea').readOnly")
        assert [] == page.find_elements("css selector", "img")
    finally:
        browsers.set_offline(page, False)


def test_a_saved_page_holds_the_numbers_of_the_library(opened, tmp_path):
    model = worked_example()
    page = opened(model="worked example", text="1 1 2", other="2 1 1")
    wait_for_words(page, "1 1 2")
    html = browsers.saved(page, tmp_path).read_text("utf-8")
    saved = json.loads(re.search('<script type="application/json" id="document">(.*?)</script>', html, re.S)[1])
    assert ["worked example"] == [each["name"] for each in saved["models"]]
    answers = {json.dumps([name, question], sort_keys=True): answer for name, question, answer in saved["answers"]}

    def answer_to(name, **question):
        return answers[json.dumps([name, {"model": "worked example", **question}], sort_keys=True)]

    texts = ["1 1 2", "2 1 1"]
    for options in ({}, {"measures": True}):
        expected = document(model, Question(texts, measures=bool(options)))
        assert without_files(answer_to("inspect", texts=texts, **options)) == without_files(expected)
    expected = document(model, Question(texts[:1], measures=False, steps=[0, 1, 2]))
    assert without_files(answer_to("inspect", texts=texts[:1], steps=[0, 1, 2])) == without_files(expected)
    steps = Steps(model, texts[0].split())
    for token in range(3):
        assert erased(model, texts[0].split(), token) == answer_to("erase", text=texts[0], token=token)
        for what, count in quantities(steps).items():
            for unit in range(count):
                equation = answer_to("equation", text=texts[0], what=what, step=token, unit=unit)
                assert unfold(steps, what, token, unit).as_dict().items() <= equation.items()


def test_a_saved_page_gives_single_steps_of_what_it_holds(opened):
    model = worked_example()
    doc = document(model, Question(["1 1 2"], measures=False, steps=[0, 1, 2]))
    held = ["inspect", {"texts": ["1 1 2"], "model": "a", "steps": [0, 1, 2], "measures": False}, doc]
    script = """const [held, questions, done] = arguments;
        import("/page/source.js").then(async ({ inside }) => {
            const source = inside([held], () => "not in this file");
            const answers = [];
            for (const question of questions) {
                try {
                    const answer = await source.inspect(question);
                    answers.push(answer.texts[0].steps.steps.map(({ step }) => step));
                } catch (error) {
                    answers.push(error.message);
                }
            }
            done(answers);
        });"""
    questions = [
        {"texts": ["1 1 2"], "model": "a", "steps": steps, "measures": measures}
        for steps, measures in ([[0, 1, 2], False], ["all", False], [[1], False], [[2, 1], False], [[1], True])
    ]
    questions += [{**questions[2], "model": "b"}, {**questions[2], "texts": ["1 1 1"]}]
    answers = opened(text="1 1 2").execute_async_script(script, held, questions)
    missing = "not in this file"
    assert [[0, 1, 2], [0, 1, 2], [1], [1, 2], missing, missing, missing] == answers


def without_files(doc):
    return {**doc, "model": {key: value for key, value in doc["model"].items() if key != "file"}}
