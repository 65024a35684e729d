"""Training: an untrained model for the data, the loop of epochs and batches, and what it reports."""

from rnncli.training.events import Epoch, Listener, Result
from rnncli.training.loop import train
from rnncli.training.prepare import prepare
from rnncli.training.trainer import Trainer, schedule

__all__ = ["Epoch", "Listener", "Result", "Trainer", "prepare", "schedule", "train"]
