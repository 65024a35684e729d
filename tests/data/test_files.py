"""Files as people have them, and what each must give: one table for all formats.

The files are in tests/files, in a folder for each format, written by hand. A row names a file, how it is read, and
either its format and sentences or the error. ``changed`` makes another file of its bytes, for example packed ones.
"""

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from rnncli.data import plausibility, reading
from rnncli.data.formats.format import Wanted
from rnncli.data.reading import ReadOptions
from rnncli.data.sentence import Sentence
from rnncli.errors import RnncliError

FILES = Path(__file__).parent.parent / "files"

Texts = str | Sequence[str]  # a string is cut at its blanks


class Row(NamedTuple):
    """A file and what it must give.

    sentences  (tokens, tags) of each; (tokens, tags, columns) where there are columns, each as "a|b" for a token;
               without labels only (tokens,); for texts the text itself
    error      the whole message without the folder of the file: "name.tsv:3:1: …"; "" if there is none
    """

    file: str
    format: str = ""
    sentences: Sequence[tuple[Texts, ...] | str] = ()
    error: str = ""
    options: ReadOptions = ReadOptions()
    wanted: Wanted = Wanted()
    changed: Callable[[bytes], bytes] | None = None


UNLABELLED = Wanted(labelled=False)
LEAVE = [("Leave Taipei", "O B-city"), ("Thanks", "O")]


def columns(choice: str, file_format: str = "auto") -> ReadOptions:
    return ReadOptions(format=file_format, columns=choice)


def encoding(name: str) -> ReadOptions:
    return ReadOptions(encoding=name)


def cut_off(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


WITH_POS = [("Leave Taipei", "O B-city", "VB NNP"), ("Thanks", "O", "NNS")]
WITH_POS_AND_CHUNKS = [("Leave Taipei", "O B-city", "VB|B-VP NNP|B-NP"), ("Thanks", "O", "NNS|B-NP")]
ROW_WIDTH = "every line needs the same number of columns"
CUT_OFF = "plain.tsv: the compressed file is damaged or cut off\n  copy or fetch it again"

TSV = [
    Row("tsv/plain.tsv", "tsv", LEAVE),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=gzip.compress),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=lzma.compress),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=lambda data: data.decode().encode("utf-16")),
    Row("tsv/plain.tsv", error=CUT_OFF, changed=lambda data: cut_off(gzip.compress(data))),
    Row("tsv/plain.tsv", error=CUT_OFF, changed=lambda data: cut_off(lzma.compress(data))),
    Row("tsv/plain.tsv", error=CUT_OFF, changed=lambda data: gzip.compress(data)[:-8] + bytes(8)),
    Row(
        "tsv/plain.tsv",
        error="plain.tsv: compressed by bzip2\n  unpack it first: bunzip2 --keep FILE",
        changed=bz2.compress,
    ),
    Row(
        "tsv/plain.tsv",
        error="plain.tsv: compressed twice\n  unpack it once first: gunzip, unxz or unzstd",
        changed=lambda data: gzip.compress(lzma.compress(data)),
    ),
    Row("tsv/crlf.tsv", "tsv", LEAVE),
    Row("tsv/cr.tsv", "tsv", LEAVE),
    Row("tsv/cr_cr_lf.tsv", "tsv", LEAVE),
    Row("tsv/mixed_ends.tsv", "tsv", LEAVE),
    Row("tsv/bom.tsv", "tsv", LEAVE),
    Row("tsv/joined.tsv", "tsv", LEAVE),
    Row("tsv/nbsp_lines.tsv", "tsv", [*LEAVE, ("Bye", "O"), ("Bye", "O")]),
    Row("tsv/blanks_around.tsv", "tsv", LEAVE),
    Row("tsv/blanks_around.tsv", "tsv", [("Leave Taipei", "", "O B-city"), ("Thanks", "", "O")], wanted=UNLABELLED),
    Row("tsv/pos.tsv", "tsv", WITH_POS),
    Row("tsv/pos.tsv", "tsv", [("Leave Taipei", "VB NNP"), ("Thanks", "NNS")], options=columns("token=1,tag=2")),
    Row("tsv/pos.tsv", "tsv", WITH_POS, options=columns("token=1,tag=-1,pos=2")),
    Row(
        "tsv/pos.tsv", "tsv", [("Leave Taipei", ""), ("Thanks", "")], options=columns("token=1"), wanted=UNLABELLED
    ),
    Row("tsv/header.tsv", "tsv", WITH_POS, options=columns("token=word,tag=tag,pos=POS")),
    Row(
        "tsv/header.tsv",
        error="header.tsv: --columns token=form: there is no such column\n  its columns: tag, word, pos",
        options=columns("token=form,tag=tag"),
    ),
    Row(
        "tsv/blank_and_tab.tsv",
        "conll",
        [("Leave Taipei by night", "O B-city O O", "VB NNP IN NN"), ("Thanks Ann", "O O", "NNS NNP")],
    ),
    Row("tsv/sentence_numbers.tsv", "tsv", WITH_POS, options=columns("token=2,tag=4,pos=3")),
    Row("tsv/tab_at_ends.tsv", "tsv", LEAVE),
    Row("tsv/comments.tsv", "tsv", [("Leave Taipei", "O B-city"), ("#Thanks #", "O O")]),
    Row(
        "tsv/odd_tokens.tsv",
        "tsv",
        [(['"', " ", "\0", "\u3000", "\u00a0", "New York"], "O O O O O B-city"), ("\u2028x -", "O O")],
    ),
    Row(
        "tsv/one_odd_line.tsv",
        error='one_odd_line.tsv:3:6: expected token<TAB>tag, found one column: "now O"\n'
        "  separate token and tag by one TAB character",
    ),
    Row(
        "tsv/three_columns_once.tsv",
        error="three_columns_once.tsv:2:1: expected 2 columns as in the other lines, found 3: "
        f'"Taipei⇥NNP⇥B-city"\n  {ROW_WIDTH}',
    ),
    Row(
        "tsv/empty_tag.tsv",
        error='empty_tag.tsv:2:8: empty tag: "Taipei⇥"\n  every column needs at least one character',
    ),
    Row(
        "tsv/hashtag_without_tag.tsv",
        error='hashtag_without_tag.tsv:2:6: expected token<TAB>tag, found one column: "#love"\n'
        "  separate token and tag by one TAB character",
    ),
    Row("tsv/five_columns.tsv", "tsv", LEAVE, options=columns("token=2,tag=5")),
    Row("tsv/five_columns.tsv", "tsv", WITH_POS, options=columns("token=2,tag=5,pos=3")),
    Row(
        "tsv/five_columns.tsv",
        error="five_columns.tsv: --columns tag=6: there is no such column\n  it has 5 columns",
        options=columns("token=2,tag=6"),
    ),
    Row(
        "tsv/five_columns.tsv",
        error="five_columns.tsv: --columns pos=5: this is the column of the tag\n"
        "  a feature must be known before the tag is",
        options=columns("token=2,tag=5,pos=5"),
    ),
    Row(
        "tsv/tokens_with_column.tsv",
        "tsv",
        [("Leave Taipei", "", "VB NNP"), ("Thanks", "", "NNS")],
        wanted=UNLABELLED,
    ),
]

