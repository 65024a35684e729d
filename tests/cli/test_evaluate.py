"""``rnncli evaluate``: intervals, averages, predictions, matrices, and the files of errors."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli.data import reading

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
HOSTILE = "</style><script>alert(1)</script>&amp;\"'"


@pytest.fixture
def wrong(booking_text: str, tmp_path: Path) -> Path:
    """Predictions with an error of each class."""
    text = booking_text
    for before, after in (
        ("Taipei\tB-departure\n", "Taipei\tB-destination\n"),  # type
        ("York\tI-departure\n", "York\tO\n"),  # boundary
        ("May\tB-destination_time\n2nd\tI-destination_time", "May\tO\n2nd\tB-departure_time"),  # boundary and type
        ("Kaohsiung\tB-destination\n", "Kaohsiung\tO\n"),  # missed
        ("hello\tO\n", "hello\tB-departure\n"),  # invented
    ):
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "wrong.tsv"
    path.write_text(text, "utf-8")
    return path


def document(run: Run, *words: object) -> Any:
    result = run("evaluate", *words, "--json")
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


def test_json_has_averages_and_intervals(run: Run) -> None:
    shown = document(run)
    intervals = shown["intervals"]
    assert (0.95, 1_000, 1) == (intervals["level"], intervals["replicates"], intervals["seed"])
    for name in ("f1", "precision", "recall", "accuracy"):
        low, high = intervals[name]
        assert low < shown[name] < high
        assert high - low < 0.04
    assert shown["per_type"].keys() == intervals["per_type"].keys()
    values = [each["f1"] for each in shown["per_type"].values() if each["gold"]]
    assert sum(values) / len(values) == pytest.approx(shown["macro"]["f1"])
    assert (len(values), shown["f1"]) == (shown["macro"]["types"], shown["micro"]["f1"])


def test_tables_have_averages_and_intervals(run: Run) -> None:
    shown = document(run)
    tables = run("evaluate").stdout
    low, high = shown["intervals"]["f1"]
    micro = rf"all, micro .* {100 * shown['f1']:.2f} +{100 * low:.1f}–{100 * high:.1f} "
    assert re.search(micro, tables)
    assert re.search(rf"all, macro +{100 * shown['macro']['f1']:.2f} ", tables)
    assert "macro: the mean F1 of the 9 types of spans that occur in the gold tags" in tables
    assert max(map(len, tables.splitlines())) <= 80


def test_macro_leaves_out_types_that_the_gold_tags_do_not_have(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gold.tsv").write_text("a\tB-x\nb\tO\nc\tB-y\n\n" * 3)
    (tmp_path / "predicted.tsv").write_text("a\tB-x\nb\tB-z\nc\tO\n\n" * 3)
    shown = document(run, "gold.tsv", "--predictions", "predicted.tsv")
    assert {"f1": 0.5, "types": 2} == shown["macro"]
    assert 0.0 == shown["per_type"]["z"]["f1"]
    assert [0.0, 0.0] == shown["intervals"]["per_type"]["z"]


def test_predictions_are_scored_as_the_model_that_made_them(
    run: Run, trained: "Trained", booking_tsv: Path
) -> None:
    assert (
        0 == run("tag", "--input", booking_tsv, "--to", "conll", "--out", "p.conll", "-m", trained.path).exit_code
    )
    by_model = document(run, booking_tsv, "--model", trained.path, "--confusion")
    by_file = document(run, booking_tsv, "--predictions", "p.conll", "--confusion")
    assert (None, {"tokens": None, "accuracy": None}) == (by_file.pop("calibration"), by_file.pop("unknown_words"))
    assert by_model.pop("calibration") and by_model.pop("unknown_words")
    assert by_model == by_file
    tables = run("evaluate", booking_tsv, "--predictions", "p.conll").stdout
    assert "unknown words" not in tables and "calibration" not in tables


def test_a_model_and_predictions_are_refused(run: Run, trained: "Trained", booking_tsv: Path) -> None:
    result = run("evaluate", booking_tsv, "--predictions", booking_tsv, "--model", trained.path)
    message = "error: --model and --predictions cannot both be given\n  leave out one\n"
    assert (2, message) == (result.exit_code, result.stderr)
    by_variable = run(
        "evaluate", booking_tsv, "--predictions", booking_tsv, env={"RNNCLI_MODEL": str(trained.path)}
    )
    assert 0 == by_variable.exit_code


def test_stdin_can_be_one_of_the_two_files(run: Run, booking_tsv: Path, wrong: Path) -> None:
    content = wrong.read_bytes()
    by_name = document(run, booking_tsv, "--predictions", wrong)
    assert by_name == json.loads(run("evaluate", booking_tsv, "--predictions", "-", "--json", stdin=content).stdout)
    result = run("evaluate", "-", "--predictions", "-", stdin=content)
    assert (2, "error: stdin can be read once") == (result.exit_code, result.stderr.partition(",")[0])


def test_errors_as_tsv(run: Run, booking_tsv: Path, wrong: Path) -> None:
    shown = document(run, booking_tsv, "--predictions", wrong, "--errors", "errors.tsv")
    classes = ["type", "boundary", "boundary and type", "missed", "invented"]
    assert {kind: {"number": 1, "seen": None, "unseen": None} for kind in classes} == shown["errors"]
    header, *lines = Path("errors.tsv").read_text("utf-8").splitlines()
    names = header.split("\t")
    rows = {line.split("\t")[0]: dict(zip(names, line.split("\t"), strict=True)) for line in lines}
    assert set(classes) == set(rows)
    assert {
        "gold": "departure",
        "predicted": "destination",
        "gold text": "Taipei",
        "sentence": "1",
        "line": "2",
    }.items() <= (rows["type"].items())
    assert {"gold text": "New York", "predicted text": "New", "text": "New York", "words": ""}.items() <= (
        rows["boundary"].items()
    )
    assert {"gold text": "May 2nd", "predicted text": "2nd"}.items() <= rows["boundary and type"].items()
    assert {"gold": "destination", "predicted": "", "predicted text": ""}.items() <= rows["missed"].items()
    assert {"gold": "", "predicted": "departure", "text": "hello", "after": "there ."}.items() <= (
        rows["invented"].items()
    )
    for row in rows.values():
        sentence = reading.read(str(booking_tsv)).sentences[int(row["sentence"]) - 1]
        first = row["text"].split()[0]
        assert first == sentence.tokens[int(row["line"]) - sentence.line]
    to_stdout = run("evaluate", booking_tsv, "--predictions", wrong, "--errors", "-")
    assert Path("errors.tsv").read_text("utf-8") == to_stdout.stdout


def test_errors_of_a_model_say_whether_the_words_were_seen(
    run: Run, trained: "Trained", booking_text: str, tmp_path: Path
) -> None:
    text = booking_text.replace("Kaohsiung", "Zanzibar").replace("hello\tO", "hello\tB-departure")
    (tmp_path / "test.tsv").write_text(text)
    shown = document(run, "test.tsv", "--model", trained.path, "--errors", "errors.tsv")
    lines = [line.split("\t") for line in Path("errors.tsv").read_text("utf-8").splitlines()[1:]]
    assert ["seen"] == [line[6] for line in lines if line[10] == "hello"]
    for line in lines:
        assert ("unseen" if "Zanzibar" in line[10] else "seen") == line[6]
    assert len(lines) == sum(each["number"] for each in shown["errors"].values())
    for seen in ("seen", "unseen"):
        assert sum(line[6] == seen for line in lines) == sum(each[seen] for each in shown["errors"].values())
    # The most frequent confusions come first.
    times = [int(line[3]) for line in lines]
    assert sorted(times, reverse=True) == times


class Page(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_errors_as_a_page(run: Run, booking_tsv: Path, wrong: Path) -> None:
    result = run("evaluate", booking_tsv, "--predictions", wrong, "--errors", "errors.html")
    assert "wrote   errors.html" in result.stderr
    assert re.search(r"boundary and type +1 +– +–", result.stdout)
    html = Path("errors.html").read_text("utf-8")
    page = Page(html)
    assert 5 == page.elements.count("details") == page.elements.count("mark")
    assert "script" not in page.elements
    assert not {"src", "href", "style", "onclick"} & page.attributes
    assert "gold: New York · predicted: New" in page.text
    assert "default-src 'none'" in html
    assert 0 == run("evaluate", booking_tsv, "--predictions", wrong, "--errors", "errors.html").exit_code  # its own


def test_whatever_stands_in_a_token_or_a_tag_stays_text(run: Run, tmp_path: Path) -> None:
    pages = []
    for token in ("word", HOSTILE):
        (tmp_path / "gold.tsv").write_text(f"{token}\tB-{token}\nb\tO\n\n" * 2)
        (tmp_path / "predicted.tsv").write_text(f"{token}\tO\nb\tB-{token}\n\n" * 2)
        assert 0 == run("evaluate", "gold.tsv", "--predictions", "predicted.tsv", "--errors", "e.html").exit_code
        pages.append(Page(Path("e.html").read_text("utf-8")))
    harmless, hostile = pages
    assert harmless.elements == hostile.elements
    assert 4 <= hostile.text.count(HOSTILE)


def test_errors_of_plain_tags(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gold.tsv").write_text("the\tDT\ncat\tNN\nsat\tVB\n\n" * 2)
    (tmp_path / "predicted.tsv").write_text("the\tDT\ncat\tVB\nsat\tNN\n\nthe\tDT\ncat\tNN\nsat\tNN\n\n")
    shown = document(run, "gold.tsv", "--predictions", "predicted.tsv", "--errors", "e.tsv", "--confusion")
    assert {"confusion": {"number": 3, "seen": None, "unseen": None}} == shown["errors"]
    lines = [line.split("\t")[:4] for line in Path("e.tsv").read_text("utf-8").splitlines()[1:]]
    assert [["confusion", "VB", "NN", "2"]] * 2 + [["confusion", "NN", "VB", "1"]] == lines
    assert ["tags"] == list(shown["confusion_matrix"])
    assert ("accuracy", None, shown["accuracy"]) == (shown["metric"], shown["f1"], shown["micro"]["f1"])
    assert (1.0 + 0.4 + 0.0) / 3 == pytest.approx(shown["macro"]["f1"])


def test_without_errors_there_is_a_page_that_says_so(run: Run, booking_tsv: Path) -> None:
    for name in ("e.html", "e.tsv"):
        shown = document(run, booking_tsv, "--predictions", booking_tsv, "--errors", name)
        assert 0 == sum(each["number"] for each in shown["errors"].values())
    assert "There is no error." in Path("e.html").read_text("utf-8")
    assert 1 == Path("e.tsv").read_text("utf-8").count("\n")


def test_the_matrix_in_json_has_every_token(run: Run) -> None:
    shown = document(run, "--confusion")
    tags, spans = (shown["confusion_matrix"][name] for name in ("tags", "spans"))
    assert shown["tokens"] == sum(tags["gold"]) == sum(tags["predicted"]) == sum(n for *_, n in tags["cells"])
    wrong = {(tags["labels"][i], tags["labels"][j]): n for i, j, n in tags["cells"] if i != j}
    assert {(each["gold"], each["predicted"]): each["tokens"] for each in shown["confusion"]} == wrong
    assert spans["labels"][-1] is None
    for i, label in enumerate(spans["labels"][:-1]):
        count = shown["per_type"][label]
        diagonal = sum(n for row, column, n in spans["cells"] if row == column == i)
        assert (count["gold"], count["predicted"], count["correct"]) == (
            spans["gold"][i],
            spans["predicted"][i],
            diagonal,
        )


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_matrix_fits_the_terminal(run: Run, tmp_path: Path, columns: int) -> None:
    kinds = [f"a type of the number {i}" for i in range(40)]
    rows = [(gold, predicted) for i, gold in enumerate(kinds) for predicted in (gold, kinds[i // 2])]
    (tmp_path / "gold.tsv").write_text("".join(f"word\tB-{gold}\n\n" for gold, _ in rows) * 30)
    (tmp_path / "predicted.tsv").write_text("".join(f"word\tB-{predicted}\n\n" for _, predicted in rows) * 30)
    words = ("gold.tsv", "--predictions", "predicted.tsv", "--confusion", "--force")
    result = run("evaluate", *words, env={"COLUMNS": str(columns)})
    matrix = result.stdout.partition("Tags: rows")[2].partition("Confused")[0]
    assert max(map(len, matrix.splitlines())) <= columns
    shown, left_out = map(int, re.findall(r"the (\d+) tags with the most errors; (\d+) are left out", matrix)[0])
    assert 40 == shown + left_out
    assert shown > columns // 12
    [sums] = [line.split() for line in matrix.partition("tags with")[0].splitlines() if line.startswith(" all ")]
    assert (
        2_400
        == int(sums[-1].replace(",", ""))
        == sum(int(each.replace(",", "")) for each in sums[1:-1] if each != "·")
    )


def test_few_sentences_are_noted(run: Run, trained: "Trained", booking_tsv: Path) -> None:
    note = "warning: 30 sentences are too few for intervals that can be relied on"
    assert note in run("evaluate", booking_tsv, "--model", trained.path).stderr.splitlines()
    assert "too few" not in run("evaluate").stderr


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("a\tO\nb\tO\n\n", "a\tO\nb\tO\n\n", 1.0),  # no span, and so no scheme: plain tags
        ("a\tO\nb\tO\n\n", "a\tB-x\nb\tI-x\n\n", 0.0),  # no span in the gold tags
        ("a\tB-x\nb\tO\n\n", "a\tO\nb\tO\n\n", 0.0),
        ("a\tB-x\nb\tO\n\n", "a\tB-y\nb\tO\n\n", 0.0),  # one sentence, a tag that is unknown
    ],
)
def test_hard_cases(run: Run, tmp_path: Path, gold: str, predicted: str, expected: float) -> None:
    (tmp_path / "gold.tsv").write_text(gold)
    (tmp_path / "predicted.tsv").write_text(predicted)
    words = ("gold.tsv", "--predictions", "predicted.tsv", "--force", "--confusion", "--errors", "e.html")
    shown = document(run, *words)
    assert expected == shown["micro"]["f1"]
    assert ("B-x" in gold + predicted) == (shown["metric"] == "f1")
    assert 0 == run("evaluate", *words).exit_code


def test_empty_sentences_are_passed_over(run: Run, tmp_path: Path) -> None:
    row = '{"tokens": ["a", "b"], "tags": ["B-x", "I-x"]}\n'
    (tmp_path / "gold.jsonl").write_text(row + '{"tokens": [], "tags": []}\n' + row)
    (tmp_path / "predicted.tsv").write_text("a\tB-x\nb\tI-x\n\n" * 2)
    shown = document(run, "gold.jsonl", "--predictions", "predicted.tsv", "--force")
    assert (1.0, 4) == (shown["f1"], shown["tokens"])
