"""The gradient of one batch: forward pass, loss, backward pass."""

from rnncli.data.batch import Batch
from rnncli.network import output
from rnncli.network.arena import Arena
from rnncli.network.backward import backward
from rnncli.network.forward import NONE_FORCED, Dropout, forward
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Target
from rnncli.parameters import Array


def add_gradient(
    optimiser: Optimiser,
    batch: Batch,
    target: Target,
    objective: Objective,
    arena: Arena,
    dropout: Dropout | None = None,
    forced: Array = NONE_FORCED,
) -> float:
    """Add the gradient of a batch to the gradient that the optimiser holds; return the summed loss.

    target  the tags of the tokens with their shares
    forced  (N,) int32, tags fed back in place of the output; see :func:`rnncli.network.forward.forward`
    """
    spec = optimiser.spec
    parameters = optimiser.parameters
    gradient = optimiser.gradient
    run = forward(spec, parameters, batch, dropout, optimiser.transposed, forced, arena)
    loss = output.loss(spec, parameters, run, target, objective, gradient)
    input_gradients = backward(spec, parameters, run, loss.do, gradient, objective.omega)
    optimiser.add_tables(batch, input_gradients, arena)
    return loss.total
