"""The spaCy side of latency.py, run by it with the Python of another environment (spaCy alone).

python spacy_side.py DATA.tsv COMPONENT

Makes a pipeline for English of one component, ``tagger`` or ``ner``, as large as spaCy makes it, and updates it a
few times on labelled sentences. Then, for each line ``CALLS<TAB>TEXT`` of stdin, it prints the seconds of so many
calls.
"""

import json
import sys
import time
from pathlib import Path

import spacy
from spacy.training import Example, biluo_tags_to_spans, iob_to_biluo


def main() -> None:
    """Make the pipeline and serve."""
    _, data, component = sys.argv
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(component)
    examples = []
    for block in Path(data).read_text("utf-8").split("\n\n")[:200]:
        rows = [line.split("\t") for line in block.splitlines()]
        if not rows:
            continue
        gold = spacy.tokens.Doc(nlp.vocab, [row[0] for row in rows])
        if component == "ner":
            gold.ents = biluo_tags_to_spans(gold, iob_to_biluo([row[-1] for row in rows]))
        else:
            for token, row in zip(gold, rows, strict=True):
                token.tag_ = row[-1]
                pipe.add_label(row[-1])
        examples.append(Example(nlp.make_doc(gold.text), gold))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    print(spacy.__version__, flush=True)
    for line in sys.stdin:
        calls, text = line.rstrip("\n").split("\t")
        seconds = []
        for _ in range(int(calls)):
            began = time.perf_counter()
            nlp(text)
            seconds.append(time.perf_counter() - began)
        print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
