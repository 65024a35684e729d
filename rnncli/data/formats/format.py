"""What a format is, and what a reader may be asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rnncli.data.faults import Faults
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines


class Wanted(NamedTuple):
    """What the caller wants to know of a file.

    columns    number (from 1) or name of the column for each role, as :func:`.columns.parse` gives it: ``token``,
               ``tag``, ``sentence``; any other role is a feature. Without a role its usual column
    labelled   whether every token needs a tag
    tokenizer  cuts texts into tokens, where a file has spans in a text
    cells      whether every column of each token is kept in ``Sentence.extra``
    force      read what cannot be right as well as possible instead of refusing it
    tag_names  names of tags by their numbers, where a file has numbers for tags
    """

    columns: Mapping[str, str] = {}
    labelled: bool = True
    tokenizer: str = "auto"
    cells: bool = False
    force: bool = False
    tag_names: Sequence[str] = ()


class Names(NamedTuple):
    """Names of columns; "" where a file gives none.

    features  of ``Sentence.columns``
    cells     of ``Sentence.extra.cells``, which are all columns
    token     the number of its column among the cells, from 0
    tag       the same; None without labels
    """

    features: Sequence[str] = ()
    cells: Sequence[str] = ()
    token: int = 0
    tag: int | None = None


class Contents(NamedTuple):
    """What a reader understood of a file.

    layout     in words, for example "token in column 1, tag in column 2"
    sentences  in order, each read when it is asked for
    """

    layout: str
    sentences: Iterator[Sentence]
    names: Names = Names()


class Format(NamedTuple):
    """One format of files.

    summary  for help and docs
    fits     whether the first lines of a file are in this format; the second argument is :attr:`Wanted.labelled`
    read     gives the contents; faults in the lines are added to ``Faults``
    write    gives the pieces of a file for sentences
    keeps    what it can hold beside tokens, tags and columns: "names" of columns, "comments", "documents", "text"
             (with the offsets of tokens), "fields", "rows" that are no tokens
    lacks    what it cannot hold of these: "tags", "columns", "tokens" where a text is cut when it is read
    scheme   the tag scheme that ``write`` needs; "" if it writes any tags
    """

    name: str
    summary: str
    fits: Callable[[Sequence[str], bool], bool]
    read: Callable[[Lines, Wanted, Faults], Contents]
    write: Callable[[Iterable[Sentence], Names], Iterator[str]]
    keeps: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    scheme: str = ""
