"""Hostile files of class weights, read by ``train --class-weight``. ``python tests/attacks/weights.py FOLDER``."""

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=3)
ATTACKS.content(
    empty=b"",
    no_tab=b"O 1\n",
    three_columns=b"O\t1\t2\n",
    nan=b"O\tnan\n",
    infinite=b"O\tinf\n",
    too_large=b"O\t1e400\n",
    too_large_for_single_precision=b"O\t1e39\n",
    too_small=b"O\t1e-400\n",
    zero=b"O\t0\n",
    negative=b"O\t-1\n",
    marks=b"O\t1_0\n",
    other_digits="O\t١\n".encode(),
    long_number=b"O\t" + b"9" * 500_000 + b"\n",
    long_tag=b"O" * 50_000_000 + b"\t1\n",
    many_tabs=b"O\t" * 400_000,
    twice=b"O\t1\nO\t2\n",
    nul=b"\0\0\0\0\0\0\t1\n",
    not_utf8=b"\xff\t1\n",
    blank_lines=b"\n" * 1_000_000,
    binary=bytes(range(256)) * 100,
)

ATTACKS.add(endless_zeros)


if __name__ == "__main__":
    main(ATTACKS)
