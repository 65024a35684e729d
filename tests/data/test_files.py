"""Files of lines as people have them, and what each must give: token files, tables, texts, and their encodings."""

import bz2
import gzip
import lzma
from pathlib import Path

import pytest
from file_rows import FILES, LEAVE, UNLABELLED, Row, check, check_files, columns

from rnncli.data import reading
from rnncli.data.reading import ReadOptions
from rnncli.errors import RnncliError


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

ROWS = [*TSV, *CONLL, *CONLLU, *CSV, *TEXT, *ENCODINGS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
    check(row, tmp_path)


def test_every_file_has_a_row() -> None:
    check_files(ROWS, {path.name for path in FILES.iterdir()} - {"json", "jsonl", "refused", "unusual"})


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
