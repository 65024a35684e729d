"""Hostile texts to label, read by ``rnncli tag --input``. ``python tests/attacks/texts.py FOLDER``."""

from pathlib import Path

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=0)
ATTACKS.content(
    empty=b"",
    blank_lines=b"\n" * 5_000,
    carriage_returns=b"leave Taipei\r" * 1_000,
    one_long_line=b"leave Taipei on " * 20_000,
    one_long_word=b"a" * 1_000_000,
    many_marks=("e" + "\u0301" * 100_000).encode(),
    directions=("\u202e\u2066leave" * 1_000).encode(),
    joiners=("\u200d" * 10_000 + " a").encode(),
    flags=("\U0001f1e6" * 10_001).encode(),
    controls=bytes(range(1, 9)) * 1_000,
    dots=b"." * 20_000,
    apostrophes=b"don't'" * 20_000,
    addresses=b"a@" * 20_000 + b"b.c http://" * 5_000,
    digits=b"1,000.00" * 20_000,
    hyphens=b"a-" * 50_000,
)


@ATTACKS.read_as(3)
def not_utf8(path: Path) -> None:
    path.write_bytes(b"leave Taipei\n\xff\xfe\xff\n")


ATTACKS.read_as(3)(endless_zeros)


if __name__ == "__main__":
    main(ATTACKS)