CONLL = [
    Row(
        "conll/one_odd_tag.txt",
        "conll",
        [
            ("word0 word1 word2 word3", "", "B-x O O I-x"),
            ("word4 word5 word6 word7", "", "O o O B-y"),
            ("word8 word9 word10 word11", "", "O O B-x O"),
        ],
        wanted=UNLABELLED,
    ),
    Row(
        "refused/documents_first.txt",
        error="documents_first.txt: these lines are not texts but tokens with their tags"
        "\n  --format conll labels the tokens, --format text each line as a text",
        wanted=UNLABELLED,
    ),
    Row(
        "refused/documents_first.txt",
        "conll",
        [("Leave Taipei .", ""), ("Thanks a lot", ""), ("Oslo is big", "")],
        options=columns("token=4,tag=5"),
        wanted=UNLABELLED,
    ),
    Row("conll/two_columns.txt", "conll", [("Mara spoke in Oslo", "I-PER O O I-LOC"), ("Yes .", "O O")]),
    Row(
        "conll/two_columns.txt",
        "conll",
        [("Mara spoke in Oslo", "", "I-PER O O I-LOC"), ("Yes .", "", "O O")],
        wanted=UNLABELLED,
    ),
    Row("conll/two_sentences.txt", "conll", LEAVE),
    Row("conll/two_sentences.txt", "conll", LEAVE, changed=lambda data: data.replace(b"\n", b"\r\n")),
    Row("conll/four_columns.txt", "conll", [*WITH_POS_AND_CHUNKS, ("Bye .", "O O", "NN|B-NP .|O")]),
    Row("conll/four_columns.txt", "conll", [*WITH_POS, ("Bye .", "O O", "NN .")], options=columns("tag=4,pos=2")),
    Row("conll/docstart_joined.txt", "conll", WITH_POS_AND_CHUNKS),
    Row(
        "conll/chunks.txt",
        "conll",
        [
            ("He reckons so .", "B-NP B-VP B-ADVP O", "PRP VBZ RB ."),
            ("Yes .", "B-INTJ O", "UH ."),
        ],
    ),
    Row(
        "conll/mixed.txt",
        "conll",
        [
            ("Leave Taipei", "O B-city", "VB|B-VP NNP|B-NP"),
            ("Thanks .", "O O", "NNS|B-NP .|O"),
        ],
    ),
    Row(
        "conll/latin1.txt",
        "conll",
        [("Señor Muñoz visitó León .", "O B-PER O B-LOC O"), ("Adiós .", "O O")],
        options=encoding("latin-1"),
    ),
    Row(
        "conll/latin1.txt",
        error='latin1.txt:1:3: byte 0xf1 is not UTF-8: "Se\ufffdor O"\n'
        "  the whole file can be read as cp1252 or cp1250: try --encoding cp1252",
    ),
    Row("conll/wnut.txt", "tsv", [("@anna loves #Taipei #", "O O B-location O"), ("# 1 :)", "O O O")]),
    Row(
        "conll/ontonotes.txt",
        "conll",
        [("Leave Taipei", "O B-GPE", "VB NNP"), ("Thanks", "O", "NNS")],
        options=columns("token=4,tag=8,pos=5"),
    ),
    Row("conll/with_ids.txt", "conll", [("Leave Taipei", "O B-city", "_|_ _|_"), ("Thanks", "O", "_|_")]),
    Row("conll/wide_blanks.txt", "conll", [("北 \u3000 \u00a0 的", "B-LOC O O O", "京 x x x")]),
    Row(
        "conll/one_odd_line.txt",
        error="one_odd_line.txt:2:1: expected 3 columns as in the other lines, found 2: "
        f'"Taipei B-city"\n  {ROW_WIDTH}',
    ),
    Row("conll/trailing.txt", "conll", LEAVE),
    Row(
        "conll/characters.txt",
        "conll",
        [("今 天 去 北 京", "", "B-NOUN I-NOUN B-VERB B-PROPN I-PROPN"), ("好", "", "B-ADJ")],
        wanted=UNLABELLED,
    ),
]

