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

    >>> cities = ["Rome", "Oslo", "Bern", "Kyiv", "Lima", "Baku", "Doha", "Riga"]
    >>> data = [(["leave", city], ["O", "B-departure"]) for city in cities]
    >>> data += [(["arrive", city], ["O", "B-destination"]) for city in cities]
    >>> rnncli.check(data)
    <report on <data> (16 sentences): 0 faults>
    >>> trained = rnncli.train(data, out="cities.npz", arch="elman", hidden=16, epochs=20, seed=2)
    >>> trained
    <trained elman, 1 × 16 tanh, crf; dev F1 100.00 in epoch 20 of 20; cities.npz>
    >>> [past.epoch for past in trained.history] == list(range(1, 21))
    True

Score it, on a file or on other sentences; look into its memory and at its gradients. In a notebook the results show
themselves as tables and pictures::

    >>> rnncli.evaluate(trained, data)
    <scores F1 100.00, accuracy 100.00; 16 sentences, 32 tokens>
    >>> rnncli.inspect_memory(trained, "arrive Rome", "leave Rome")
    <memory of elman: 'arrive Rome', 'leave Rome'>
    >>> [curve.name for curve in rnncli.inspect_gradients(trained, "leave Rome now").curves]
    ['layer 1']

Read sentences of a file in any format that rnncli knows::

    >>> sentences = rnncli.read("train.tsv")
    >>> sentences[0]
    <sentence leave/O Rome/B-departure>

The same by the conventions of scikit-learn, which need not be installed; cross_val_score, GridSearchCV and Pipeline
work::

    >>> tagger = rnncli.SequenceTagger(arch="elman", hidden=16, epochs=20)
    >>> tagger.fit([tokens for tokens, _ in data], [tags for _, tags in data])
    SequenceTagger(arch='elman', hidden=16, epochs=20)
    >>> tagger.predict([["leave", "Rome"], ["arrive", "Rome"]])
    [['O', 'B-departure'], ['O', 'B-destination']]

Errors are all RnncliError: UsageError for a wrong argument, DataError for data that cannot be right, ModelError,
FileError, DivergedError. ``help(rnncli.train)`` lists all options of a training.
"""

__version__ = "0.1.0"

# What is here, and the module that has it, which is loaded when it is first used.
_MODULES = {
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
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"rnncli.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
