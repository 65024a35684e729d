"""The files of the page: what they are joined to, that they load nothing, that no text of theirs is missing."""

import re
from importlib.resources import files

import pytest

from rnncli.web import bundle

APP = files("rnncli.web").joinpath("app")
NAMES = sorted(
    [item.name for item in APP.iterdir() if item.is_file()]
    + [f"{folder}/{item.name}" for folder in ("views", "words") for item in APP.joinpath(folder).iterdir()]
)
SCRIPTS = [name for name in NAMES if name.endswith(".js")]


@pytest.mark.parametrize("name", NAMES)
def test_files_of_the_page_load_nothing_from_elsewhere(name):
    text = bundle.read(name)
    assert not re.search(
        r"(https?:)?//(?!www\.w3\.org/2000/svg)[\w-]+\.\w", re.sub(r"^\s*//.*", "", text, flags=re.M)
    )
    assert not re.search(r"@import|url\(|<iframe|importScripts", text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_set_text_as_text_alone(name):
    refused = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|style:"
    )
    assert not re.search(refused, bundle.read(name))


@pytest.mark.parametrize("entry", ["live.js", "saved.js", "report.js"])
def test_a_joined_script_can_stand_in_an_element(entry):
    script = bundle.joined(entry)
    assert not re.search(r"</script|<!--|^(import|export)\b", script, re.M | re.I)
    assert len(re.findall(r"^const module_dom = ", script, re.M)) == 1


@pytest.mark.parametrize(
    "name", ["", "../bundle.py", "..", "views", "views/../page.css", "views/none.js", "/page.css"]
)
def test_other_files_are_none_of_the_page(name):
    assert bundle.asset(name) is None


def test_files_have_their_media_types():
    medias = {name: bundle.asset(name).media for name in ("page.html", "page.css", "page.js", "views/label.js")}
    assert {
        "page.html": "text/html; charset=utf-8",
        "page.css": "text/css; charset=utf-8",
        "page.js": "text/javascript; charset=utf-8",
        "views/label.js": "text/javascript; charset=utf-8",
    } == medias


def test_a_saved_page_allows_its_own_style_and_script_alone():
    html = bundle.asset("saved.html").body.decode()
    style, script = (re.search(f"<{tag}>(.*)</{tag}>", html, re.S)[1] for tag in ("style", "script"))
    policy = re.search('Content-Security-Policy" content="([^"]*)"', html)[1]
    assert (
        f"default-src 'none'; style-src 'sha256-{bundle.sha256(style)}'; "
        f"script-src 'sha256-{bundle.sha256(script)}'; base-uri 'none'; form-action 'none'"
    ) == policy
    assert html.count("@data@") == html.count(">@data@<") == 1


def texts(language: str) -> dict[str, str]:
    return dict(re.findall(r'^  "([\w.]+)": "(.*)",$', bundle.read(f"words/{language}.js"), re.M))


def test_both_languages_have_all_texts():
    english = texts("en")
    chinese = texts("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key
    used = {
        key for name in SCRIPTS for key in re.findall(r'^(?! *[/*]).*?\bt\("([\w.]+)"', bundle.read(name), re.M)
    }
    assert used
    assert used <= english.keys()
