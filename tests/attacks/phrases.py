"""Hostile files of phrases, read by ``train --lexicon``. ``python tests/attacks/phrases.py FOLDER``."""

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=3)
ATTACKS.content(
    empty=b"",
    no_tab=b"York city\n",
    three_columns=b"York\tcity\tx\n",
    no_phrase=b"\tcity\n",
    blank_phrase=b" \xc2\xa0\tcity\n",
    no_type=b"York\t\n",
    long_phrase=b"a" * 251 + b"\tcity\n",
    long_when_folded="ŉ".encode() * 200 + b"\tcity\n",
    very_long_line=b"a" * 50_000_000 + b"\tcity\n",
    many_types=b"".join(b"York\t%d\n" % n for n in range(100_000)),
    many_tabs=b"York\t" * 400_000,
    nul=b"\0\0\0\0\0\0\tcity\n",
    control="York\u0085\tcity\n".encode(),
    not_utf8=b"\xff\tcity\n",
    blank_lines=b"\n" * 1_000_000,
    binary=bytes(range(256)) * 100,
)

ATTACKS.add(endless_zeros)


if __name__ == "__main__":
    main(ATTACKS)
