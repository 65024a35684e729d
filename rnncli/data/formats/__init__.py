"""The formats of labelled files: one file and one row of :data:`FORMATS` each."""

from rnncli.data.formats import conll, conllu, csv, text, tsv
from rnncli.data.formats.format import Format

# In the order in which they are tried on a file.
FORMATS: dict[str, Format] = {
    row.name: row for row in (conllu.FORMAT, csv.FORMAT, tsv.FORMAT, conll.FORMAT, text.FORMAT)
}
