"""No view breaks a rule of axe-core, in any width, theme and language; nor do a saved page and a report."""

from itertools import product
from pathlib import Path
from typing import Any

import browsers
import pytest
from browsers import wait_for

from rnncli import modelfile
from rnncli.data.examples import BOOKING_PAIR
from rnncli.inspect.document import Question, document
from rnncli.inspect.page import render

pytestmark = browsers.needs_browser

WIDTHS = (400, 1600)
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "zh")
TEXTS = {"text": BOOKING_PAIR[0], "other": BOOKING_PAIR[1]}
TRAINING = {"hidden": 8, "epochs": 2, "sentences": 100}

# For each view its state, what is done there, and what is true when all of it is shown.
VIEWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "label": ({}, "", "return document.querySelector('.nbest') !== null"),
    "steps": (
        {"step": 1, "what": "output/o", "unit": 0},
        "",
        "return document.querySelector('.products') !== null",
    ),
    "compare": (
        {"erased": 0},
        "",
        "return document.querySelector('.erased') && document.querySelectorAll('.matrix').length === 2",
    ),
    "architectures": (
        {},
        "document.querySelector('.architectures .main').click()",
        "return document.querySelectorAll('.cards .panel:not(.waiting)').length === 6",
    ),
    "train": (
        TRAINING,
        "document.querySelector('.settings-form').requestSubmit()",
        "return document.querySelector('.best') !== null && !document.querySelector('.train .main').disabled",
    ),
    "lesson": (
        {"stop": 2, "model": "worked example", "text": "1 1 2", "step": 1},
        "document.querySelector('.choices button').click()",
        "return document.querySelector('.lesson-place .stage') !== null",
    ),
}
OPEN_ALL = "document.querySelectorAll('details').forEach((details) => { details.open = true; })"


@pytest.fixture(scope="module")
def axe(pytestconfig: pytest.Config) -> str:
    """The script of axe-core."""
    given = pytestconfig.getoption("--axe")
    if given:
        return Path(given).read_text("utf-8")
    package = pytest.importorskip("axe_core_python", reason='no axe-core: pip install -e ".[test]"')
    return Path(package.__file__).with_name("axe.min.js").read_text("utf-8")


@pytest.fixture
def looks(long: bool) -> list[tuple[int, str, str]]:
    """Widths, themes and languages: with ``--long`` all, else two in which each of them comes."""
    return list(product(WIDTHS, SCHEMES, LANGUAGES)) if long else [(400, "dark", "zh"), (1600, "light", "en")]


def violations(page: Any, axe: str) -> list[Any]:
    """The rules that the page breaks, with the elements, all of it unfolded."""
    page.execute_script(OPEN_ALL)
    # Nothing is in the middle of a transition: axe reads colours.
    page.execute_script("document.getAnimations().forEach((animation) => animation.finish())")
    page.execute_script(axe)
    return page.execute_async_script("""const done = arguments[0];
        axe.run({ resultTypes: ["violations"] }).then(({ violations }) => done(violations.map(({ id, nodes }) =>
            [id, ...nodes.slice(0, 3).map(({ html, failureSummary }) => [html.slice(0, 200), failureSummary])])),
            (error) => done([String(error)]));""")


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_breaks_a_rule(opened, networks, axe, looks, view):
    state, action, is_shown = VIEWS[view]
    for width, scheme, language in looks:
        page = opened(width, scheme, view=view, language=language, **(TEXTS | state))
        page.execute_script(action)
        wait_for(page, is_shown)
        assert [] == violations(page, axe), (width, scheme, language)


def test_a_saved_page_and_a_report_break_no_rule(opened, trained, axe, looks, tmp_path):
    page = opened(view="compare", language="en", **TEXTS)
    wait_for(page, VIEWS["compare"][2].replace("document.querySelector('.erased') &&", ""))
    saved = browsers.saved(page, tmp_path)
    report = tmp_path / "report.html"
    report.write_text(render(document(modelfile.load(trained.path), Question(BOOKING_PAIR))), "utf-8")
    for width, scheme, language in looks:
        browsers.show_as(page, width, scheme)
        for view in ("label", "steps", "compare"):
            page.get("about:blank")
            page.get(f"{saved.as_uri()}#view={view}&language={language}")
            wait_for(page, "return document.querySelector('#panel .token, #panel .step-token') !== null")
            assert [] == violations(page, axe), (view, width, scheme, language)
        page.get(report.as_uri())
        assert [] == violations(page, axe), ("report", width, scheme)
