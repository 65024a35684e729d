"""Label tokens with an exported model.

    python lookup.py MODEL.onnx leave Taipei on Monday

Needs numpy and onnxruntime, and MODEL.onnx.json beside the model. Equal to rnncli except that text is not cut.
"""

import json
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np
import onnxruntime


def composed(text):
    return unicodedata.normalize("NFC", re.sub("[\u00ad\u200b\u2060\ufeff]", "", text) or text)


def letters(form):
    kinds = "".join("X" if c.isupper() else "x" if c.isalpha() else c for c in form)
    form = form.lower()
    ends = [end for n in range(1, min(5, len(form) - 1) + 1) for end in ("<" + form[:n], form[-n:] + ">")]
    return [
        "=" + re.sub(r"(.)\1+", r"\1", kinds),
        f"<{form}>",
        *ends,
        *(form[i : i + 3] for i in range(len(form) - 2)),
    ]


def kind(form):
    kinds = (
        "0" if c.isdecimal() else "X" if c.isupper() else "x" if c.islower() else "c" if c.isalpha() else c
        for c in form
    )
    return "".join(dict.fromkeys(kinds))


def context(forms, t):
    kinds = [kind(form) for form in forms]
    for mark, texts, spans in ("", forms, ((-1, 0), (0, 1), (-1, 1))), ("=", kinds, ((0, 0), (-1, 1), (-2, 2))):
        for first, last in spans:
            places = range(t + first, t + last + 1)
            yield " ".join([f"{mark}{first:+}", *(texts[i] if 0 <= i < len(texts) else "" for i in places)])


def rows(part, digits, tokens, columns):
    zero = (lambda text: text) if digits == "keep" else (lambda text: re.sub(r"\d", "0", text))
    row, plain = part["rows"].get, [composed(token) for token in tokens]
    forms = [zero(text) for text in plain]
    if part["reads"] == "word":
        return [[row(form, row(form.lower(), 0))] for form in forms]
    if part["reads"] == "vectors":  # the first of these spellings that has a vector
        texts = [[text, zero(text), text.lower(), zero(text.lower())] for text in plain]
        return [[row(text) for text in spellings if text in part["rows"]][:1] for spellings in texts]
    if part["reads"] == "column":
        texts = [[composed(cells[int(part["name"].removeprefix("column")) - 1])] for cells in columns]
    else:
        texts = [letters(form) if part["reads"] == "ngram" else context(forms, t) for t, form in enumerate(forms)]
    return [[row(text) for text in some if text in part["rows"]] for some in texts]


def feeds(lists, tokens, columns=()):
    arrays = {}
    for part in lists["inputs"]:
        chosen = rows(part, lists["digits"], tokens, columns)
        longest = max(1, *map(len, chosen))
        padded = [some + [-1] * (longest - len(some)) for some in chosen]  # a token has any number of rows
        arrays[part["name"]] = np.array(padded, np.int32)
    return arrays


if __name__ == "__main__":
    path, *tokens = sys.argv[1:]
    lists = json.loads(Path(path + ".json").read_text("utf-8"))
    tags, probabilities = onnxruntime.InferenceSession(path).run(None, feeds(lists, tokens))
    for token, tag, row in zip(tokens, tags, probabilities, strict=True):
        print(token, lists["tags"][tag], f"{row[tag]:.4f}", sep="\t")
