"""Files of JSON and JSON Lines as people have them, and what each must give."""

import gzip
from pathlib import Path

import pytest
from file_rows import LEAVE, UNLABELLED, Row, check, check_files

from rnncli.data.formats.format import Wanted
from rnncli.data.reading import ReadOptions

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

ROWS = [*JSON, *JSONL]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
    check(row, tmp_path)


def test_every_file_has_a_row() -> None:
    check_files(ROWS, ["json", "jsonl"])