NEGATED = "I did n't go , Ann ."
CONLLU = [
    Row("conllu/plain.conllu", "conllu", [(NEGATED, "PRON AUX PART VERB PUNCT PROPN PUNCT"), ("Yes", "INTJ")]),
    Row("conllu/plain.conllu", "conllu", [(NEGATED, ""), ("Yes", "")], wanted=UNLABELLED),
    Row(
        "conllu/plain.conllu",
        "conllu",
        [(NEGATED, "PRP VBD RB VB , NNP ."), ("Yes", "UH")],
        options=columns("tag=xpos"),
    ),
    Row(
        "conllu/plain.conllu",
        "conllu",
        [
            (NEGATED, "PRP VBD RB VB , NNP .", "PRON AUX PART VERB PUNCT PROPN PUNCT"),
            ("Yes", "UH", "INTJ"),
        ],
        options=columns("token=2,tag=5,pos=UPOS"),
    ),
    Row(
        "conllu/plain.conllu",
        error='plain.conllu: --columns tag=XPSO: there is no such column\n  did you mean "XPOS"?',
        options=columns("tag=XPSO"),
    ),
    Row("conllu/contracted.conllu", "conllu", [("Vamos nos a el mar .", "VERB PRON ADP DET NOUN PUNCT")]),
    Row(
        "conllu/empty_nodes.conllu",
        "conllu",
        [
            ("Sue likes coffee and Bill tea", "PROPN VERB NOUN CCONJ PROPN NOUN"),
        ],
    ),
    Row("conllu/without_comments.conllu", "conllu", [("Go home", "VERB ADV"), ("Yes", "INTJ")]),
    Row("conllu/crlf_bom.conllu", "conllu", [("Go", "VERB")]),
    Row("conllu/only_xpos.conllu", "conllu", [("Go home", "VB RB")], options=columns("tag=XPOS")),
    Row(
        "conllu/only_xpos.conllu",
        error="only_xpos.conllu: the column UPOS is empty (_)\n  choose another: --columns tag=XPOS",
    ),
    Row(
        "conllu/one_upos_missing.conllu",
        error="one_upos_missing.conllu:2:10: the tag is not given (_): "
        '"2⇥home⇥_⇥_⇥_⇥_⇥_⇥_⇥_⇥_"\n  give every word its UPOS',
    ),
    Row(
        "conllu/blank_line_missing.conllu",
        error="blank_line_missing.conllu:3:1: expected ID 3, found 1: "
        '"1⇥Yes⇥_⇥INTJ⇥_⇥_⇥_⇥_⇥_⇥_"\n  a blank line is missing before it',
    ),
    Row(
        "conllu/nine_columns_once.conllu",
        error="nine_columns_once.conllu:2:1: expected 10 columns, found 9: "
        '"2⇥home⇥_⇥ADV⇥_⇥_⇥_⇥_⇥_"\n  columns are separated by one TAB character; an empty one holds _',
    ),
    Row("conllu/plus_ner.conllup", "conllu", LEAVE),
    Row("conllu/plus_upos.conllup", "conllu", [("Leave Taipei", "VERB PROPN")]),
    Row("conllu/plus_upos.conllup", "conllu", [("Leave Taipei", "* 1")], options=columns("tag=PARSEME:MWE")),
    Row("conllu/plus_without_id.conllup", "conllu", [("# Taipei", "SYM PROPN")]),
]

