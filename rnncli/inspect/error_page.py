"""The errors of a system as one self-contained page without a script."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnncli.inspect.template import read, template, trusted
from rnncli.web import bundle

OPEN = 5  # confusions whose contexts are shown at first


def render(title: str, facts: str, classes: Sequence[Mapping[str, Any]], confusions: Sequence[Any]) -> str:
    """Draw the page: HTML that holds its style and loads nothing.

    title       what was scored
    facts       the scores, in one line
    classes     of errors: ``name``, ``meaning``, ``number``, ``seen`` and ``unseen``, these ``None`` if not known
    confusions  the most frequent first: ``kind``, ``gold`` and ``predicted``, ``None`` for no span, ``number``, and
                ``rows``, the first of its errors, with the fields of :class:`.error_analysis.Row`
    """
    style = bundle.read("page.css") + read("errors.css")
    return str(
        template("errors.html").render(
            title=title,
            facts=facts,
            classes=classes,
            confusions=confusions,
            most_open=OPEN,
            style=trusted(style),
            style_hash=trusted(bundle.sha256(style)),
        )
    )
