"""Hostile files of word vectors, read by ``train --vectors``. ``python tests/attacks/vectors.py FOLDER``."""

from pathlib import Path

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=3)
NUMBERS = b" 0.5" * 3
ATTACKS.content(
    empty=b"",
    two_million_numbers=b"a" + b" 1" * 2_000_000 + b"\n",
    two_million_by_the_header=b"1 2000000\na 1 2\n",
    more_rows_than_there_are=b"999999999999999999 3\na" + NUMBERS,
    binary_with_more_rows=b"999999999999999999 2\na \xff\xff\xff\x3f\xff\xff\xff\x3f",
    binary_with_the_widest_rows=b"999999999999999999 65536\na " + b"\xff\xff\xff\x3f" * 1_000,
    header_of_digits=b"9" * 4_000 + b" 3\na" + NUMBERS,
    no_numbers_by_the_header=b"1 0\na\n",
    word_of_a_hundred_megabytes=b"a" * 30_000_000 + NUMBERS,
    binary_word_of_a_hundred_megabytes=b"2 3\na \xff\xff\xff\x3f" + b"b" * 30_000_000,
    line_without_end=b"a" + b" 1" * 30_000_000,
    nan=b"a nan 1 2\n",
    infinite=b"a inf 1 2\n",
    too_large=b"a 1e400 1 2\n",
    too_large_for_single_precision=b"a 1e39 1 2\n",
    binary_nan=b"1 1\na \xff\xff\xff\xff",
    long_number=b"a " + b"9" * 1_000_000 + b" 1\n",
    hexadecimal=b"a 1 2 3\nb 0x10 1 2\n",
    other_widths=b"a 1 2 3\nb 1 2\nc 1\n",
    blanks=b" " * 1_000_000,
    nul=b"\0\0\0 1 2\n" * 10,
    not_utf8=b"\xff\xfe\xfd 1 2 3\n",
    pickle=b"\x80\x04\x95\0\0\0\0\0\0\0\0",
    fasttext_model=b"\xba\x16\x4f\x2f" + b"\0" * 1_000,
    half_a_gzip=b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"\xff" * 100,
)

ATTACKS.add(endless_zeros)


@ATTACKS.add
def bomb_of_one_line(path: Path) -> None:
    import gzip

    with gzip.open(path, "wb", 1) as file:
        for _ in range(100):
            file.write(b"1 " * 2_000_000)


if __name__ == "__main__":
    main(ATTACKS)
