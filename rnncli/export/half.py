"""Models whose files have the weights as float16, which halves them."""

import dataclasses

import numpy as np

from rnncli.errors import ModelError
from rnncli.model import Model
from rnncli.parameters import Parameters

LARGEST = float(np.finfo(np.float16).max)


def halved(model: Model, sha256: str) -> Model:
    """The model with every weight rounded to the nearest float16; it computes with float32 as before.

    sha256  of the file of the model, which is noted in the new one

    Raises :class:`.ModelError` for a weight beyond ±65,504.
    """
    flat = model.parameters.flat
    if not (np.abs(flat) <= LARGEST).all():
        raise ModelError(f"a weight is larger than {LARGEST:,.0f}, the largest number of float16")
    parameters = Parameters(model.parameters.rows).assign_flat(flat.astype(np.float16))
    provenance = {**model.provenance, "half_of": sha256}
    return dataclasses.replace(model, parameters=parameters, provenance=provenance, half=True)
