"""data/schemes.py: which scheme the tags of a file follow, and the tags in it that cannot be meant so."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.config import ReadOptions
from rnncli.data import reading
from rnncli.data.reading import Corpus
from rnncli.data.schemes import (
    Odd,
    choose,
    could_be_io,
    describe_malformed,
    describe_odd,
    nearest,
    odd_faults,
    odd_tags,
    recognise,
    refuse_odd,
)
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, SCHEMES, SEPARATORS, Scheme, Span
from rnncli.errors import DataError, UsageError

IOB2 = Scheme("IOB2")
DATA = Path(__file__).parents[2] / "sample_data"
WITH_LETTERS = [name for name in SCHEMES if name not in ("plain", "io")]
SPELLINGS = [
    Scheme("IOB2", separator, is_suffix, is_lower, outside)
    for separator, is_suffix, is_lower, outside in product(SEPARATORS, (False, True), (False, True), "Oo")
]


def corpus(scheme: Scheme, sentences: int = 150, types: str = "PER LOC ORG", seed: int = 1) -> list[list[str]]:
    """Sentences with spans of one to three tokens, some of them neighbours, as a scheme writes them."""
    rng = np.random.default_rng(seed)
    written = []
    for _ in range(sentences):
        spans, position = [], int(rng.integers(4))
        for _ in range(rng.integers(4)):
            length = int(rng.integers(1, 4))
            spans.append(Span(str(rng.choice(types.split(" "))), position, position + length))
            position += length + int(rng.choice([0, 1, 3]))
        written.append(scheme.write(spans, position + 2))
    return written


def plain_corpus(tags: str, weights: list[int] | None = None, sentences: int = 150) -> list[list[str]]:
    """Sentences of these tags in a random order."""
    rng = np.random.default_rng(2)
    shares = None if weights is None else np.array(weights) / sum(weights)
    return [rng.choice(tags.split(), size=rng.integers(3, 15), p=shares).tolist() for _ in range(sentences)]


# A few sentences as people have them.
RECOGNISED = [
    ("IOB2", ["O B-x I-x O"]),
    ("IOB2", ["B-x B-x I-x"]),
    ("IOB2", ["B I O"]),
    ("IOB2", ["B-x I-y"]),  # malformed, but B-x begins a span
    ("IOB2", ["O B-x", "I-x O"]),  # both habits in one file
    ("IOB2", ["I-x", "B-x"]),  # a sentence's first token follows nothing
    ("IOB2", ["O B-New York I-New York".replace("New York", "New\u00a0York")]),
    ("IOB2", ["B-fromloc.city_name I-fromloc.city_name O B-depart_date.day-name"]),
    ("IOB2", ["B-人名 I-人名 O", "O B-地名"]),
    ("IOB1", ["I-x I-x O"]),
    ("IOB1", ["I-x I-y"]),
    ("IOB1", ["O I-x B-x I-x"]),
    ("IOB1", ["O O", "I-x B-x"]),
    ("IOE1", ["I-x I-x O I-y", "O I-x E-x I-x O"]),
    ("IOE1", ["I-x E-x I-x I-x O", "I-y"]),
    ("IOE1", ["O E-x I-x O I-y I-y"]),
    ("IOE2", ["I-x E-x O", "E-y"]),
    ("IOE2", ["O E-x E-x"]),
    ("IOE2", ["I-x I-x E-x O I-y E-y"]),
    ("IOBES", ["B-x E-x O"]),
    ("IOBES", ["O S-x"]),
    ("IOBES", ["B-x I-x", "S"]),
    ("BILOU", ["O U-x B-x I-x L-x"]),
    ("BILOU", ["B-x L-x O", "U-x"]),
    ("BILOU", ["B L O U O B I L"]),
    ("BMES", ["B-x M-x E-x O", "S-y"]),
    ("BMES", ["B M E S S B E"]),  # words of Chinese
    ("BMES", ["S B E", "B M M E S"]),
    ("BMEWO", ["B-x M-x E-x O W-x"]),
    ("BMEWO", ["W O B E"]),
    ("BMEWO", ["O W-人 B-地 E-地"]),
    ("IOB2 B_x O", ["B_PER I_PER O"]),
    ("IOB2 B_x O", ["O B_PER O", "B_LOC O"]),
    ("IOB2 B_x O", ["B_fromloc.city_name I_fromloc.city_name O"]),
    ("IOBES B_x O", ["B_PER E_PER O S_PER"]),
    ("IOB2 x-B O", ["PER-B PER-I O"]),
    ("IOB1 x-B O", ["PER-I PER-I PER-B O", "O PER-I"]),
    ("IOB2 x-B O", ["to-city-B to-city-I O"]),
    ("IOB2 x_B O", ["PER_B PER_I O"]),
    ("BILOU x_B O", ["PER_B PER_I PER_L O PER_U"]),
    ("IOBES x_B O", ["O a_b_S O a_b_B a_b_E"]),
    ("IOB2 Bx O", ["BPER IPER O"]),
    ("IOBES Bx O", ["BPER IPER EPER O SPER"]),
    ("IOB2 Bx O", ["O B人名 I人名"]),
    ("IOB2 xB O", ["PERB PERI PERI O", "O LOCB LOCI"]),
    ("IOB1 xB O", ["PERI PERI PERB O", "O LOCI"]),
    ("IOB2 xB O", ["人名B 人名I O"]),
    ("IOB2 b-x o", ["o b-per i-per"]),
    ("IOBES b-x o", ["b-per e-per o", "s-per"]),
    ("IOB2 b-x o", ["b i o", "o b i i"]),
    ("IOB2 b-x O", ["O b-per i-per"]),
    ("IOB2 b_x o", ["o b_per i_per"]),
    ("IOB2 x-b o", ["o per-b per-i"]),
    ("IOB2 bx o", ["o bper iper o"]),
    ("IOB2 B-x o", ["o B-PER I-PER"]),
    ("IOB2", ["0 0 B-x I-x 0"]),  # every O is a zero
    ("IOB2", ["_ _ B-x I-x _", "_ B-y"]),  # or something else
    ("plain", ["DT NN VB"]),
    ("plain", ["B-x NN"]),
    ("plain", ["B-x O-x"]),
    ("plain", ["BE-x"]),
    ("plain", ["O O", "O"]),
    ("plain", ["o o"]),
    ("plain", [""]),
    ("plain", []),
    # Tags of words that begin or end with a letter of some scheme.
    ("plain", ["ISSUE ISSUE O", "O BRAND"]),
    ("plain", ["EVENT EVENT O SYMPTOM"]),
    ("plain", ["PER PER O LOC", "O PER"]),
    ("plain", ["per per o loc"]),
    ("plain", ["BUY SELL O", "SELL BUY O"]),
    ("plain", ["BAD SAD O MAD BAD"]),
    ("plain", ["LOC LOC O", "O DRUG"]),
    ("plain", ["IN IN OUT"]),
    ("plain", ["O S O S S O"]),
    ("plain", ["S M L S L"]),
    ("plain", ["S-size M-size L-size"]),
    ("plain", ["NOUN-S VERB-S NOUN-P DET-S"]),
    ("plain", ["flight flight flight", "airfare airfare"]),
    ("plain", ["in is bin on", "is in o"]),
    ("plain", ["I E E", "E E", "I"]),
    ("plain", ["I I I", "B B B B", "I I", "B B"]),  # one tag a sentence
]


@pytest.mark.parametrize(("expected", "sentences"), RECOGNISED)
def test_the_tags_of_a_file_name_their_scheme(expected: str, sentences: list[str]) -> None:
    assert expected == recognise([sentence.split(" ") if sentence else [] for sentence in sentences]).text


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.text)
@pytest.mark.parametrize("name", WITH_LETTERS)
def test_a_file_is_recognised_in_every_spelling(name: str, spelling: Scheme) -> None:
    scheme = spelling.named(name)
    assert scheme == recognise(corpus(scheme))
    assert scheme == recognise(corpus(scheme, types="to-city.name_x New_York 人名"))


@pytest.mark.parametrize("name", WITH_LETTERS)
def test_bare_letters_are_recognised_too(name: str) -> None:
    assert name == recognise([tags for tags in corpus(Scheme(name), types="") if tags]).text


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.text)
@pytest.mark.parametrize("name", WITH_LETTERS)
@settings(max_examples=10)
@given(data=st.data())
def test_whatever_is_recognised_marks_the_same_spans(name: str, spelling: Scheme, data: st.DataObject) -> None:
    scheme = spelling.named(name)
    sentences = []
    for _ in range(data.draw(st.integers(1, 4))):
        pieces = data.draw(st.lists(st.tuples(st.sampled_from([None, "to", "PER"]), st.integers(1, 3)), max_size=5))
        spans, position = [], 0
        for kind, length in pieces:
            spans += [Span(kind, position, position + length)] if kind else []
            position += length
        sentences.append((scheme.write(spans, position), spans))
    recognised = recognise(tags for tags, _ in sentences)
    if recognised.has_spans:  # a few spans, all of one token, can be plain tags without a separator
        assert [spans for _, spans in sentences] == [recognised.spans(tags) for tags, _ in sentences]
    elif any(span.end > span.start + 1 for _, spans in sentences for span in spans):
        paired = {tag for tags, _ in sentences for tag in tags}
        assert not spelling.separator or spelling.is_suffix or len(paired) > 1


PENN = "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBS RP SYM TO UH VB VBD WDT WP . ,"
PLAIN_SETS = {
    "Penn": PENN,
    "Penn in lower case": PENN.lower(),
    "universal": "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X",
    "universal, those with a letter": "INTJ SCONJ SYM",
    "Brown": "NN NN-TL NP-TL VB-HL AT-TL IN-TL JJ-TL NN-HL",
    "STTS": "ADJA ADJD ADV APPR ART CARD ITJ KON NE NN PIS PPER VVFIN VAFIN",
    "types alone": "O O O O PER LOC ORG MISC",
    "types with dashes": "O O O PER-first PER-last LOC-city",
    "types that begin with letters": "O O O BRAND EVENT ISSUE SYMPTOM",
    "types that end with letters": "O O O ITEMS CLUB ROLE TAXI",
    "two letters": "B S",
    "buy, sell, other": "B S O",
    "subject, object, verb": "S O V",
    "sizes": "S M L",
    "sizes with a type": "S-shirt M-shirt L-shirt",
    "introvert, extravert": "I E",
    "letters in a random order": "B I O",
    "letters of BMES in a random order": "B M E S",
    "polarity": "POS NEG NEU",
    "numbers of words": "NOUN-S VERB-S ADJ-S NOUN-P VERB-P",
    "intents": "flight airfare ground_service abbreviation",
    "languages": "en es ambiguous ne other",
    "digits": "0 1",
    "yes and no": "yes no",
}


@pytest.mark.parametrize("tags", PLAIN_SETS.values(), ids=PLAIN_SETS)
def test_plain_tags_never_become_a_scheme(tags: str) -> None:
    assert recognise(plain_corpus(tags)) == PLAIN
    distinct = list(dict.fromkeys(tags.split()))
    falling = [2 ** max(0, 6 - number) for number in range(len(distinct))]
    assert recognise(plain_corpus(" ".join(distinct), falling)) == PLAIN
    assert recognise(plain_corpus(" ".join(distinct[::-1]), falling)) == PLAIN
    assert recognise([[tag] * length for length, tag in enumerate(distinct * 5, 1)]) == PLAIN


def test_the_bundled_files_are_iob2() -> None:
    for path in sorted(DATA.glob("*.tsv")):
        assert "IOB2" == recognise(sentence.tags for sentence in reading.read(str(path)).sentences).text


# One odd line.

ODD_LINES = [
    "0",
    "o",
    "O ",
    "О",
    "tag",
    "BPER",
    "B_PER",
    "PER",
    "b-PER",
    "B PER",
    "S-PER",
    "E-LOC",
    "-",
    "NN",
    "PER-B",
    "",
    "�",
]


@pytest.mark.parametrize("odd", ODD_LINES)
@pytest.mark.parametrize("where", [0, 70])
def test_one_odd_tag_does_not_change_what_all_others_mean(odd: str, where: int) -> None:
    for name in ("IOB1", "IOB2"):
        scheme = Scheme(name)
        sentences = corpus(scheme)
        sentences[where][0] = odd
        assert scheme == recognise(sentences)
        assert [Odd(where, 0, odd)] == list(odd_tags(sentences, scheme))


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.text)
@pytest.mark.parametrize("odd", ["0", "tag", "O ", "??"])
def test_nor_in_another_spelling(spelling: Scheme, odd: str) -> None:
    sentences = corpus(spelling)
    sentences[3][-1] = odd
    assert spelling == recognise(sentences)
    assert [Odd(3, len(sentences[3]) - 1, odd)] == list(odd_tags(sentences, spelling))


def test_nor_in_a_small_file() -> None:
    sentences = corpus(IOB2, 12)
    sentences[2][0] = "BPER"
    assert recognise(sentences) == IOB2


def test_nor_in_a_file_of_two_habits() -> None:
    sentences = [*corpus(IOB2), *corpus(Scheme("IOB1"), seed=2), ["BPER"]]
    assert recognise(sentences).name in ("IOB1", "IOB2")


def test_nor_where_all_spans_have_one_token() -> None:
    sentences = [["O", "B-PER", "O"]] * 20 + [["O", "BPER"]]
    assert recognise(sentences) == IOB2


def test_one_malformed_move_changes_nothing() -> None:
    sentences = [*corpus(IOB2), ["O", "I-PER", "O"]]
    assert recognise(sentences) == IOB2
    sentences = [*corpus(Scheme("IOB1")), ["O", "B-PER", "O"]]
    assert recognise(sentences) == Scheme("IOB1")
    assert recognise([*corpus(Scheme("IOBES")), ["B-PER", "O"]]) == Scheme("IOBES")


@pytest.mark.parametrize("scheme", ["plain", "io", "io o", "IOB2"])
def test_tags_that_look_like_the_tag_outside_are_odd(scheme: str) -> None:
    read = Scheme.read(scheme)
    tags = [[read.outside, "0", "\uff2f", f" {read.outside}", "\u039f"]]
    expected = [] if scheme == "plain" else [Odd(0, token, tag) for token, tag in enumerate(tags[0]) if token]
    assert expected == list(odd_tags(tags, read))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("0", "O"),
        ("o", "O"),
        ("O ", "O"),
        ("\u041e", "O"),
        ("BPER", "B-PER"),
        ("B_PER", "B-PER"),
        ("b-per", "B-PER"),
        ("B PER", "B-PER"),
        ("I PER", "I-PER"),
        ("S-LOC", "B-LOC"),
        ("LOC", "B-LOC"),
        ("tag", "O"),
        ("", "O"),
        ("\u9ad8", "O"),
    ],
)
def test_the_nearest_legal_tag(tag: str, expected: str) -> None:
    assert expected == nearest(tag, IOB2, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "BPER", "0"])


# A scheme that is asked for.


@pytest.mark.parametrize("name", WITH_LETTERS)
def test_a_scheme_by_its_name_is_read_in_the_spelling_of_the_file(name: str) -> None:
    for spelling in SPELLINGS:
        scheme = spelling.named(name)
        assert scheme == choose(name, corpus(scheme)) == choose("auto", corpus(scheme))


def test_what_could_be_plain_is_a_scheme_where_one_is_asked_for() -> None:
    tags = [["BPER", "O", "BLOC"], ["O", "BORG", "BPER"]]
    assert (PLAIN, "IOB2 Bx O") == (choose("auto", tags), choose("IOB2", tags).text)
    assert (PLAIN, PLAIN) == (choose("plain", tags), choose("plain", corpus(IOB2)))


@pytest.mark.parametrize(("tags", "text"), [("PER PER O LOC", "io"), ("per per o loc", "io o"), ("en en es", "io")])
def test_io_joins_tags_as_they_are(tags: str, text: str) -> None:
    assert text == choose("io", [tags.split()]).text


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O O PER PER O", True),
        ("o o o per per o", True),
        ("O O O PER O LOC", False),  # no neighbours
        ("O PER PER LOC", False),  # mostly not O
        ("DT NN NN VB", False),
        ("O O", False),
        ("", False),
    ],
)
def test_plain_tags_that_could_be_io(tags: str, expected: bool) -> None:
    assert expected == could_be_io([tags.split()])


@pytest.mark.parametrize(
    ("name", "sentences", "hint"),
    [
        ("io", corpus(IOB2), "give --scheme IOB2"),
        ("io", corpus(Scheme("BILOU", "_")), "give --scheme BILOU"),
        ("IOB2", corpus(Scheme("IOB1")), "--scheme auto finds IOB1"),
        ("IOB1", corpus(IOB2), "--scheme auto finds IOB2"),
        ("IOB2", corpus(Scheme("IOBES")), "--scheme auto finds IOBES"),
        ("IOBES", corpus(IOB2), "--scheme auto finds IOB2"),
        ("BILOU", corpus(Scheme("BMES")), "--scheme auto finds BMES"),
        ("IOE2", corpus(Scheme("IOE1")), "--scheme auto finds IOE1"),
        ("IOB2", plain_corpus(PENN), "--scheme io joins"),
        ("IOB2", [["PER", "PER", "O"]], "--scheme io joins"),
        ("IOB2", [["O"]], "finds no spans"),
        ("BMEWO", [], "finds no spans"),
    ],
)
def test_a_scheme_that_the_tags_cannot_be_is_refused(name: str, sentences: list[list[str]], hint: str) -> None:
    with pytest.raises(UsageError, match=f"--scheme {name}: the tags ") as caught:
        choose(name, sentences)
    assert hint in caught.value.hint


# Faults and notes with the lines of a file.


def written(*sentences: str, columns: tuple[str, ...] = ()) -> Corpus:
    """A file of ``"leave/O Taipei/B-x"``, a blank line after each sentence."""
    rows, line = [], 1
    for sentence in sentences:
        pairs = [word.rsplit("/", 1) for word in sentence.split(" ")]
        rows.append(Sentence([t for t, _ in pairs], [tag for _, tag in pairs], [columns] * len(pairs), line))
        line += len(pairs) + 1
    return Corpus("train.tsv", rows, "")


def test_every_odd_tag_is_a_fault_with_its_line_and_column() -> None:
    corpus = written("leave/O Taipei/B-x now/0", "to/O 台北/Bx", columns=("NN", "up"))
    with pytest.raises(DataError) as caught:
        refuse_odd(corpus, IOB2, ["O", "B-x"])
    assert [
        'train.tsv:3:11: not a tag of IOB2; the nearest is "O": "0"',
        'train.tsv:6:10: not a tag of IOB2; the nearest is "B-x": "Bx"',
    ] == caught.value.message.split("\n")
    assert "--force" in caught.value.hint and "--scheme plain" in caught.value.hint
    refuse_odd(corpus, PLAIN, ["O", "B-x"])


@pytest.mark.parametrize(
    ("lines", "options", "where"),
    [
        ("go\tVB\tO\nTaipei\tNNP\t0\n", ReadOptions(), "2:12"),
        ("O\tVB\tgo\n0\tNNP\tTaipei\n", ReadOptions(columns="token=3,tag=1"), "2:1"),
        ("VB\tgo\tO\nNNP\tTaipei\t0\n", ReadOptions(columns="token=2,tag=3,pos=1"), "2:12"),
        ("go\tVB\tO\nTaipei\tNNP\t0\n", ReadOptions(columns="token=1,tag=3"), "2"),
        ("word\tpos\ttag\ngo\tVB\tO\nTaipei\tNNP\t0\n", ReadOptions(columns="token=word,tag=tag,p=pos"), "3:12"),
        ("go VB  O\nTaipei  NNP 0\n", ReadOptions(), "2"),
        ("token,tag\ngo,O\nTaipei,0\n", ReadOptions(), "3"),
        ('{"tokens": ["go", "Taipei"], "tags": ["O", "0"]}\n', ReadOptions(), "1"),
    ],
)
def test_the_column_of_an_odd_tag_is_that_of_the_file_or_is_left_out(
    tmp_path: Path, lines: str, options: ReadOptions, where: str
) -> None:
    path = tmp_path / "some"
    path.write_text(lines)
    with pytest.raises(DataError) as caught:
        refuse_odd(reading.read(str(path), options), IOB2, ["O"])
    assert f'{path}:{where}: not a tag of IOB2; the nearest is "O": "0"' == caught.value.message


@pytest.mark.parametrize("end", ["\u00a0", "\u3000", "\u200b", "\ufeff"])
def test_a_tag_with_an_invisible_end_is_odd(end: str) -> None:
    scheme = Scheme("IOB2")
    tags = [["O", "B-x", "I-x"], ["O", f"B-x{end}"]]
    assert [Odd(1, 1, f"B-x{end}")] == list(odd_tags(tags, scheme))
    assert "B-x" == nearest(f"B-x{end}", scheme, ["O", f"B-x{end}", "B-x", "I-x"])
    assert [] == list(odd_tags(tags, PLAIN))


def test_of_many_odd_tags_the_first_are_shown_and_the_rest_counted() -> None:
    faults = odd_faults(written(*["a/0"] * 50), IOB2, [])
    assert (50, 20) == (faults.count, len(faults.kept))


def test_a_file_of_another_scheme_is_refused_as_a_whole() -> None:
    with pytest.raises(
        DataError, match="the tags here are IOBES B_x O, those of the training data are IOB2"
    ) as caught:
        refuse_odd(written("a/B_x b/E_x c/O"), IOB2, ["O", "B-x"])
    assert "write them as IOB2" == caught.value.hint


def test_a_file_of_another_scheme_than_the_model_is_refused_where_its_spans_would_be_read_wrong() -> None:
    tags = ["O", "B-x", "I-x"]
    for words, message, hint in (
        ("a/B-x b/M-x c/E-x d/O", "the tags here are BMES", "--scheme IOB2"),
        ("a/B-x b/E-x c/O d/S-x", "the tags here are IOBES", "--scheme IOB2"),
        ("a/x b/x c/O d/x", "the tags here mark no spans", "--scheme IOB2"),
    ):
        corpus = written(*[words] * 9)
        with pytest.raises(DataError, match=message) as caught:
            describe_odd(corpus, IOB2, tags)
        assert hint in caught.value.hint
        assert "are none of IOB2" in describe_odd(corpus, IOB2, tags, force=True)
    assert "" == describe_odd(written("a/I-x b/I-x c/O"), IOB2, tags)
    assert "1 tag is none of IOB2" in describe_odd(written("a/B-x b/0 c/O d/B-x e/I-x"), IOB2, tags)


def test_malformed_moves_are_counted_and_the_first_are_named() -> None:
    assert "" == describe_malformed(written("a/O b/B-x c/I-x"), IOB2)
    one = describe_malformed(written("a/O", "a/O b/I-x"), IOB2)
    assert "train.tsv: 1 tag is not in the order of IOB2: I-x in line 4 follows O; spans are" in one
    several = describe_malformed(written("a/I-x", "a/B-y b/I-x", "a/O b/I-x c/O d/I-x"), IOB2)
    names = "I-x in line 1 begins a sentence, I-x in line 4 follows B-y, I-x in line 7 follows O, …"
    assert f"train.tsv: 4 tags are not in the order of IOB2: {names};" in several
    assert "B-x in line 2 ends a sentence" in describe_malformed(written("a/O b/B-x"), Scheme("IOBES"))
