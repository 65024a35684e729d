"""data/encodings.py: which encodings are named for a file that is not UTF-8, in many languages."""

import tomllib
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from rnncli.data import reading
from rnncli.data.encodings import is_damaged_utf8, plausible, utf16_without_mark
from rnncli.errors import DataError

TEXTS = tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))


def encoded(text: str, encoding: str) -> bytes:
    """The text in the encoding; cp1258 has only some letters with their tone, and marks for the others."""
    if encoding != "cp1258":
        return text.encode(encoding)
    pieces = []
    for letter in text:
        base, *marks = unicodedata.normalize("NFD", letter)
        tones = [mark for mark in marks if mark in "\u0301\u0300\u0323\u0309\u0303"]
        rest = unicodedata.normalize("NFC", base + "".join(mark for mark in marks if mark not in tones))
        pieces.append(rest + "".join(tones))
    return "".join(pieces).encode(encoding)


def as_columns(text: str) -> str:
    """The text as a labelled file."""
    words = text.split() if " " in text else list(text)
    return "".join(f"{word}\t{'B-x' if number % 3 else 'O'}\n" for number, word in enumerate(words))


CASES = [
    pytest.param(language, encoding, form, id=f"{language}, {encoding}, {form}")
    for language, texts in TEXTS.items()
    for encoding in (*texts["encodings"], "utf-16-le")
    for form in ("short", "long", "columns")
]
LATIN, OTHERS, CHARACTERS = "LATIN", "another alphabet", "CJK"


def script_of(text: str) -> str:
    names = [unicodedata.name(c, "") for c in text if c > "\x7f" and unicodedata.category(c)[0] == "L"]
    if not names:
        return LATIN
    scripts = [name.split()[0] for name in names]
    main = max(set(scripts), key=scripts.count)
    return CHARACTERS if main in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL") else main


@pytest.mark.parametrize(("language", "encoding", "form"), CASES)
def test_the_first_encoding_gives_the_text_and_none_another_script(language: str, encoding: str, form: str) -> None:
    text = as_columns(TEXTS[language]["long"]) if form == "columns" else TEXTS[language][form]
    data = encoded(text, encoding)
    expected = data.decode(encoding)
    names = plausible(lambda: [data])
    if encoding == "utf-16-le" and utf16_without_mark(data):
        return  # found before anything is decoded
    assert expected == data.decode(names[0]), names
    assert {script_of(expected)} == {script_of(data.decode(name)) for name in names}


@pytest.mark.parametrize("text", ["don’t wait", "café", "“Yes”, she said – at once", "Zürich", "5 €"])
def test_one_character_is_enough_where_it_is_a_usual_one(text: str) -> None:
    assert "cp1252" == plausible(lambda: [text.encode("cp1252")])[0]


def test_what_is_no_text_is_in_no_encoding() -> None:
    data = np.random.default_rng(1).bytes(5000)
    assert [] == plausible(lambda: [data])


def test_an_encoding_must_read_the_whole_file_and_not_only_its_beginning() -> None:
    start = as_columns(TEXTS["German"]["long"]).encode("cp1252") * 50
    assert "cp1252" in plausible(lambda: [start])
    # Byte 0x81 is no character of it.
    assert "cp1252" not in plausible(lambda: [start, b"ein\x81\tO\n"])


def test_a_character_may_be_divided_between_pieces() -> None:
    data = TEXTS["Japanese"]["long"].encode("shift_jis")
    assert ["cp932"] == plausible(lambda: [data[i : i + 1] for i in range(len(data))])


@pytest.mark.parametrize("language", TEXTS)
def test_utf8_with_one_damaged_byte_is_still_utf8(language: str) -> None:
    text = as_columns(TEXTS[language]["long"])
    damaged = text.encode() + b"caf\xe9\tO\n"
    assert is_damaged_utf8(damaged, plausible(lambda: [damaged]))
    for encoding in TEXTS[language]["encodings"]:
        data = encoded(text, encoding)
        assert not is_damaged_utf8(data, plausible(lambda data=data: [data])), encoding


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "请\tO\n北京\tB-city\n".encode("gbk"),
            '1:1: byte 0xc7 is not UTF-8: "\ufffd\ufffd⇥O"\n'
            "  the whole file can be read as gb18030: try --encoding gb18030",
        ),
        (
            "Ein\tO\nZug\tO\nnach\tO\nKöln\tB-city\n".encode("cp1252"),
            '4:2: byte 0xf6 is not UTF-8: "K\ufffdln⇥B-city"\n'
            "  the whole file can be read as cp1252: try --encoding cp1252",
        ),
        (
            "да\tO\nнет\tO\nОсло\tB-city\n".encode() * 3 + b"\xff\tO\n",
            '10:1: byte 0xff is not UTF-8: "\ufffd⇥O"\n  other characters are UTF-8: mend this line',
        ),
        (
            b"a\tO\n\x81\x8d\x8f\x90a\x83\tO\n",
            '2:1: byte 0x81 is not UTF-8: "\ufffd\ufffd\ufffd\ufffda\ufffd⇥O"\n'
            "  no usual encoding reads the whole file; if you know it, give it by --encoding NAME",
        ),
    ],
)
def test_the_fault_names_the_byte_its_place_and_the_cure(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "words.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        reading.read(str(path))
    assert f"{path}:{message}" == str(caught.value)
