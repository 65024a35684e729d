"""Hostile labelled files, read by ``rnncli check`` and others. ``python tests/attacks/labelled.py FOLDER``."""

import gzip
import lzma
from pathlib import Path

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=3)
ATTACKS.content(
    empty=b"",
    deep_json=b"[" * 1_000_000,
    deep_json_objects=b'{"tokens": ' * 500_000,
    deep_json_line=b'{"tokens": ["a"], "tags": ' + b"[" * 100_000 + b"\n",
    long_number=b'{"tokens": ["a"], "tags": [' + b"9" * 100_000 + b"]}\n",
    nan=b'{"tokens": ["a"], "tags": [NaN]}\n',
    tags_as_object=b'{"tokens": ["a"], "tags": {"a": "O"}}\n',
    other_lengths=b'{"tokens": ["a", "b"], "tags": ["O"]}\n',
    spans_outside=b'{"text": "abc", "label": [[0, 1000000000000000000000, "x"]]}\n',
    spans_backward=b'{"text": "abc", "label": [[2, 1, "x"]]}\n',
    spans_as_text=b'{"text": "abc", "label": [["0", "1", "x"]]}\n',
    surrogate=b'{"tokens": ["\\ud800"], "tags": ["O"]}\n' * 3,
    quote_without_end=b'token,tag\n"' + b"a\n" * 100_000,
    nul=b"\0" * 1_000_000,
    utf16_without_mark="leave\tO\n".encode("utf-16-le") * 100,
    not_utf8=b"leave\tO\n\xff\xff\tO\n",
    half_a_gzip=gzip.compress(b"leave\tO\n" * 10_000)[:-20],
    half_an_xz=lzma.compress(b"leave\tO\n" * 10_000)[:-20],
    gzip_of_gzip=gzip.compress(gzip.compress(b"leave\tO\n\n")),
    pickle=b"\x80\x04\x95\x10\0\0\0\0\0\0\0c__builtin__\nexec\n",
)


@ATTACKS.read_as(0)
def many_columns(path: Path) -> None:
    path.write_bytes(b"a\t" * 100_000 + b"O\n")


@ATTACKS.read_as(0)
def numbers_of_conllu_that_are_none(path: Path) -> None:
    path.write_bytes(b"1-99999999999999999999999\tx\t_\t_\t_\t_\t_\t_\t_\t_\n1\tx\t_\tX" + b"\t_" * 6 + b"\n")


ATTACKS.add(endless_zeros)


@ATTACKS.add
def bomb_of_zeros(path: Path) -> None:
    with gzip.open(path, "wb", 1) as file:
        for _ in range(200):
            file.write(b"\0" * 4_000_000)


if __name__ == "__main__":
    main(ATTACKS)
