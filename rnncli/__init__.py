"""Label sequences with recurrent networks, and see what they keep in memory.

The public interface, whose modules are loaded when they are first used::

    import rnncli

    rnncli.train("train.tsv", dev="dev.tsv", out="model.npz", arch="elman")
    tagger = rnncli.load("model.npz")
    tagger.tag("leave Taipei on November 2nd").spans
"""

__version__ = "0.1.0"
__all__ = ["Tagger", "__version__", "load", "train"]

TYPE_CHECKING = False  # as typing has it, whose import takes longer than this file
if TYPE_CHECKING:
    from rnncli.api import load, train
    from rnncli.tagging import Tagger


def __getattr__(name: str) -> object:
    if name == "Tagger":
        from rnncli.tagging import Tagger

        return Tagger
    if name in ("load", "train"):
        from rnncli import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
