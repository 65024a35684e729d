"""Files that we write pass the readers of other tools, and these read what we wrote."""

import json
from pathlib import Path

import conllu
import nltk.data
import pandas
import pytest
from nltk.corpus.reader import ConllCorpusReader

from rnncli.data.formats.format import Names, Wanted
from rnncli.data.formats.registry import FORMATS
from rnncli.data.reading import read
from rnncli.data.sentence import Extra, Sentence

# What the readers of others do not forgive: quotes, commas, marks of comments, other scripts, a line separator.
SENTENCES = [
    Sentence(
        ['"Leave"', "Taipei,", "台北", "#5"],
        ["O", "B-city", "I-city", "O"],
        [("VB",), ("NNP",), ("NR",), ("CD",)],
        1,
    ),
    Sentence(["👩🏽‍🚀", "it's", "a\u2028b"], ["B-x y", "O", "O"], [("NN",), ("PRP",), ("NN",)], 6),
]
UPOS = [
    Sentence(["They", "buy", "books"], ["PRON", "VERB", "NOUN"], [()] * 3, 1, Extra(text="They buy books")),
    Sentence(["don't", "!"], ["VERB", "PUNCT"], [()] * 2, 5, Extra(text="don't!", starts=[0, 5])),
]
UD = """\
# newdoc id = a
# sent_id = a-1
# text = vámonos al mar
1-2	vámonos	_	_	_	_	_	_	_	_
1	vamos	ir	VERB	_	Number=Plur|Person=1	0	root	_	_
2	nos	nosotros	PRON	_	_	1	obj	_	_
3-4	al	_	_	_	_	_	_	_	_
3	a	a	ADP	_	_	5	case	_	_
4	el	el	DET	_	_	5	det	_	_
5	mar	mar	NOUN	_	_	1	obl	_	SpaceAfter=No
5.1	bonito	bonito	ADJ	_	_	_	_	5:amod	_

"""


def written(folder: Path, name: str, sentences: list[Sentence], names: Names = Names()) -> Path:  # noqa: B008
    path = folder / f"file.{name}"
    path.write_text("".join(FORMATS[name].write(sentences, names)), "utf-8", newline="")
    return path


def test_conllu_reads_words_and_tags(tmp_path: Path) -> None:
    path = written(tmp_path, "conllu", UPOS)
    sentences = conllu.parse(path.read_text("utf-8"))
    assert [s.tokens for s in UPOS] == [[token["form"] for token in sentence] for sentence in sentences]
    assert [s.tags for s in UPOS] == [[token["upos"] for token in sentence] for sentence in sentences]
    assert ["They buy books", "don't!"] == [sentence.metadata["text"] for sentence in sentences]
    assert {"SpaceAfter": "No"} == sentences[1][0]["misc"]


def test_conllu_reads_a_treebank_as_before(tmp_path: Path) -> None:
    path = tmp_path / "treebank.conllu"
    path.write_text(UD, "utf-8")
    corpus = read(str(path), wanted=Wanted(cells=True))
    again = written(tmp_path, "conllu", corpus.sentences, corpus.names)
    assert [s.serialize() for s in conllu.parse(UD)] == [
        s.serialize() for s in conllu.parse(again.read_text("utf-8"))
    ]


def test_conllu_reads_columns_of_conllu_plus(tmp_path: Path) -> None:
    path = written(tmp_path, "conllu", SENTENCES, Names(("pos",)))
    with path.open(encoding="utf-8", newline="\n") as file:
        sentences = list(conllu.parse_incr(file))
    assert [s.tags for s in SENTENCES] == [[token["tag"] for token in sentence] for sentence in sentences]
    assert [s.tokens for s in SENTENCES] == [[token["form"] for token in sentence] for sentence in sentences]


def test_nltk_reads_conll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])  # the only folders that it reads
    sentences = [s._replace(tags=[tag.replace(" ", "_") for tag in s.tags]) for s in SENTENCES]
    sentences = [s._replace(tokens=[token.replace("\u2028", "-") for token in s.tokens]) for s in sentences]
    written(tmp_path, "conll", sentences)
    reader = ConllCorpusReader(str(tmp_path), ["file.conll"], ("words", "pos", "chunk"), encoding="utf-8")
    assert [s.tokens for s in sentences] == [list(words) for words in reader.sents()]
    triples = [list(sentence) for sentence in reader.iob_sents()]
    assert [s.tags for s in sentences] == [[tag for _, _, tag in sentence] for sentence in triples]
    assert [[pos for (pos,) in s.columns] for s in sentences] == [[pos for _, pos, _ in s] for s in triples]


def test_pandas_reads_csv(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", SENTENCES, Names(("pos",)))
    table = pandas.read_csv(path, keep_default_na=False)
    assert ["sentence", "token", "pos", "tag"] == list(table.columns)
    groups = [group for _, group in table.groupby("sentence", sort=False)]
    assert [s.tokens for s in SENTENCES] == [list(group["token"]) for group in groups]
    assert [s.tags for s in SENTENCES] == [list(group["tag"]) for group in groups]


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_pandas_reads_json(tmp_path: Path, name: str) -> None:
    table = pandas.read_json(written(tmp_path, name, SENTENCES), lines=name == "jsonl")
    assert [s.tokens for s in SENTENCES] == list(table["tokens"])
    assert [s.tags for s in SENTENCES] == list(table["tags"])


def test_we_read_what_pandas_writes(tmp_path: Path) -> None:
    table = pandas.DataFrame({"tokens": [s.tokens for s in SENTENCES], "ner_tags": [s.tags for s in SENTENCES]})
    for orient, lines in (("records", True), ("records", False), ("list", False)):
        path = tmp_path / f"{orient}.json"
        if orient == "list":
            path.write_text(json.dumps(table.to_dict("list")), "utf-8")
        else:
            table.to_json(path, orient=orient, lines=lines)
        assert [s.tokens for s in SENTENCES] == [s.tokens for s in read(str(path)).sentences]
        assert [s.tags for s in SENTENCES] == [s.tags for s in read(str(path)).sentences]
