"""The views of steps and equations in a real browser, with numbers of small models from the service."""

import re
import threading
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import browsers
import pytest
from processes import wait_until
from small_models import TEXT, drawn

from rnncli.inspect.equation import quantities, unfold
from rnncli.inspect.steps import Steps
from rnncli.lessons.worked_example import worked_example
from rnncli.model import Model
from rnncli.modelfile import save
from rnncli.parameters import Parameters
from rnncli.serving.server import Server
from rnncli.serving.service import Service
from rnncli.serving.settings import Settings

WORDS = " ".join(TEXT)
HOSTILE = "<img/src=x/onerror=alert(1)> </script> {{x}} $& {token}"
KINDS = {
    "jordan": {"arch": "jordan", "cell": "simple"},
    "lstm": {"arch": "bidirectional", "cell": "lstm", "decoder": "crf"},
    "gru": {"arch": "elman", "cell": "gru", "layers": 2, "window": 1, "features": "onehot+ngram"},
    "hostile tags": {"arch": "hybrid", "cell": "simple"},
    "added": {"arch": "elman", "cell": "gru", "hidden": 20, "window": 1, "neighbours": "added"},
}

MANY_TAGS = {
    "arch": "elman",
    "cell": "simple",
    "tags": [[f"B-type{6 * row + n}" for n in range(6)] for row in range(3)],
}

pytestmark = browsers.needs_browser


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    made = {"worked example": worked_example()}
    for name, spec in (KINDS | {"many tags": MANY_TAGS}).items():
        model = drawn(**spec)
        model.parameters = Parameters(model.parameters.rows).assign(model.parameters)
        if name == "hostile tags":
            model.tags = [*model.tags[:-1], HOSTILE]
        made[name] = model
    return made


