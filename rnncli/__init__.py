"""Label sequences with recurrent networks, and see what they keep in memory.

Label a text with the model that comes with rnncli; ``load("model.npz")`` opens another::

    >>> import rnncli
    >>> tagger = rnncli.load()
    >>> tagger.tag("leave Taipei on November 2nd")
    <tagged leave [Taipei: departure] on [November 2nd: departure_time]>
    >>> tagger.tag_tokens(["arrive", "Taipei"]).tokens[1].tag
    'B-destination'

Train a model of your own. Data are files, lists of (tokens, tags), columns, tables of pandas or polars; what cannot
be right is refused::

    >>> data = [(["leave", city], ["O", "B-departure"]) for city in ("Rome", "Oslo", "Bern", "Kyiv")]
    >>> data += [(["arrive", city], ["O", "B-destination"]) for city in ("Rome", "Oslo", "Bern", "Kyiv")]
    >>> rnncli.check(data)
    <report on <data> (8 sentences): 0 faults>
    >>> trained = rnncli.train(data, out="cities.npz", arch="elman", hidden=16, epochs=5)
    >>> trained
    <trained elman, 1 × 16 tanh, crf; dev F1 …; cities.npz>
    >>> [past.epoch for past in trained.history]
    [1, 2, 3, 4, 5]

Score it, on a file or on other sentences; look into its memory and at its gradients. In a notebook the results show
themselves as tables and pictures::

    >>> rnncli.evaluate(trained, data)
    <scores F1 …, accuracy …; 8 sentences, 16 tokens>
    >>> rnncli.inspect_memory(trained, "arrive Rome", "leave Rome")
    <memory of elman: 'arrive Rome' and 'leave Rome'>
    >>> rnncli.inspect_gradients(trained, "leave Rome now")
    <gradients by distance over 3 tokens: layer 1 …>

Read sentences of a file in any format that rnncli knows::

    >>> sentences = rnncli.read("train.tsv")
    >>> sentences[0]
    <sentence leave/O Rome/B-departure>

The same by the conventions of scikit-learn, which need not be installed; cross_val_score, GridSearchCV and Pipeline
work::

    >>> tagger = rnncli.SequenceTagger(arch="elman", hidden=16, epochs=5)
    >>> tagger.fit([tokens for tokens, _ in data], [tags for _, tags in data])
    SequenceTagger(arch='elman', hidden=16, epochs=5)
    >>> len(tagger.predict([["leave", "Rome"]])[0])
    2

Errors are all RnncliError: UsageError for a wrong argument, DataError for data that cannot be right, ModelError,
FileError, DivergedError. ``help(rnncli.train)`` lists all options of a training.
"""

__version__ = "0.1.0"

# What is here, and the module that has it, which is loaded when it is first used.
_HOMES = {
    "DataError": "errors",
    "DivergedError": "errors",
    "FileError": "errors",
    "ModelError": "errors",
    "RnncliError": "errors",
    "Sentence": "data.sentence",
    "SequenceTagger": "estimator",
    "Tagger": "tagging",
    "UsageError": "errors",
    "check": "interface",
    "evaluate": "interface",
    "inspect_gradients": "interface",
    "inspect_memory": "interface",
    "load": "tagging",
    "read": "interface",
    "train": "interface",
}
__all__ = [
    "DataError",
    "DivergedError",
    "FileError",
    "ModelError",
    "RnncliError",
    "Sentence",
    "SequenceTagger",
    "Tagger",
    "UsageError",
    "__version__",
    "check",
    "evaluate",
    "inspect_gradients",
    "inspect_memory",
    "load",
    "read",
    "train",
]

TYPE_CHECKING = False  # as typing has it, whose import takes longer than this file
if TYPE_CHECKING:
    from rnncli.data.sentence import Sentence
    from rnncli.errors import DataError, DivergedError, FileError, ModelError, RnncliError, UsageError
    from rnncli.estimator import SequenceTagger
    from rnncli.interface import check, evaluate, inspect_gradients, inspect_memory, read, train
    from rnncli.tagging import Tagger, load


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"rnncli.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
