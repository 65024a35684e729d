"""The commands on the pages of the documentation work and print what is shown; the floors are the tests'."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest
from pages import BLOCK, COMMANDS, PAGES, ROOT, Block, blocks, run
from test_floors import FLOORS

from rnncli.api import Trained

# Pages whose reader has nothing but rnncli, and those whose reader is at the top of a checkout.
FROM_NOTHING = {"tutorial.md", "lesson.md"}
AT_CHECKOUT = {
    "CONTRIBUTING.md",
    "architecture.md",
    "check.md",
    "cluster.md",
    "export.md",
    "format.md",
    "models.md",
}
# Of an export of Label Studio.
LABEL = {
    "type": "labels",
    "from_name": "label",
    "to_name": "text",
    "value": {"start": 6, "end": 12, "text": "Taipei", "labels": ["departure"]},
}
# Commands where no test would see them: indented, or in a block of another language.
CODE = re.compile(r"^```.*?^```$|^    [^\n]*$", re.M | re.S)
HIDDEN = re.compile(r"^ *(?:\$ |rnncli |python -m |python \w+/|pip install ).*$", re.M)


def identify(page: object) -> str:
    return page.name if isinstance(page, Path) else ""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Path:
    """A copy of the checkout, so that a command may write into it."""
    copy = tmp_path_factory.mktemp("copy") / "rnncli"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "dist", "build")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    give_files(copy, trained)
    return copy


def give_files(folder: Path, trained: Trained) -> None:
    """The reader's own files, as pages name them: labelled sentences, texts and models."""
    for name, size in (("train", 60), ("dev", 30), ("test", 40)):
        sentences = (ROOT / "sample_data" / f"{name}.tsv").read_text("utf-8").split("\n\n")
        (folder / f"{name}.tsv").write_text("\n\n".join(sentences[:size]) + "\n", "utf-8")
    shutil.copy(ROOT / "models" / "default.npz", folder / "model.npz")
    for name in ("old", "other"):
        shutil.copy(trained.path, folder / f"{name}.npz")
    shutil.copy(folder / "dev.tsv", folder / "more.tsv")
    (folder / "corpus.conll").write_text((folder / "train.tsv").read_text("utf-8").replace("\t", " "), "utf-8")
    (folder / "export.jsonl").write_text(
        json.dumps({"text": "leave Taipei", "label": [[6, 12, "departure"]]}) + "\n"
    )
    annotated = {"data": {"text": "leave Taipei"}, "annotations": [{"result": [LABEL]}]}
    (folder / "annotations.json").write_text(json.dumps([annotated]))
    text = "leave Taipei on November 2nd\narrive in Osaka tomorrow\n"
    (folder / "requests.txt").write_text(text, "utf-8")
    (folder / "in").mkdir()
    (folder / "in" / "one.txt").write_text(text, "utf-8")
    with gzip.open(folder / "in" / "posts.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"body": "leave Taipei"}\n')


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=identify)
def test_commands_on_a_page_work_and_print_what_is_shown(
    page: Path, tmp_path_factory: pytest.TempPathFactory, trained: Trained, checkout: Path, long: bool
) -> None:
    environment = {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "SLURM_ARRAY_TASK_ID": "1"}
    if page.name in AT_CHECKOUT:
        folder = checkout
        environment["PYTHONPATH"] = str(checkout)
    else:
        folder = tmp_path_factory.mktemp("page")
        if page.name not in FROM_NOTHING:
            give_files(folder, trained)
    if page.name not in FROM_NOTHING:  # what is shown of them is not the result of a training
        environment |= {"RNNCLI_EPOCHS": "1", "RNNCLI_HIDDEN": "8"}
    commands = [
        command
        for block in blocks(page)
        if not block.why_not and (long or not block.slow)
        for command in block.commands()
    ]
    wrong = run(commands, folder, tmp_path_factory.mktemp("logs"), environment)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_every_command_on_a_page_is_in_a_block_that_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        reason = block.why_not
        assert reason is None or len(reason.split()) > 2, f"{page.name}:{block.line}: no reason"
        if block.language == "console":
            assert list(block.commands()), f"{page.name}:{block.line}: no line begins with $"
    rest = BLOCK.sub(lambda match: "" if match["language"] in COMMANDS else match[0], page.read_text("utf-8"))
    assert page.name == "python.md" or "```pycon" not in rest  # tests/python/test_page.py runs them
    assert not [line for code in CODE.findall(rest) for line in HIDDEN.findall(code)]


def test_most_blocks_are_run() -> None:
    everything = [block for page in PAGES for block in blocks(page)]
    assert sum(block.why_not is None for block in everything) > 2 / 3 * len(everything) > 20


def test_a_command_that_prints_something_else_is_seen(tmp_path: Path) -> None:
    def wrong(code: str) -> list[str]:
        logs = tmp_path / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        return run(list(Block(1, "console", code, "").commands()), tmp_path, logs, {})

    assert [] == wrong("$ echo 1.25\n1.25\n$ false\n$ echo $?\n1\n$ printf 'a\\nb\\nc\\n'\na\n…\nc\n")
    assert 1 == len(wrong("$ echo 1.25\n1.26\n"))
    assert 1 == len(wrong("$ false\n"))
    assert 1 == len(wrong("$ exit 0\n$ echo after\n"))
    assert 1 == len(wrong("$ printf 'a\\nb\\nc\\n'\na\n…\nd\n"))
    rnncli = "rnncli() { echo $2; }"  # after a training numbers may differ a little
    assert [] == wrong(f"$ {rnncli}\n$ rnncli train 17\n18\n$ echo p 0.98\np 0.95\n")
    assert 1 == len(wrong(f"$ {rnncli}\n$ rnncli train 17\n18\n$ echo p 0.98\np 0.68\n"))


def test_the_floors_of_the_page_are_those_of_the_test() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page[page.index("<!-- floors -->") : page.index("<!-- end -->")]
    rows = [
        set(re.findall(r"`(\w+)`", line.split("|")[1])) for line in table.splitlines() if line.startswith("| `")
    ]
    assert FLOORS == rows


def test_the_set_up_is_that_of_the_readme() -> None:
    page, readme = ((ROOT / name).read_text("utf-8") for name in ("CONTRIBUTING.md", "README.md"))
    command = re.search(r"^\$ (python3 -m venv .*)$", page, re.M)
    assert command
    assert f"{command.group(1)} && .venv/bin/python -m pytest" in readme
