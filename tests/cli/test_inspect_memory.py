"""``rnncli inspect-memory``: what it prints, what it writes, what it refuses."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from rnncli.modelfile import load
from rnncli.tagging import Tagger

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
USAGE, DATA, FILE = 2, 3, 5
LEAVE = "leave Taipei on May 2nd"
QUICK = ("--hidden", "6", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--quiet")


@pytest.fixture
def inspect(run: Run, trained: "Trained") -> Run:
    """Run the command with the small trained model."""

    def started(*arguments: object, **options: Any) -> "Result":
        return run("inspect-memory", *arguments, "--model", trained.path, **options)

    return started


def refused(result: "Result", code: int, message: str) -> None:
    assert (code, "", f"error: {message}\n") == (result.exit_code, result.stdout, result.stderr)


def test_the_document_tells_the_story_of_the_bundled_pair(run: Run) -> None:
    found = json.loads(run("inspect-memory", "--json").stdout)
    assert 2 == found["version"]
    assert [[n, n] for n in range(5)] == found["alignment"]
    # The texts and what is read forward part at arrive | leave, the tags at Taipei.
    assert (0, 1) == (found["parts_at"]["tokens"], found["parts_at"]["decision"])
    assert ("layer 1 forward", 0) == tuple(found["parts_at"]["memories"][0].values())[:2]
    for text in found["texts"]:
        rests = text["connectivity"]["ablation"][1]
        assert 0 == rests.index(max(rests))  # Taipei rests most on the verb
    assert ["arrive", "leave"] == [text["tokens"][0]["text"] for text in found["texts"]]
    assert [{"type": "departure", "start": 1, "end": 2}] == found["texts"][1]["spans"][:1]
    shown = run("inspect-memory").stdout
    assert "The texts part at arrive | leave." in shown
    assert "The tags part at Taipei: B-destination | B-departure." in shown


def test_tags_and_probabilities_are_those_of_labelling(inspect: Run, trained: "Trained") -> None:
    text = json.loads(inspect(LEAVE, "--json").stdout)["texts"][0]
    tagger = Tagger(load(trained.path))
    for n, token in enumerate(text["tokens"]):
        tagged = tagger.tag(LEAVE).tokens[n]
        assert (tagged.text, tagged.tag) == (token["text"], token["tag"])
        assert tagged.probability == pytest.approx(token["probability"])


def numbers_of(shown: str, measure: str) -> list[str]:
    """The numbers under the one sentence that is shown."""
    part = shown[shown.index(f"What tags rest on, by {measure}") :]
    lines = part.split("→", 1)[1].splitlines()
    return re.findall(r"[+−]?\d+\.\d\d", lines[2])


@pytest.mark.parametrize("measure", ["ablation", "contribution", "gradient"])
def test_each_measure_is_shown_with_its_numbers(inspect: Run, measure: str) -> None:
    document = json.loads(inspect(LEAVE, "--json").stdout)
    expected = document["texts"][0]["connectivity"][measure][1]
    words = (LEAVE, "--target", "Taipei", "--measure", measure, "--details")
    shown = inspect(*words, env={"COLUMNS": "120"}).stdout
    found = [float(number.replace("−", "-")) for number in numbers_of(shown, measure)]
    assert [round(value, 2) for value in expected] == pytest.approx(found, abs=0.0051)
    agreement = document["texts"][0]["connectivity"]["agreement"]
    assert f"gradient {agreement['gradient']:.2f}, contribution {agreement['contribution']:.2f}" in shown


@pytest.mark.parametrize("target", ["Taipei", "2"])
def test_a_target_is_a_word_or_a_number(inspect: Run, target: str) -> None:
    shown = inspect(LEAVE, "--target", target).stdout
    assert 1 == shown.count("→")
    assert "Taipei → B-departure" in shown


@pytest.mark.parametrize("target", ["Osaka", "0", "6", "-1"])
def test_an_unknown_target_names_the_tokens(inspect: Run, target: str) -> None:
    message = f'no token is "{target}"\n  the tokens are 1:leave 2:Taipei 3:on 4:May 5:2nd'
    refused(inspect(LEAVE, "--target", target), USAGE, message)


def test_every_span_is_a_target(inspect: Run) -> None:
    shown = inspect(LEAVE).stdout
    assert ["Taipei", "May"] == re.findall(r"^(\w+) →", shown, re.M)


def test_the_matrix_has_a_row_a_tag_in_digits(inspect: Run) -> None:
    document = json.loads(inspect(LEAVE, "--json").stdout)
    rows = document["texts"][0]["connectivity"]["ablation"]
    largest = max(abs(value) for row in rows for value in row)
    shown = inspect(LEAVE, "--matrix", env={"COLUMNS": "80"}).stdout
    lines = shown[shown.index("All tags by ablation") :].splitlines()[2:7]
    digits = [[cell.replace("−", "-").replace("·", "0") for cell in line.split()[3:]] for line in lines]
    assert [[round(9 * value / largest) for value in row] for row in rows] == [
        [int(digit) for digit in row] for row in digits
    ]


def test_columns_of_the_matrix_stand_under_their_numbers(inspect: Run) -> None:
    text = "leave 臺北市 on May 2nd and arrive in 高雄 today , thanks"
    shown = inspect(text, "--matrix", env={"COLUMNS": "80"}).stdout
    numbers, *rows = shown[shown.index("All tags by ablation") :].splitlines()[1:14]
    ends = [match.end() for match in re.finditer(r"\d+", numbers)]
    assert 12 == len(ends)
    for row in rows:
        places = [cell_len(row[: match.end()]) for match in re.finditer(r" (−?\d|·)(?= |$)", row)][-12:]
        assert ends == places, row


def rows_of(shown: str, memory: str) -> list[str]:
    """The rows of a memory, without those above and below them."""
    part = shown[shown.index(f"Memory: {memory}") :].split("\n\n")[0]
    return [line for line in part.splitlines() if re.search("[▁-█]", line) and "Memory" not in line]


def test_rows_of_a_memory_are_units_named_by_what_they_tell_apart(run: Run) -> None:
    document = json.loads(run("inspect-memory", LEAVE, "--json").stdout)
    shown = run("inspect-memory", LEAVE, env={"COLUMNS": "80"}).stdout
    for memory in document["texts"][0]["memories"]:
        apart = memory["units"]["apart"]
        low, high = memory["scale"]
        rows = rows_of(shown, memory["name"])
        assert len(rows) == 6
        for row in rows:
            unit = int(row.split()[0]) - 1
            bands = re.findall("[▁-█]+", row)
            assert [len(word) for word in LEAVE.split()] == list(map(len, bands))
            steps = [round(7 * (values[unit] - low) / (high - low)) for values in memory["values"]]
            assert ["▁▂▃▄▅▆▇█"[step] for step in steps] == [band[0] for band in bands]
            assert row.endswith("{} from {}".format(*apart[unit])) if apart[unit] else row.endswith(bands[-1])
        assert any(" from " in row for row in rows)
        assert memory["units"]["tags"] is None


def test_the_memory_comes_before_what_tags_rest_on(run: Run) -> None:
    shown = run("inspect-memory").stdout
    order = ("The texts part", "Memory: layer 1 forward", "tells apart", "What tags rest on")
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def test_a_jordan_networks_memory_has_a_row_for_each_tag(run: Run, other: Path) -> None:
    document = json.loads(run("inspect-memory", LEAVE, "--model", other, "--json").stdout)
    (memory,) = document["texts"][0]["memories"]
    tags = load(other).tags
    assert tags == memory["units"]["tags"]
    most = max(range(len(tags)), key=lambda tag: max(row[tag] for row in memory["values"]))
    rows = rows_of(run("inspect-memory", LEAVE, "--model", other).stdout, "output")
    assert tags[most] == rows[0].split()[0]
    assert {row.split()[0] for row in rows} <= set(tags)


TERMS = ("rank correlation", "completeness gap", "saturated", "dead")


def test_terms_of_the_field_are_shown_with_details_and_explained(inspect: Run, booking_tsv: Path) -> None:
    plain = inspect(LEAVE, env={"COLUMNS": "1000"}).stdout.lower()
    assert not [term for term in TERMS if term in plain]
    detailed = inspect(LEAVE, "--details", env={"COLUMNS": "1000"}).stdout
    for sentence in (
        "Rank correlation: whether",
        "Completeness gap: the share",
        "A saturated unit is",
        "a dead unit has",
    ):
        assert 1 == detailed.count(sentence)
    corpus = inspect("--corpus", booking_tsv, "--quiet", env={"COLUMNS": "1000"}).stdout
    assert 1 == corpus.count("A saturated unit is")


LONG = " ".join(["leave 臺北市 on May 2nd and arrive in 高雄 today ,"] * 4)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("texts", [[LONG], [LONG, LEAVE], [LEAVE, "please leave Taipei"]])
def test_nothing_is_wider_than_the_terminal(inspect: Run, columns: int, texts: list[str]) -> None:
    result = inspect(*texts, "--matrix", env={"COLUMNS": str(columns)})
    assert "" == result.stderr
    assert columns >= max(map(cell_len, map(str.rstrip, result.stdout.splitlines())))
    assert "\x1b" not in result.stdout  # in a pipe


def test_wide_characters_stand_over_their_numbers(inspect: Run) -> None:
    shown = inspect("leave 臺北市 on 高雄 today", "--target", "on", env={"COLUMNS": "80"}).stdout.splitlines()
    above, below = next((shown[n], shown[n + 1]) for n, line in enumerate(shown) if "[on]" in line)
    starts = [cell_len(above[: above.index(token)]) for token in ("leave", "臺北市", "[on]", "高雄", "today")]
    assert starts == [match.start() for match in re.finditer(r"\S [+−]?\d", below)]


def test_texts_of_unequal_length_are_aligned(inspect: Run) -> None:
    found = json.loads(inspect("leave Taipei", "please leave Taipei", "--json").stdout)
    assert [[None, 0], [0, 1], [1, 2]] == found["alignment"]
    assert {2} == {len(distance["values"]) for distance in found["distances"]}
    assert "The texts part at (nothing) | please." in inspect("leave Taipei", "please leave Taipei").stdout


def test_one_token_is_enough(inspect: Run) -> None:
    found = json.loads(inspect("Taipei", "--json").stdout)
    assert 1 == len(found["texts"][0]["connectivity"]["ablation"])
    assert 0 == inspect("Taipei", "--matrix").exit_code


def test_page_and_figure_are_written_whole(inspect: Run, tmp_path: Path) -> None:
    page, figure = tmp_path / "new" / "page.html", tmp_path / "figure.svg"
    assert 0 == inspect("leave </script>", "--html", page, "--svg", figure).exit_code
    assert page.read_text("utf-8").startswith("<!doctype html>")
    drawn = ElementTree.parse(figure)
    assert 5 * 5 == len(drawn.findall(".//{*}rect")) - 1
    assert ["page.html"] == [each.name for each in page.parent.iterdir()]


def test_a_figure_of_a_target_has_its_row_alone(inspect: Run) -> None:
    drawn = ElementTree.fromstring(inspect(LEAVE, "--svg", "-", "--target", "Taipei").stdout)
    assert 5 == len(drawn.findall(".//{*}rect")) - 1


def test_a_page_may_go_to_stdout_alone(inspect: Run) -> None:
    assert inspect(LEAVE, "--html", "-").stdout.rstrip().endswith("</html>")


@pytest.mark.parametrize(("option", "example"), [("--html", "page.html"), ("--svg", "figure.svg")])
def test_a_file_that_cannot_be_written_is_refused(inspect: Run, tmp_path: Path, option: str, example: str) -> None:
    message = f"{tmp_path}: is a directory, not a file name\n  name a file: {option} {example}"
    refused(inspect(LEAVE, option, tmp_path), FILE, message)
    (tmp_path / "file").write_text("")
    result = inspect(LEAVE, option, tmp_path / "file" / "x.html")
    assert FILE == result.exit_code
    assert f"choose another {option}" in result.stderr


def test_a_corpus_tells_of_the_whole_model(inspect: Run, booking_tsv: Path) -> None:
    arguments = ("--corpus", booking_tsv, "--unit", 3, "--memory", "layer 1 forward")
    found = json.loads(inspect(*arguments, "--json", "--quiet").stdout)
    corpus = found["corpus"]
    assert ([], 30) == (found["texts"], corpus["sentences"])
    assert {"decay", "needed", "units", "unit"} <= set(corpus)
    assert [each["value"] for each in corpus["unit"]["up"]] == sorted(
        (each["value"] for each in corpus["unit"]["up"]), reverse=True
    )
    shown = inspect(*arguments, env={"COLUMNS": "80"})
    assert 0 == shown.exit_code
    for words in ("Unit 3 of layer 1 forward", "half-life by ablation", "How much context decides", "B-departure"):
        assert words in shown.stdout
    assert 80 >= max(map(cell_len, map(str.rstrip, shown.stdout.splitlines())))


def test_with_a_corpus_the_units_of_a_text_are_judged_by_it(inspect: Run, booking_tsv: Path) -> None:
    found = json.loads(inspect(LEAVE, "--corpus", booking_tsv, "--json", "--quiet").stdout)
    for memory, judged in zip(found["texts"][0]["memories"], found["corpus"]["units"], strict=True):
        assert {"name": memory["name"], **memory["units"]} == judged


def test_a_unit_that_is_not_there_is_refused(inspect: Run, booking_tsv: Path) -> None:
    message = "--unit needs --corpus FILE\n  the contexts that drive it are those of a labelled file"
    refused(inspect("--unit", 1), USAGE, message)
    message = "--memory needs --unit\n  give --unit N"
    refused(inspect("--memory", "layer 1 forward"), USAGE, message)
    corpus = ("--corpus", booking_tsv, "--quiet", "--unit")
    names = '"layer 1 forward", "layer 1 backward"'
    refused(inspect(*corpus, 1), USAGE, f"this model has more than one memory\n  name one: --memory {names}")
    message = f'no memory is called "layer 2"\n  this model has {names}'
    refused(inspect(*corpus, 1, "--memory", "layer 2"), USAGE, message)
    message = "layer 1 forward has no unit 9\n  its units are 1 to 8"
    refused(inspect(*corpus, 9, "--memory", "layer 1 forward"), USAGE, message)


def test_a_token_does_not_command_the_terminal(inspect: Run) -> None:
    shown = inspect("leave \x1b \x9b Taipei", "\x1b leave", "--matrix").stdout
    assert r"\x1b" in shown
    assert not {"\x1b", "\x9b"} & set(shown)


@pytest.fixture
def other(run: Run, booking_tsv: Path, tmp_path: Path) -> Path:
    """A model of another architecture."""
    path = tmp_path / "jordan.npz"
    run("train", booking_tsv, "--out", path, *QUICK, "--arch", "jordan")
    return path


def test_two_models_are_compared_on_one_scale(inspect: Run, other: Path) -> None:
    found = json.loads(inspect(LEAVE, "--compare", other, "--json").stdout)
    assert ("bidirectional", "jordan") == (found["architecture"], found["compare"]["architecture"])
    largest = max(
        abs(value)
        for model in (found, found["compare"])
        for value in model["texts"][0]["connectivity"]["ablation"][1]
    )
    shown = inspect(LEAVE, "--compare", other, "--target", "Taipei").stdout
    assert f"What tags rest on, by ablation (· 0 … █ {largest:.3g})" in shown
    for name in ("tiny.npz", "jordan.npz"):
        assert re.search(rf"^{name}  Taipei →", shown, re.M)


def test_models_that_cut_text_differently_are_not_compared(
    inspect: Run, run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "characters.npz"
    run("train", booking_tsv, "--out", path, *QUICK, "--tokenizer", "characters")
    message = "the two models cut the text into different tokens\n  compare models of one --tokenizer"
    refused(inspect(LEAVE, "--compare", path), USAGE, message)


def test_a_net_without_memory_still_tells_what_tags_rest_on(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    path = tmp_path / "fnn.npz"
    run("train", booking_tsv, "--out", path, *QUICK, "--arch", "fnn")
    result = run("inspect-memory", LEAVE, "--model", path)
    assert "fnn keeps nothing in memory" in result.stderr
    assert "What tags rest on" in result.stdout
    result = run("inspect-memory", "--corpus", booking_tsv, "--unit", 1, "--model", path, "--quiet")
    refused(result, USAGE, "fnn keeps nothing in memory, so it has no such unit")


COLUMNS = "leave\tVB\tO\nTaipei\tNN\tB-x\n\narrive\tVB\tO\nOsaka\tNN\tB-x\n"


def test_a_model_of_columns_takes_the_sentences_of_a_corpus(run: Run, tmp_path: Path) -> None:
    corpus, path = tmp_path / "columns.tsv", tmp_path / "columns.npz"
    corpus.write_text(COLUMNS)
    run("train", corpus, "--out", path, *QUICK)
    arguments = ("inspect-memory", "--model", path, "--corpus", corpus, "--quiet")
    found = json.loads(run(*arguments, "leave Taipei", "--json").stdout)
    assert ["leave", "Taipei"] == [token["text"] for token in found["texts"][0]["tokens"]]
    assert 0 == run(*arguments).exit_code
    message = "this model reads columns beside each token, and the corpus has no such sentence\n"
    refused(
        run(*arguments, "leave Osaka"), DATA, message + "  give a text that is a sentence of the corpus, or no text"
    )


def test_what_will_take_long_is_said_beforehand(inspect: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "" == inspect(LEAVE, "--json").stderr
    monkeypatch.setattr("rnncli.cli.inspect_memory.MANY_PAIRS", 1)
    noted = "5 tokens: every tag is compared with every token, which may take minutes\n"
    assert noted == inspect("Taipei", LEAVE, "--json").stderr
    assert "" == inspect("Taipei", LEAVE, "--json", "--quiet").stderr
