"""Training: an untrained model for the data, the loop of epochs and batches, and what it reports."""

from rnncli.training.carry import Carried
from rnncli.training.events import Divergence, Epoch, Failure, Listener, PastEpoch, Result, Resumed, Run
from rnncli.training.loop import Course, Saver, train
from rnncli.training.prepare import prepare
from rnncli.training.schedule import Plan, Schedule
from rnncli.training.state import Progress, State
from rnncli.training.trainer import Trainer

__all__ = [
    "Carried",
    "Course",
    "Divergence",
    "Epoch",
    "Failure",
    "Listener",
    "PastEpoch",
    "Plan",
    "Progress",
    "Result",
    "Resumed",
    "Run",
    "Saver",
    "Schedule",
    "State",
    "Trainer",
    "prepare",
    "train",
]
