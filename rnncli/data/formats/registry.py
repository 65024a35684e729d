"""The formats of labelled files: one file and one row of :data:`FORMATS` each."""

from rnncli.data.formats import conll, conllu, csv, jsonarray, jsonl, text, toolspans, tsv
from rnncli.data.formats.format import Format

# In the order in which they are tried on a file.
FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        jsonl.FORMAT,
        jsonarray.FORMAT,
        toolspans.DOCCANO,
        toolspans.PRODIGY,
        toolspans.LABEL_STUDIO,
        toolspans.ENTITIES,
        conllu.FORMAT,
        csv.FORMAT,
        tsv.FORMAT,
        conll.FORMAT,
        text.FORMAT,
    )
}

# Formats by the suffix of a file's name; what a file is read as depends on its content alone.
SUFFIXES = {
    ".tsv": "tsv",
    ".conll": "conll",
    ".iob": "conll",
    ".bio": "conll",
    ".conllu": "conllu",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".json": "json",
    ".txt": "text",
}
