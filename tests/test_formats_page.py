"""docs/formats.md: every format has a section, and its example is recognised and read."""

import re
from pathlib import Path

import pytest

from rnncli.data import reading
from rnncli.data.formats.format import Wanted
from rnncli.data.formats.registry import FORMATS

PAGE = (Path(__file__).parent.parent / "docs" / "formats.md").read_text("utf-8")
EXAMPLES: dict[str, str] = dict(re.findall(r"^```([a-z-]+)\n(.*?)^```", PAGE, re.M | re.S))
TWO = [["Leave", "Taipei"], ["Thanks"]]
TOKENS = {"conllu": [["Do", "n't", "leave", "."]], "csv": [["Leave", ",", "Taipei"], ["Thanks"]], "text": [[], []]}
# Those that other tools write and that say the same as jsonl or json are read as these.
AS = {"doccano": "jsonl", "prodigy": "jsonl", "entities": "jsonl", "label-studio": "json"}


def test_every_format_has_a_section_with_an_example() -> None:
    sections = set(re.findall(r"^## ([a-z-]+)$", PAGE, re.M))
    assert set(FORMATS) <= sections
    assert set(FORMATS) <= set(EXAMPLES)


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_of_a_format_is_recognised_and_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "example"
    path.write_text(EXAMPLES[name], "utf-8")
    corpus = reading.read(str(path), wanted=Wanted(labelled=name != "text"))
    assert AS.get(name, name) == corpus.format
    assert TOKENS.get(name, TWO) == [sentence.tokens for sentence in corpus.sentences]


def test_the_line_about_what_was_recognised_is_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "train.conll"
    path.write_text(EXAMPLES["conll"], "utf-8")
    assert reading.read(str(path)).description.removeprefix(f"{tmp_path}/") in PAGE
