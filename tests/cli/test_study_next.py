"""``rnncli study next``: which sentences to label next, and the files for it."""

import json
from pathlib import Path

import pytest

from rnncli.config import TrainingSpec
from rnncli.data.formats.format import Wanted
from rnncli.data.reading import read, reading
from rnncli.tagging import Tagger

# "hello" has one token, and the last is endless.
TEXTS = [
    "leave Taipei on Sunday",
    "arrive New York on May 2nd",
    "please book Osaka or Kyoto tomorrow",
    "hello",
    "",
    "please book Osaka or Kyoto tomorrow",
    "which trains go to Tainan",
    "leave " * 300,
]


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    return path


def chosen(run, *arguments):
    shown = run("study", "next", *arguments, "--json")
    assert shown.exit_code == 0, shown.stderr
    return json.loads(shown.stdout)


def test_the_most_uncertain_come_first_each_once(run, trained, pool):
    options = (pool, "-n", "3", "--model", trained.path, "--diversity", "0")
    told = chosen(run, *options)
    assert (told["read"], told["left_out"]) == (8, {"too short": 2, "repeated": 1, "too long": 1})
    tagger = Tagger(trained.model, nbest=1)
    best = {line: tagger.tag(TEXTS[line - 1]) for line in (1, 2, 3, 7)}
    expected = {line: 1 - one.readings[0].probability ** (1 / len(one.tokens)) for line, one in best.items()}
    assert [item["line"] for item in told["sentences"]] == sorted(expected, key=lambda line: -expected[line])[:3]
    assert [item["rank"] for item in told["sentences"]] == [1, 2, 3]
    for item in told["sentences"]:
        assert item["uncertainty"] == pytest.approx(expected[item["line"]], abs=1e-5)
        assert item["tags"] == [token.tag for token in best[item["line"]].tokens]
    assert told["sentences"] == chosen(run, *options, "--threads", "1")["sentences"]


def test_the_lengths_of_sentences_can_be_chosen(run, trained, pool):
    told = chosen(run, pool, "--model", trained.path, "--shortest", "1", "--longest", "5", "--measure", "entropy")
    assert {" ".join(item["tokens"]) for item in told["sentences"]} == {TEXTS[0], TEXTS[3], TEXTS[6]}
    assert told["left_out"] == {"too short": 1, "too long": 4}


@pytest.mark.parametrize("name", ["tsv", "conll", "csv", "jsonl", "conllu", "prodigy"])
def test_the_file_has_the_order_and_the_tags_of_the_model(run, trained, pool, name):
    told = chosen(run, pool, "-n", "3", "--model", trained.path)
    made = run("study", "next", pool, "-n", "3", "--model", trained.path, "--out", "next", "--to", name)
    assert made.exit_code == 0, made.stderr
    back = read("next").sentences
    assert [s.tokens for s in back] == [item["tokens"] for item in told["sentences"]]
    assert [s.tags for s in back] == [item["tags"] for item in told["sentences"]]


def test_fields_and_ids_of_the_pool_are_kept(run, trained, tmp_path):
    lines = [{"text": text, "id": f"n{i}", "source": {"page": i}} for i, text in enumerate(TEXTS)]
    pool = tmp_path / "pool.jsonl"
    pool.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    options = ("study", "next", pool, "-n", "2", "--model", trained.path, "--out")
    assert run(*options, "next.jsonl", "--to", "doccano").exit_code == 0
    for line in Path("next.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        original = lines[int(record["id"][1:])]
        assert record["source"] == original["source"]
        assert record["text"] == original["text"]
        assert record["rnncli"]["line"] == int(record["id"][1:]) + 1
    assert run(*options, "next.json", "--to", "label-studio").exit_code == 0
    tasks = json.loads(Path("next.json").read_text("utf-8"))
    assert [task["data"]["rnncli"]["rank"] for task in tasks] == [1, 2]
    assert all("annotations" not in task and task["predictions"] for task in tasks)
    with reading("next.json", wanted=Wanted(labelled=False)) as file:
        assert [s.extra.text for s in file.sentences] == [task["data"]["text"] for task in tasks]


def test_a_model_is_trained_on_data_whose_sentences_are_not_chosen_again(run, booking_tsv, pool, monkeypatch):
    monkeypatch.setattr("rnncli.studies.pool.TrainingSpec", lambda: TrainingSpec(epochs=1))
    told = chosen(run, pool, "--data", booking_tsv, "--work", "work", "-n", "9")
    assert told["left_out"]["labelled already"] == 2
    assert len(told["sentences"]) == 2
    made = Path("work/model.npz").stat().st_mtime_ns
    assert chosen(run, pool, "--data", booking_tsv, "--work", "work", "-n", "9") == told
    assert Path("work/model.npz").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pool.txt", "--model", "m.npz", "--data", "x.tsv"), 2, "--model and --data: give one"),
        (("pool.txt", "--shortest", "9", "--longest", "3"), 2, "--longest 3 is less than --shortest 9"),
        (("pool.txt", "--shortest", "5000", "--longest", "6000"), 3, "no sentence to label in this file"),
        (("pool.txt", "--out", "pool.txt"), 2, "pool.txt"),
        (("none.txt",), 5, "none.txt"),
        (("pool.txt", "--out", "next.txt"), 2, "text cannot hold tags"),
        (("pool.txt", "--data", "-"), 2, "--data cannot be stdin"),
    ],
)
def test_what_cannot_be_done_is_refused(run, pool, arguments, code, message):
    refused = run("study", "next", *arguments)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert message in refused.stderr