CSV = [
    Row(
        "csv/other_header.csv",
        error="other_header.csv: no header says which column holds the tokens"
        "\n  choose by number or name: --columns token=1,tag=2; it has 3 columns",
    ),
    Row("csv/other_header.csv", "csv", LEAVE, options=columns("token=Wort,tag=NER")),
    Row(
        "csv/other_header.csv",
        "csv",
        [("Leave Taipei", ""), ("Thanks", "")],
        options=columns("token=Wort,tag=NER"),
        wanted=UNLABELLED,
    ),
    Row("csv/quoted_tabs.tsv", "csv", LEAVE),
    Row("csv/quotes_as_tokens.csv", "csv", [('" Leave " ,', "O O O O"), ("Taipei", "B-city")]),
    Row("csv/plain.csv", "csv", LEAVE),
    Row("csv/plain.csv", "csv", [("Leave Taipei", ""), ("Thanks", "")], wanted=UNLABELLED),
    Row("csv/plain.csv", "csv", LEAVE, changed=lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")),
    Row("csv/first_row_only.csv", "csv", WITH_POS),
    Row(
        "csv/first_row_only.csv", "csv", [("Leave Taipei", "VB NNP"), ("Thanks", "NNS")], options=columns("tag=pos")
    ),
    Row("csv/blank_lines.csv", "csv", LEAVE),
    Row("csv/blank_rows.csv", "csv", WITH_POS),
    Row("csv/quoted.csv", "csv", [('Leave , "', "O O O"), ("Taipei", "B-city")]),
    Row("csv/pipe.csv", "csv", [("Go home", "VERB ADV"), ("Yes", "INTJ")]),
    Row("csv/tabs.csv", "csv", LEAVE, options=ReadOptions("csv")),
    Row("csv/utf16.csv", "csv", [("Zürich", "B-city"), ("Danke", "O")]),
    Row(
        "csv/two_tag_columns.csv",
        error="two_tag_columns.csv: several columns may hold the tags: pos, chunk\n"
        "  choose one: --columns tag=NAME; its columns: sentence, token, pos, chunk",
    ),
    Row("csv/two_tag_columns.csv", "csv", [("Leave Taipei", "B-VP B-NP")], options=columns("tag=chunk")),
    Row(
        "csv/without_header.csv",
        error="without_header.csv: no header says which column holds the tokens\n"
        "  choose by number or name: --columns token=1,tag=2; it has 2 columns",
    ),
    Row("csv/without_header.csv", "csv", LEAVE, options=columns("token=1,tag=2")),
    Row("csv/other_names.csv", "csv", LEAVE, options=columns("token=unit,tag=kind,sentence=group")),
    Row(
        "csv/short_row.csv",
        error='short_row.csv:3:1: expected 3 columns as in the header, found 2: "1,Taipei"\n'
        "  quote fields that hold the delimiter",
    ),
    Row("csv/empty_token.csv", error='empty_token.csv:3:1: empty token: "1,,B-city"\n  every row needs a token'),
    Row(
        "csv/open_quote.csv",
        error="open_quote.csv:3:1: a quotation mark is not closed: "
        r'"1,,O\n1,Taipei,B-city\n2,Thanks,O\n"'
        "\n  "
        'write a quotation mark as """" where fields are quoted, or save the file with TABs and without quotes',
    ),
    Row(
        "csv/texts.csv",
        error="texts.csv: column text holds whole texts, not tokens\n"
        "  give a token on each line, or a text file without labels",
    ),
    Row(
        "csv/texts.csv",
        "text",
        ["text,label", "leave Taipei on Monday,travel", "play some music,music"],
        wanted=UNLABELLED,
    ),
]

TEXT = [
    Row("text/requests.txt", "text", ["leave Taipei on Monday", "thank you"], wanted=UNLABELLED),
    Row(
        "text/requests.txt",
        "text",
        ["leave Taipei on Monday", "thank you"],
        wanted=UNLABELLED,
        changed=lambda data: b"\xef\xbb\xbf" + data.rstrip().replace(b"\n", b"\r"),
    ),
    Row(
        "text/equal_words.txt",
        "text",
        ["leave Taipei on Monday", "arrive Tokyo on Sunday", "book flights for me"],
        wanted=UNLABELLED,
    ),
    Row("text/tokens_alone.txt", "text", ["Leave", "Taipei", "", "Thanks"], wanted=UNLABELLED),
    Row(
        "text/tokens_alone.txt",
        "tsv",
        [("Leave Taipei", ""), ("Thanks", "")],
        options=ReadOptions("tsv"),
        wanted=UNLABELLED,
    ),
    *(
        Row(
            f"text/{name}",
            error=f"{name}: these lines are not texts: they hold tags\n  --force labels each line as a text",
            wanted=UNLABELLED,
        )
        for name in ("tags_after_tab.txt", "lines_of_tags.txt", "tags_after_slash.txt", "words_with_tags.txt")
    ),
    Row("text/with_tabs.txt", "text", ["1\tleave Taipei on Monday", "2\tthank you"], wanted=UNLABELLED),
    Row("text/with_commas.txt", "text", ["leave Taipei,arrive Tokyo", "book a flight,please"], wanted=UNLABELLED),
    Row("text/one_line.txt", "text", ["I like the letter O"], wanted=UNLABELLED),
    Row("text/please.txt", "text", ["Text, please", "hello", "goodbye"], wanted=UNLABELLED),
    Row("text/one_tab.txt", "text", ["leave\tTaipei"], wanted=UNLABELLED),
    Row("text/gate.txt", "text", ["meet me at gate B-12"], wanted=UNLABELLED),
    Row("text/hash.txt", "text", ["# 1 on my list", "#1 in the charts", "", "yes"], wanted=UNLABELLED),
]

LEAVE_ONLY = [("Leave Taipei", "O B-city")]
ENCODINGS = [
    Row("encodings/gbk.tsv", "tsv", [("我们 去 北京", "O O B-city"), ("谢谢", "O")], options=encoding("GBK")),
    Row(
        "encodings/gbk.tsv",
        error='gbk.tsv:1:1: byte 0xce is not UTF-8: "\ufffd\ufffd\ufffd\ufffd⇥O"\n'
        "  the whole file can be read as gb18030: try --encoding gb18030",
    ),
    Row(
        "encodings/shift_jis.tsv", "tsv", [("明日 東京 へ 行きます", "O B-city O O")], options=encoding("shift_jis")
    ),
    Row(
        "encodings/shift_jis.tsv",
        error='shift_jis.tsv:1:1: byte 0x96 is not UTF-8: "\ufffd\ufffd\ufffd\ufffd⇥O"\n'
        "  the whole file can be read as cp932: try --encoding cp932",
    ),
    Row("encodings/koi8.tsv", "tsv", [("Завтра поезд в Казань", "O O O B-city")], options=encoding("koi8-r")),
    Row(
        "encodings/koi8.tsv",
        error='koi8.tsv:1:1: byte 0xfa is not UTF-8: "' + 6 * "\ufffd" + '⇥O"\n'
        "  the whole file can be read as koi8-r: try --encoding koi8-r",
    ),
    Row("encodings/utf16_le.tsv", "tsv", LEAVE),
    Row("encodings/utf16_le.tsv", "tsv", LEAVE, options=encoding("utf-16")),
    Row(
        "encodings/utf16_le.tsv",
        error="utf16_le.tsv: begins with the byte order mark of UTF-16-LE, not CP1252\n  leave out --encoding",
        options=encoding("windows-1252"),
    ),
    Row("encodings/utf16_be.tsv", "tsv", LEAVE),
    Row("encodings/utf32.tsv", "tsv", LEAVE),
    Row("encodings/iso2022_jp.tsv", "tsv", [("明日 東京 へ", "O B-city O")], options=encoding("iso-2022-jp")),
    Row(
        "encodings/iso2022_jp.tsv",
        error="iso2022_jp.tsv:1:1: an escape sequence of ISO-2022\n"
        "  it looks like iso2022_jp: try --encoding iso2022_jp",
    ),
    Row("encodings/utf16_without_mark.tsv", "tsv", LEAVE_ONLY, options=encoding("utf-16-le")),
    Row(
        "encodings/utf16_without_mark.tsv",
        error="utf16_without_mark.tsv:1:2: NUL characters beside the others\n"
        "  it looks like UTF-16 without a byte order mark: try --encoding utf-16-le",
    ),
    Row(
        "encodings/one_latin1_line.tsv",
        error='one_latin1_line.tsv:7:2: byte 0xf6 is not UTF-8: "K\ufffdln⇥B-city"\n'
        "  other characters are UTF-8: mend this line",
    ),
]

JSON = [
    Row("json/hf_tokens.json", "json", LEAVE),
    Row("json/hf_tokens.json", "json", LEAVE, changed=lambda data: data.replace(b"\n", b"")),
    Row("json/hf_tokens.json", "json", LEAVE, changed=lambda data: data.decode().encode("utf-16")),
    Row("json/hf_table.json", "jsonl", LEAVE),
    Row("json/hf_data.json", "jsonl", LEAVE),
    Row("json/label_studio_min.json", "json", LEAVE),
    Row("json/label_studio_other_key.json", "json", LEAVE[:1]),
    Row(
        "json/label_studio.json",  # an emoji of several characters, which JavaScript counts otherwise
        "json",
        [("👩🏽‍🚀 Mae lives in Chicago", "O B-PER O O B-LOC"), ("Nothing here", "O O")],
        wanted=Wanted(tokenizer="whitespace"),
    ),
    Row(
        "json/label_studio_two_annotators.json",
        error="label_studio_two_annotators.json:2:3: the task has 2 annotations that differ\n"
        "  keep one for each task, mark one as ground truth, or --force to read the first",
    ),
    Row("json/label_studio_two_annotators.json", "json", LEAVE, wanted=Wanted(force=True)),
    Row(
        "json/label_studio_paragraphs.json",
        error="label_studio_paragraphs.json:1:2: spans in HTML or in paragraphs, whose offsets count inside a part "
        "of the document\n  annotate plain text: the control <Text>",
    ),
    Row(
        "json/label_studio_predictions.json",
        error="label_studio_predictions.json: all records are left out: 1 not annotated",
    ),
    Row(
        "json/python_tuples.json",
        error="python_tuples.json:1:2: not JSON: expected a value: "
        "\"('Leave Taipei', {'entities': [(6, 12, 'city')]})]\""
        "\n  a tuple of Python is an array in JSON; in Python, json.dumps writes it",
    ),
    Row("json/pairs.json", "json", LEAVE),
    Row("json/spacy3_docs.json", "json", LEAVE),
    Row("json/spacy2.json", "json", [("Leave Taipei", "O U-city"), ("Thanks", "O")]),
    Row(
        "json/cut_off.json",
        error="cut_off.json:2:41: not JSON: the file ends inside a value\n  the file may be cut off: get it again",
    ),
    Row(
        "json/pipeline_only.json",
        error='pipeline_only.json:1:2: spans without their text\n  put them into {"text": "…", "entities": […]}',
    ),
]

OFF_BORDERS = """\
doccano_off_borders.jsonl:1:1: span "Taipei" (0 to 6, LOC) is not whole tokens; the tokens there are "Taipei101"
doccano_off_borders.jsonl:2:1: span "Oslo\\nto Rome" (5 to 17, WAY) reaches over the end of a line
doccano_off_borders.jsonl:3:1: span "New York" (0 to 8, LOC) and span "York City" (4 to 13, LOC) overlap
doccano_off_borders.jsonl:4:1: the span from 0 to 50 is outside the text, which has 5 characters
  move the span, choose another tokenizer, or widen such spans to whole tokens by --force
  line ends in a text end sentences; cut the span, or --force to cut all such spans
  a token has one tag; remove one of the spans, or keep the longer one by --force
  offsets must count characters from the beginning of the text"""

BROKEN = """\
broken.jsonl:2:2: not JSON: expected a double quote: "'tokens': ['a'], 'tags': ['O']}"
broken.jsonl:3:33: not JSON: a comma before }: "}"
broken.jsonl:4:1: 2 tokens, but 1 tags
broken.jsonl:5:1: an empty text in tokens, number 2
broken.jsonl:6:1: the key "tags" is in an object twice: "{"tokens": ["a"], "tags": ["O"], "tags": ["B-x"]}"
broken.jsonl:7:1: tags holds "None", which is no text
broken.jsonl:8:1: tokens holds "a⇥b", which has a TAB or a line end
broken.jsonl:9:1: half of a surrogate pair: \\ud800 to \\udfff are characters only in pairs: \
"{"tokens": ["\\ud800"], "tags": ["O"]}"
broken.jsonl:10:1: not JSON: NaN is no number of JSON: "{"tokens": ["a"], "tags": ["O"], "score": NaN}"
broken.jsonl:11:1: expected an object, found an array
broken.jsonl:12:16: not JSON: the file ends inside a value
  JSON has strings between double quotes; in Python, json.dumps writes it
  remove the comma
  every token needs one tag
  a file is one array of records, or one on each line
  the file may be cut off: get it again"""

JSONL = [
    Row("jsonl/hf_tokens.jsonl", "jsonl", LEAVE),
    Row("jsonl/hf_tokens.jsonl", "jsonl", LEAVE, changed=gzip.compress),
    Row("jsonl/hf_tokens.jsonl", "jsonl", LEAVE, changed=lambda data: data.replace(b"\n", b"\r\n")),
    Row("jsonl/hf_tokens.jsonl", "jsonl", LEAVE, changed=lambda data: b"\xef\xbb\xbf" + data),
    Row("jsonl/hf_ner_tags.jsonl", "jsonl", LEAVE),
    Row("jsonl/hf_words_labels.jsonl", "jsonl", LEAVE),
    Row("jsonl/hf_entities.jsonl", "jsonl", LEAVE),
    Row("jsonl/hf_pipeline.jsonl", "jsonl", LEAVE),
    Row("jsonl/hf_types.jsonl", "jsonl", LEAVE[::-1]),
    Row("jsonl/spacy_pairs.jsonl", "jsonl", LEAVE),
    Row("jsonl/rnncli_tag.jsonl", "jsonl", LEAVE),
    Row(
        "jsonl/rnncli_columns.jsonl",
        "jsonl",
        [("Leave Taipei", "O B-city", "VB|Xx NNP|Xx"), ("Thanks", "O", "UH|Xx")],
    ),
    Row(
        "jsonl/hf_conll2003.jsonl",
        error="hf_conll2003.jsonl: tags may be in each of these fields: ner_tags, pos_tags, chunk_tags\n"
        "  choose one: --columns tag=ner_tags",
    ),
    Row(
        "jsonl/hf_conll2003.jsonl",
        error="hf_conll2003.jsonl: the tags in ner_tags are numbers\n  give the names in their order: --tag-names "
        'O,B-PER,I-PER,… (of a data set of Hugging Face, features["ner_tags"].feature.names)',
        options=ReadOptions(columns="tag=ner_tags"),
    ),
    Row(
        "jsonl/hf_conll2003.jsonl",
        "jsonl",
        LEAVE,
        options=ReadOptions(columns="tag=ner_tags", tag_names="O, B-city"),
    ),
    Row(
        "jsonl/several_tags.jsonl",
        "jsonl",
        [("Leave Taipei", "O B-city", "VB NNP")],
        options=ReadOptions(columns="tag=ner_tags,pos=pos_tags"),
    ),
    Row(
        "jsonl/several_tags.jsonl",
        error='several_tags.jsonl: --columns tag=ner_tag: there is no such field\n  did you mean "ner_tags"?',
        options=ReadOptions(columns="tag=ner_tag"),
    ),
    Row(
        "jsonl/doccano.jsonl",
        "jsonl",
        [("Mara Lind flew to Oslo .", "B-PER I-PER O O B-LOC O"), ("Nobody called back .", "O O O O")],
    ),
    Row(
        "jsonl/doccano_old.jsonl",
        "jsonl",
        [("ship 3 crates to Łódź", "O B-GOODS I-GOODS O B-PLACE"), ("thanks", "O")],
    ),
    Row(
        "jsonl/doccano_relations.jsonl",  # doccano shows this layout, an object over several lines, for JSONL
        "json",
        [
            ("Lindberg AB was founded by Sven Lindberg .", "B-ORG I-ORG O O O B-PERSON I-PERSON O"),
            ("It was sold .", "O O O O"),
        ],
    ),
    Row(
        "jsonl/doccano_chinese.jsonl",
        "jsonl",
        [("东 京 都 涩 谷 区 很 热 闹 。", "B-LOC I-LOC I-LOC B-LOC I-LOC I-LOC O O O O")],
    ),
    Row(
        "jsonl/doccano_lines.jsonl",
        "jsonl",
        [
            ("Dear Mr Okafor ,", "O B-PER I-PER O"),
            ("I live in Lagos .", "O O O B-LOC O"),
            ("Yours , Ada Obi", "O O B-PER I-PER"),
        ],
    ),
    Row("jsonl/doccano_off_borders.jsonl", error=OFF_BORDERS),
    Row(
        "jsonl/doccano_off_borders.jsonl",
        "jsonl",
        [
            ("Taipei101 is tall", "B-LOC O O"),
            ("from Oslo", "O B-WAY"),
            ("to Rome", "B-WAY I-WAY"),
            ("New York City", "O B-LOC I-LOC"),
        ],
        wanted=Wanted(force=True),
        changed=lambda data: data[: data.index(b'{"id": 4')],
    ),
    Row(
        "jsonl/prodigy.jsonl",  # what was rejected or ignored is left out
        "jsonl",
        [("Kites over Nagoya", "O O B-GPE"), ("What ?", "O O")],
    ),
    Row(
        "jsonl/prodigy_no_tokens.jsonl",
        "jsonl",
        [("Apple updates its iPhone", "B-ORG O O B-PRODUCT"), ("no answer to this", "O O O O")],
    ),
    Row("jsonl/prodigy_paragraphs.jsonl", "jsonl", [("Hi Bo .", "O B-PER O"), ("Bye", "O")]),
    Row("jsonl/broken.jsonl", error=BROKEN),
    Row("jsonl/texts.jsonl", "jsonl", ["leave Taipei on Monday", "", "thank\nyou"], wanted=UNLABELLED),
    Row(
        "jsonl/texts.jsonl",
        error="texts.jsonl: no tags and no spans in these records\n"
        "  its fields: id, text; choose: --columns tag=NAME",
    ),
]

FORCE = "\n  --force reads it as it is"
REFUSED = [  # what cannot be right in any format
    Row(
        "refused/brackets.txt",
        error='brackets.txt: the tags are brackets around spans, such as "(NP*", of which no span is read'
        "\n  write the spans as IOB2: B-x, I-x and O" + FORCE,
    ),
    Row(
        "refused/brat.ann",
        error="brat.ann:1: lines of annotations in a text of another file, as brat writes them: "
        '"PER 0 12"\n  every line needs a token and its tag' + FORCE,
    ),
    Row(
        "refused/documents_first.txt",
        error="documents_first.txt:2: all tokens of a sentence are the same, such as "
        '"bc/cctv/00/cctv_0000"'
        "\n  choose the columns: --columns token=4,tag=5" + FORCE,
    ),
    Row(
        "refused/header.tsv",
        error='header.tsv:1: this line names the columns: "token tag"'
        "\n  read it as such: --columns token=token,tag=tag" + FORCE,
    ),
    Row(
        "refused/header.txt",
        error='header.txt:1: this line names the columns: "FORM UPOS"'
        "\n  read it as such: --columns token=FORM,tag=UPOS" + FORCE,
    ),
    Row(
        "refused/header_of_a_joined_file.tsv",
        error='header_of_a_joined_file.tsv:4: this line names the columns: "word label"\n  remove the line' + FORCE,
    ),
    Row(
        "refused/header_of_numbers.tsv",
        error='header_of_numbers.tsv:1: this line names the columns: "0 1"\n  remove the line' + FORCE,
    ),
    Row(
        "refused/header_with_numbers.tsv",
        error='header_with_numbers.tsv:1: this line names the columns: "Sentence # Word POS Tag"'
        "\n  read it as such: --columns token=Word,tag=Tag" + FORCE,
    ),
    Row(
        "refused/heads_last.txt",
        error="heads_last.txt: the tags are numbers of tokens, as the heads of a dependency tree"
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/lemmas_last.tsv",
        error='lemmas_last.tsv: the tags are mostly the tokens themselves or their lemmas: "the"'
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/lines_numbered.txt",
        error='lines_numbered.txt:1: the token column counts, from "1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
    ),
    Row(
        "refused/no_tags.tsv",
        error='no_tags.tsv: all tags are "_", so there is nothing to learn' + FORCE,
    ),
    Row(
        "refused/no_tokens.tsv",
        error='no_tokens.tsv:1: all tokens are "_"\n  every line needs a token and its tag' + FORCE,
    ),
    Row(
        "refused/numbered.tsv",
        error='numbered.tsv:1: the token column counts, from "1" on'
        "\n  choose the columns: --columns token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/numbered_through_the_file.txt",
        error='numbered_through_the_file.txt:1: the token column counts, from "0" on'
        "\n  choose the columns: --columns token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/numbered_twice.tsv",
        error='numbered_twice.tsv:1: the token column counts, from "1-1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
    ),
    Row(
        "refused/numbers_of_sentences.tsv",
        error='numbers_of_sentences.tsv:1: the token column holds the number of the sentence, from "Sentence: 1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
    ),
    Row(
        "refused/offsets_last.tsv",
        error="offsets_last.tsv: almost as many tags as tokens: 20 tags, 20 tokens"
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/parts_of_speech_first.txt",
        error='parts_of_speech_first.txt:1: the token column holds the tags: "PROPN", "VERB", "ADP"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/penn_tags_first.txt",
        error='penn_tags_first.txt:1: the token column holds the tags: "NNP", "VBD", "IN"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/sentences_by_number.tsv",
        error='sentences_by_number.tsv:1: the token column holds the number of the sentence, from "1" on'
        "\n  choose the columns: --format csv --columns sentence=1,token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/sentences_by_number.tsv",
        "csv",
        [('Mara went " north', "B-PER O O O"), ("She left Oslo", "O O B-LOC"), ("Thanks .", "O O")],
        options=columns("sentence=1,token=2,tag=3", "csv"),
    ),
    Row(
        "refused/tags_first.tsv",
        error='tags_first.tsv:1: the token column holds the tags: "B-PER", "O", "B-LOC"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/tags_first_of_three.tsv",
        error='tags_first_of_three.tsv:1: the token column holds the tags: "B-NP", "B-VP", "B-PP"'
        "\n  choose the columns: --columns token=3,tag=1" + FORCE,
    ),
    Row(
        "refused/texts_with_labels.tsv",
        error="texts_with_labels.tsv:1: the token column holds whole texts, not tokens: "
        '"I loved every minute of it"'
        "\n  every line needs one token and its tag" + FORCE,
    ),
]

UNUSUAL = [  # what looks odd and may be right
    Row("unusual/copied_letters.tsv", "tsv", [("a b c a", "a b c a"), ("b d a", "b d a")]),
    Row(
        "unusual/digits.tsv",
        "tsv",
        [("call 0 9 1 2 3", "O B-phone I-phone I-phone I-phone I-phone"), ("count 1 2 3", "O O O O")],
    ),
    Row(
        "unusual/digits_alone.tsv",
        "tsv",
        [("3 1 4 1 5 9", "B-num I-num I-num I-num I-num I-num"), ("2 7 1 8", "B-num I-num I-num I-num")],
    ),
    Row("unusual/grades.tsv", "tsv", [("good bad fine , worst", "4 1 3 0 0"), ("best , worse", "5 0 1")]),
    Row(
        "unusual/letters.txt",
        "conll",
        [
            ("A C G T A", "exon exon B-promoter I-promoter I-promoter"),
            ("T T A C G", "exon intron intron B-site I-site"),
        ],
    ),
    Row(
        "unusual/names_in_a_sentence.tsv",
        "tsv",
        [("token tag label", "O B-label I-label"), ("word class", "O B-label")],
    ),
    Row("unusual/nothing_to_find.tsv", "tsv", [("leave now", "O O"), ("thanks", "O")]),
    Row(
        "unusual/tokens_with_blanks.tsv",
        "tsv",
        [(["New York", "is", "big"], "B-city O O"), (["Los Angeles", "too"], "B-city O")],
    ),
    Row(
        "unusual/words_like_names.tsv",
        "tsv",
        [("Word said , to .", "NN VBD , TO ."), ("text and label .", "NN CC NN .")],
    ),
    Row(
        "unusual/words_like_tags.tsv",
        "tsv",
        [("I B-2 E-mail O B", "O B-code O B-blood B-blood"), ("I-95 is full", "B-road O O")],
    ),
]

ROWS = [*TSV, *CONLL, *CONLLU, *CSV, *TEXT, *ENCODINGS, *JSON, *JSONL, *REFUSED, *UNUSUAL]


def texts(cells: Texts) -> list[str]:
    if isinstance(cells, str):
        return cells.split(" ") if cells else []
    return list(cells)


def described(sentence: Sentence, expected: tuple[Texts, ...] | str) -> tuple[list[str], ...] | str:
    """The sentence in the form of the table."""
    if isinstance(expected, str):
        return sentence.extra.text or ""
    columns = ["|".join(cells) for cells in sentence.columns]
    described = (sentence.tokens, sentence.tags, columns)
    return described[: max(len(expected), 3 if any(columns) else 1)]


def plausible(corpus: reading.Corpus) -> None:
    """Raise what a training would say of a file."""
    plausibility.refuse(corpus.name, plausibility.problems(corpus, for_training=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
    path = FILES / row.file
    if row.changed:
        path = tmp_path / path.name
        path.write_bytes(row.changed((FILES / row.file).read_bytes()))
    if row.error:
        with pytest.raises(RnncliError) as caught:
            plausible(reading.read(str(path), row.options, row.wanted))
        assert row.error == str(caught.value).replace(f"{path.parent}/", "")
        return
    corpus = reading.read(str(path), row.options, row.wanted)
    if row.wanted.labelled:
        plausible(corpus)
    assert row.format == corpus.format
    expected = [cells if isinstance(cells, str) else tuple(map(texts, cells)) for cells in row.sentences]
    assert len(expected) == len(corpus.sentences)
    assert expected == [described(*pair) for pair in zip(corpus.sentences, row.sentences, strict=True)]


CURED = [row for row in REFUSED if "--columns" in row.error]


@pytest.mark.parametrize("row", CURED, ids=lambda row: row.file)
def test_the_columns_that_a_message_names_make_the_file_plausible(row: Row) -> None:
    choice = re.findall(r"--columns (\S+)", row.error)[0]
    file_format = "csv" if "--format csv" in row.error else "auto"
    plausible(reading.read(str(FILES / row.file), columns(choice, file_format)))


def test_every_file_has_a_row() -> None:
    files = {path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file()}
    assert files == {row.file for row in ROWS}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "leave\t0\nTaipei\t1\n\nbye\tO\n"),
        ("a.conll", "leave 0\nTaipei 1\n\nbye O\n"),
        ("a.csv", "sentence,token,tag\n1,leave,0\n1,Taipei,1\n2,bye,O\n"),
    ],
)
def test_tags_that_are_numbers_have_names_in_columns_too(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    read = reading.read(str(path), ReadOptions(tag_names="O,B-city")).sentences
    assert [["O", "B-city"], ["O"]] == [sentence.tags for sentence in read]
    with pytest.raises(
        RnncliError, match=r":\d:1: --tag-names has 1 names, from number 0 on, and none for this tag: \"1\""
    ):
        reading.read(str(path), ReadOptions(tag_names="O"))