@pytest.fixture(scope="module")
def address(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    files: dict[str, Path] = {}
    for name in (*KINDS, "many tags"):
        files[name] = folder / f"{name}.npz"
        save(models[name], files[name])
    server = Server(Service(Settings(files, port=0, threads=1)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    server.stop()
    thread.join(60)


class Page:
    """The page in the browser: what it shows, and what a reader does."""

    def __init__(self, browser, address: str) -> None:
        self.browser = browser
        self.address = address

    def open(self, width=1200, scheme="light", motion="no-preference", **state) -> "Page":
        browsers.show_as(self.browser, width, scheme)
        values = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in values.items()]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.browser.get("about:blank")
        query = {"view": "steps", "model": "lstm", "text": WORDS, "language": "en"} | state
        self.browser.get(f"{self.address}/#{urlencode(query)}")
        step = min(int(query.get("step", 0)), len(query["text"].split()) - 1)
        self.wait(lambda: self.step == step)
        return self

    def wait(self, condition) -> None:
        wait_until(condition, 30)

    def script(self, text: str, *values):
        return self.browser.execute_script(text, *values)

    def all(self, selector: str):
        return self.browser.find_elements("css selector", selector)

    def one(self, selector: str):
        return self.browser.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        return self.script(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
        )

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    @property
    def step(self) -> int | None:
        """The step that the sentence marks, from 0."""
        return self.script("return Number(document.querySelector('.step-token.now')?.dataset.step ?? -1)")

    @property
    def state(self) -> dict[str, str]:
        """The state in the address, once it has been written."""
        return dict(parse_qsl(self.browser.current_url.partition("#")[2]))

    def numbers(self, what: str) -> list[float]:
        """The full numbers of a strip."""
        return [value(title) for title in self.titles(what)]

    def numbers_before(self, what: str) -> list[float]:
        """Those of the step read before."""
        return [number(title.rpartition("before ")[2]) for title in self.titles(what)]

    def titles(self, what: str) -> list[str]:
        """The titles of the cells of a strip."""
        selector = f'[data-what="{what}"] .strip-cell'
        return self.script(
            "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.title)", selector
        )

    def by_tag(self, table: str) -> dict[str, list[float]]:
        """The full numbers of a table of tags, by tag."""
        script = """return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].map(
            (line) => [line.dataset.tag, [...line.querySelectorAll(".figure")].map((f) => f.title)])"""
        return {tag: [value(title) for title in titles] for tag, titles in self.script(script, table)}

    def unfolded(self, text: str) -> None:
        """Wait until the equation of a symbol is shown."""
        self.wait(lambda: self.texts(".equation .equation-text b") == [text])


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def value(title: str) -> float:
    """The number of a title such as ``h₁(3) = −0.25, before 0.5``."""
    return number(title.partition(" = ")[2].partition(",")[0])


@pytest.fixture
def page(browser, address):
    """The page; nothing may be complained about until the test is over."""
    yield Page(browser, address)
    assert [] == browser.get_log("browser")


def test_buttons_keys_slider_and_tokens_move_through_time(page):
    from selenium.webdriver import Keys

    page.open(step=2)
    back, on = page.all(".steps-buttons .step")
    on.click()
    assert page.step == 3
    back.click()
    back.click()
    assert page.step == 1
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.step == 3
    page.press(Keys.END)
    assert (page.step, on.is_enabled()) == (6, False)
    page.press(Keys.HOME)
    page.all(".step-token")[4].click()
    page.press(Keys.ARROW_LEFT)  # the focus is in the sentence and goes along
    assert page.step == 3 == int(page.browser.switch_to.active_element.get_attribute("data-step"))
    page.script("const s = document.querySelector('.steps-bar input'); s.focus()")
    page.press(Keys.ARROW_RIGHT)
    assert (page.step, page.one(".steps-bar input").get_attribute("value")) == (4, "5")
    assert "Step 5 of 7: “the” is tagged" in page.one(".step-said").text
    page.wait(lambda: page.state.get("step") == "4")


def test_playing_goes_on_to_the_end_and_pauses(page):
    page.open(text="the cat sat")
    page.one(".play").click()
    assert page.one(".play").text == "Pause"
    page.wait(lambda: page.step == 1)
    page.one(".play").click()
    assert (page.one(".play").text, page.step) == ("Play", 1)
    page.one(".play").click()
    page.wait(lambda: page.step == 2)
    assert page.one(".play").text == "Play"


def test_nothing_plays_or_moves_under_reduced_motion(page):
    page.open(motion="reduce")
    play = page.one(".play")
    assert not play.is_enabled()
    assert "no motion" in play.get_attribute("title")
    page.all(".steps-buttons .step")[1].click()
    assert (page.step, page.script("return document.getAnimations().length")) == (1, 0)


@pytest.mark.parametrize("name", [*KINDS, "worked example"])
def test_every_number_of_a_step_is_the_librarys(page, models, name):
    text = "1 2 1" if name == "worked example" else WORDS
    steps = Steps(models[name], text.split())
    page.open(model=name, text=text)
    page.script("document.querySelectorAll('.gates').forEach((details) => { details.open = true; })")
    for t in range(0, len(steps), 2):
        page.script("document.querySelectorAll('.step-token')[arguments[0]].click()", t)
        page.wait(lambda t=t: page.step == t)
        document = steps.step(t)
        for part in document["inputs"]:
            assert page.numbers(f"input/{part['name']}") == part["vector"]
        if document["added"]:
            assert page.numbers("window/z") == document["added"]["z"]
            assert page.numbers("window/x") == document["added"]["x"]
        for layer in document["layers"]:
            values = {"h": layer["h"], **layer["gates"]} | ({"state": layer["state"]} if layer["state"] else {})
            for quantity, numbers in values.items():
                page.wait(lambda what=f"{layer['name']}/{quantity}": page.numbers(what))
                assert page.numbers(f"{layer['name']}/{quantity}") == numbers
            if layer["before"] is not None:
                earlier = next(one for one in steps.step(layer["before"])["layers"] if one["name"] == layer["name"])
                assert page.numbers_before(f"{layer['name']}/h") == earlier["h"]
        columns = [document["scores"], document["softmax"]]
        if models[name].network_spec.decoder == "crf":
            columns.append(document["probabilities"])
        expected = dict(zip(steps.model.tags, map(list, zip(*columns, strict=True)), strict=True))
        assert page.by_tag("[data-stage=scores]") == expected
        assert page.texts("[data-stage=scores] .chosen .tag-name") == [document["tag"]]


def test_a_jordan_network_reads_its_tags_by_name(page, models):
    steps = Steps(models["jordan"], TEXT)
    page.open(model="jordan", step=0)
    assert set(map(tuple, page.by_tag(".fed-back").values())) == {(0.0,)}
    page.all(".steps-buttons .step")[1].click()
    page.wait(lambda: page.step == 1)
    fed_back = steps.step(1)["layers"][0]["fed_back"]
    assert page.by_tag(".fed-back") == {tag: [probability] for tag, probability in fed_back.items()}
    assert page.texts(".fed-back tbody th") == sorted(fed_back, key=fed_back.get, reverse=True)
    page.one(".fed-back button.figure").click()  # ŷ of the step before
    page.unfolded(f"ŷ[{max(fed_back, key=fed_back.get)}](1)")
    assert page.step == 0


@pytest.mark.parametrize("name", KINDS)
def test_an_equation_has_the_numbers_of_unfold(page, models, name):
    steps = Steps(models[name], TEXT)
    page.open(model=name, step=2)
    for what in quantities(steps):
        unit, step = 1, 2
        equation = unfold(steps, what, step, unit).as_dict()
        changes = {"what": what, "unit": unit, "step": step}
        page.script(
            "location.hash = location.hash.replace(/&(what|unit|step)=[^&]*/g, '') + arguments[0]",
            "&" + urlencode(changes),
        )
        page.unfolded(equation["symbol"])
        assert page.texts(".equation .equation-text") == [equation["text"]]
        script = """return [...document.querySelectorAll(".products details")].map((details) =>
            [...details.querySelectorAll("tbody tr")].map((line) => line.querySelector("td.value").title))"""
        expected = [
            [term["value"] for term in product["terms"]]
            + [product["rest"]["value"]] * bool(product["rest"]["count"])
            for product in equation["products"]
            if product["of"] or product["rest"]["count"] or len(product["terms"]) > 1 or product["scale"]
        ]  # fmt: skip
        if what.startswith("input/"):
            expected = expected or [[term["value"] for term in equation["products"][0]["terms"]]]
        assert [[number(title) for title in titles] for titles in page.script(script)] == expected
        figures = [
            number(title)
            for title in page.script(
                "return [...document.querySelectorAll('.product-head .figure')].map((f) => f.title)"
            )
        ]
        assert sum(figures) == pytest.approx(equation["sum"])


def test_an_input_unfolds_further_and_the_trail_leads_back(page, models):
    from selenium.webdriver import Keys

    steps = Steps(models["gru"], TEXT)
    page.open(model="gru", step=2)
    strip = page.one('[data-what="layer 2/h"] .strip-cells')
    strip.send_keys(Keys.ARROW_RIGHT, Keys.ENTER)
    page.unfolded("h₂(3)")
    assert page.texts(".equation .equation-text") == [unfold(steps, "layer 2/h", 2, 1).text]
    page.script("document.querySelectorAll('.products details').forEach((d) => { d.open = true; })")
    page.all(".products .sum button.figure")[3].click()  # update · h(2)
    page.unfolded("h₂(2)")
    assert page.step == 1
    assert page.texts(".equation-trail li") == ["h₂(3)", "h₂(2)"]
    page.wait(lambda: page.state.get("what") == "layer 2/h" and page.state.get("step") == "1")
    page.one(".equation-trail button").click()
    page.unfolded("h₂(3)")
    assert page.step == 2
    page.press(Keys.ESCAPE)
    assert page.texts(".equation .equation-text") == []


def test_a_strip_is_one_tab_stop_and_is_read_with_the_keys(page, models):
    from selenium.webdriver import Keys

    steps = Steps(models["added"], TEXT)
    page.open(model="added", step=3)
    stops = "return [...document.querySelectorAll('main *')].filter((e) => e.tabIndex >= 0 && e.checkVisibility())"
    assert len(page.script(stops)) < 25
    cells = page.one('[data-what="layer 1/h"] .strip-cells')
    cells.send_keys(Keys.END, Keys.ARROW_LEFT)
    h = steps.step(3)["layers"][0]["h"]
    active = cells.get_attribute("aria-activedescendant")
    name = page.one(f"#{active}").get_attribute("aria-label")
    assert name.startswith("h₁₉(4) = ")
    assert value(name) == h[18]
    assert page.one('[data-what="layer 1/h"] .strip-said').text.startswith("h₁₉(4) = ")
    cells.send_keys(Keys.SHIFT + Keys.ARROW_RIGHT)
    assert page.step == 4
    assert page.texts('[data-what="layer 1/h"] .strip-said')[0].startswith("h₁₉(5) = ")


def test_the_worked_example_reads_as_in_the_lecture(page):
    page.open(model="worked example", text="1 1 2", what="layer 1/h", unit=0, step=1)
    page.unfolded("h₁(2)")
    rows = page.script(
        "return [...document.querySelectorAll('.overview tr')].map((r) => [...r.cells].map((c) => c.textContent))"
    )
    assert rows[2] == ["Word", "[1, 1]", "[1, 1]", "[2, 2]"]
    assert rows[3] == ["h of layer 1", "[2, 2]", "[6, 6]", "[16, 16]"]
    assert rows[4] == ["o", "[4, 4]", "[12, 12]", "[32, 32]"]
    assert page.texts(".equation .equation-text") == ["h₁(2) = U x(2) + W h(1) + b = 2 + 4 + 0 = 6"]
    for n, scores in enumerate(["[4, 4]", "[12, 12]", "[32, 32]"]):
        page.all(".step-token")[n].click()
        assert page.texts("[data-stage=scores] .equation-text") == [f"o({n + 1}) = {scores}"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_tokens_stay_text(page, language):
    page.open(model="worked example", text=HOSTILE, language=language, what="layer 1/h", unit=1)
    page.unfolded("h₂(1)")
    assert page.texts(".step-token .word") == HOSTILE.split()
    assert page.script("return document.querySelectorAll('img, main script').length") == 0
    assert HOSTILE.split()[0] in page.one(".equation").text


def test_a_long_text_is_read_a_part_at_a_time(page, models):
    text = " ".join(TEXT * 12)
    steps = Steps(models["gru"], text.split())
    page.open(model="gru", text=text, step=70)
    page.wait(lambda: page.numbers_before("layer 1/h") == steps.step(69)["layers"][0]["h"])
    assert page.numbers("layer 1/h") == steps.step(70)["layers"][0]["h"]
    assert len(page.all(".step-token")) <= 41


def test_a_held_key_shows_steps_while_it_is_held(page, models):
    """Answers take longer than a key repeats; no step is left out."""
    text = " ".join(TEXT * 12)
    page.open(model="gru", text=text, step=10)
    page.script("""const real = window.fetch;
        window.fetch = async (path, init) => {
            const answer = await real(path, init);
            if (path === "/v1/inspect") await new Promise((resolve) => setTimeout(resolve, 150));
            return answer;
        };
        window.seen = [];
        const now = () => Number(document.querySelector(".steps-bar input").value) - 1;
        window.held = setInterval(() => {
            window.seen.push(now());
            const key = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, repeat: true });
            document.querySelector(".steps").dispatchEvent(key);
        }, 40);""")
    page.wait(lambda: page.step >= 30)
    page.script("clearInterval(window.held)")
    seen = page.script("return window.seen")
    assert set(range(10, 30)) <= set(seen)
    page.wait(lambda: page.step == int(page.state["step"]))
    steps = Steps(models["gru"], text.split())
    assert page.numbers("layer 1/h") == steps.step(page.step)["layers"][0]["h"]


def test_a_step_after_the_end_and_no_text_are_no_errors(page):
    from selenium.webdriver import Keys

    page.open(step=99)
    field = page.one("textarea")
    field.send_keys(Keys.CONTROL + "a", Keys.DELETE)
    page.wait(lambda: "Type a text" in page.one("section.steps").text)
    field.send_keys("the cat")
    page.wait(lambda: page.texts(".step-token .word") == ["the", "cat"])
    assert page.step == 1


@pytest.mark.parametrize(("width", "scheme", "language"), [(400, "dark", "zh"), (1600, "light", "en")])
def test_both_widths_and_themes_hold_the_page(page, width, scheme, language):
    page.open(width=width, scheme=scheme, language=language, step=2, what="layer 1 forward/candidate", unit=1)
    page.unfolded("candidate₂(3)")
    assert page.script("return document.documentElement.scrollWidth <= innerWidth")
    outside = """return [...document.querySelectorAll(".stage *, .equation *")].filter((e) => e.checkVisibility()
        && !e.closest(".scroll-x, .unseen, svg") && e.getBoundingClientRect().right > innerWidth)"""
    assert page.script(outside) == []
    if language == "zh":
        assert "怎麼來的" in page.one(".equation h2").text


def test_a_saved_page_has_all_steps_and_the_equations_that_were_open(page, models, tmp_path):
    steps = Steps(models["lstm"], TEXT)
    page.open(step=2, what="layer 1 forward/h", unit=1, other=WORDS)
    page.unfolded("h₂(3)")
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    page.script("[...document.querySelectorAll('.settings button')].at(-1).click()")
    path = tmp_path / "rnncli.html"
    page.wait(path.exists)
    browsers.set_offline(page.browser, True)
    try:
        page.browser.get(path.as_uri())
        page.wait(lambda: page.step == 2)
        page.unfolded("h₂(3)")
        assert page.texts(".equation .equation-text") == [unfold(steps, "layer 1 forward/h", 2, 1).text]
        page.all(".step-token")[4].click()
        page.wait(lambda: page.step == 4)
        h = steps.step(4)["layers"][0]["h"]
        assert page.numbers("layer 1 forward/h") == h
        page.unfolded("h₂(5)")  # which nobody had opened, so that the file has the number alone
        title = page.one(".equation .equation-text").get_attribute("title")
        assert (number(title), page.texts(".products")) == (h[1], [])
        assert "not in the saved file" in page.one(".equation").text
    finally:
        browsers.set_offline(page.browser, False)


def test_an_equation_on_a_wide_page_stays_in_sight(page):
    page.open(width=1600, model="added", what="layer 1/h", unit=0)
    page.unfolded("h₁(1)")
    page.script("window.scrollTo(0, document.body.scrollHeight)")
    place = page.script("return document.querySelector('.equation').getBoundingClientRect()")
    assert page.script("return window.scrollY") > 100
    assert 0 <= place["top"] < place["bottom"] <= 900
    page.one(".equation .close").click()  # what is left is small
    page.wait(lambda: page.one(".equation").get_attribute("class").split() == ["equation", "empty"])
    assert page.script("return document.querySelector('.equation').offsetHeight") < 120


def test_a_chosen_tag_after_the_first_rows_has_a_row(page, models):
    name = "many tags"
    steps = Steps(models[name], WORDS.split())
    tags = models[name].tags
    at = next(step for step in range(len(steps)) if tags.index(steps.step(step)["tag"]) >= 12)
    page.open(model=name, step=at)
    page.script("document.querySelector('[data-stage=scores] > .quiet').click()")  # in the order of the model
    shown = list(page.by_tag("[data-stage=scores]"))
    assert [*tags[:12], steps.step(at)["tag"]] == shown
    assert page.texts("[data-stage=scores] .chosen .tag-name") == [shown[-1]]


def test_an_equation_on_a_narrow_page_leaves_its_number_in_sight(page):
    page.open(width=400, model="added", step=3)
    cells = page.one('[data-what="layer 1/h"] .strip-cells')
    page.script("arguments[0].scrollIntoView({ block: 'end' })", cells)
    cells.find_elements("css selector", ".strip-cell")[2].click()
    page.unfolded("h₃(4)")
    bottom = page.script("return arguments[0].getBoundingClientRect().bottom", cells)
    assert bottom <= page.script("return document.querySelector('.equation').getBoundingClientRect().top")


def test_a_text_that_is_too_long_is_refused_calmly(browser, address):
    page = Page(browser, address).open(model="worked example", text="1 1 2")
    page.script("location.hash = location.hash.replace(/text=[^&]*/, 'text=' + '1+'.repeat(500))")
    page.wait(lambda: "more than 400 tokens" in page.one(".message").text)
    assert not page.one(".steps-content").is_displayed()
    page.script("location.hash = location.hash.replace(/text=[^&]*/, 'text=2+1+1')")
    page.wait(lambda: page.texts(".step-token .word") == ["2", "1", "1"])
    assert not page.one(".message").is_displayed()
    assert {"413"} == {re.search(r"status of (\d+)", entry["message"])[1] for entry in browser.get_log("browser")}
