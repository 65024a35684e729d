"""The templates of pages and figures, and what they are filled with."""

from importlib.resources import files
from typing import Any


def template(name: str) -> Any:
    """A template of the package; every value in it is escaped, in SVG as in HTML."""
    import jinja2  # here, so that only commands that draw a page load it

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name)


def read(name: str) -> str:
    """The text of a file beside the templates."""
    return files("rnncli.inspect").joinpath("templates", name).read_text("utf-8")


def trusted(text: str) -> Any:
    """Mark a text of the package, or one that is escaped already, so that it is not escaped."""
    import markupsafe

    return markupsafe.Markup(text)
