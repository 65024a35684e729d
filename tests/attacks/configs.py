"""Hostile files of options, read by ``rnncli tag --config``. ``python tests/attacks/configs.py FOLDER``."""

from pathlib import Path

from attack import Attacks, endless_zeros, main

ATTACKS = Attacks(code=2)
ATTACKS.content(
    deep_lists=b"threads = " + b"[" * 100_000,
    deep_lists_in_a_line=b"threads = " + b"[" * 4_000,
    deep_tables=b"threads = " + b"{a = " * 1_000,
    deep_key=b"a." * 2_400 + b"a = 1",
    endless_key=b"a." * 100_000 + b"a = 1",
    deep_header=b"[" + b"a." * 2_400 + b"a]",
    many_deep_keys=b"".join(b"a%d." % n + b"b." * 2_000 + b"c = 1\n" for n in range(15)),
    long_number=b"nbest = " + b"9" * 4_500,
    long_number_with_marks=b"nbest = " + b"9_" * 2_300 + b"9",
    long_hexadecimal=b"nbest = 0x" + b"f" * 4_500,
    long_fraction=b"threads = 1." + b"1" * 4_500,
    nan=b"threads = nan",
    infinite=b"threads = -inf",
    too_large=b"threads = 1e400",
    date=b"threads = 1979-05-27",
    time=b"encoding = 07:32:00",
    lists=b"encoding = [[1], [2]]",
    table=b"[tag.out]\na = 1",
    tables=b"[[tag]]\nthreads = 1",
    true=b"encoding = true",
    nul_in_a_name=b'model = "a\\u0000b"',
    nul=b"threads = 1\0",
    not_utf8=b"threads = 1 # \xff",
    half_a_letter=b'out = "\xe5\x8f',
    surrogate=b'out = "\\ud800"',
    twice=b"threads = 1\nthreads = 2",
    table_twice=b"[tag]\n[tag]",
    other_table=b"[__class__]\n__init__ = 1",
    other_key=b"__proto__ = 1",
    itself=b'config = "itself"',
    carriage_returns=b"threads = 1\rout = 2",
    other_language=b'{"threads": 1}',
    unfinished=b'out = """' + b"a\n" * 20_000,
    many_lines=b"a = 1\n" * 20_000,
    binary=bytes(range(256)) * 100,
)

ATTACKS.read_as(5)(endless_zeros)


@ATTACKS.add
def gigabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


if __name__ == "__main__":
    main(ATTACKS)
