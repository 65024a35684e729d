"""The worked example of docs/math.md as a model: an Elman network that can be computed by hand."""

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.tags import Scheme
from rnncli.model import Model

# Two orders of the same inputs, which give different outputs.
TEXTS = ["1 1 2", "2 1 1"]
TAGS = ["first", "second"]


def worked_example(layers: int = 1) -> Model:
    """Two inputs, two hidden units, two outputs; all weights are 1, there is no bias, φ is the identity.

    The token ``1`` is read as [1, 1] and ``2`` as [2, 2], any other as [0, 0]. So the scores of ``1 1 2`` are
    [4, 4], [12, 12], [32, 32]; with a second layer of two hidden units [8, 8], [40, 40], [144, 144].
    """
    network = NetworkSpec(
        arch="elman",
        cell="simple",
        layers=layers,
        hidden=2,
        activation="identity",
        features="embedding",
        window=0,
        neighbours="joined",
        embedding=2,
        digits="keep",
        decoder="softmax",
        transitions="any",
    )
    inputs = Inputs.from_lists({"embedding": network.embedding}, {"words": ["1", "2"]}, network.digits)
    model = Model.untrained(network, TrainingSpec(), inputs, TAGS, "whitespace", Scheme("plain"))
    for name, array in model.parameters.items():
        array[...] = 0 if name.endswith(("/b", "/c")) else 1
    model.parameters["input/embedding"][...] = [[0, 0], [1, 1], [2, 2]]
    model.parameters.version += 1
    model.provenance["examples"] = TEXTS
    return model
