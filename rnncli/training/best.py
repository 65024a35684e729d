"""Which epoch of a training is kept."""

import math

from rnncli.parameters import Parameters

# Standard errors by which a score is clearly better than another.
CLEAR = 0.5


class Best:
    """The epoch to keep so far, with its score and its weights; the arguments are those of :func:`.train`."""

    def __init__(self, parameters: Parameters, scored: int, metric: str) -> None:
        self.parameters = parameters.copy()
        self.epoch = 0
        self.score = math.inf if metric == "loss" else -1.0
        self.high_epoch = 0
        self.high_score = self.score  # of a loss the lowest
        # The last epoch that was clearly better than the one before that was: by more than half a standard error.
        self.mark_epoch = 0
        self.mark_score = self.score
        self._scored = scored
        self._metric = metric  # "": there is no score, and the last epoch is kept

    def update(self, epoch: int, score: float, parameters: Parameters) -> bool:
        """Keep an epoch if it is as good as the best so far; return whether it is."""
        if not self._metric:
            is_kept = is_high = True
        elif self._metric == "loss":
            is_kept = score <= self.high_score
            is_high = score < self.high_score
        else:
            least = self.high_score - _standard_error(self.high_score, self._scored)
            is_kept = score > least or (self._scored > 0 and score == least)
            is_high = score > self.high_score
        if is_high:
            self.high_epoch = epoch
            self.high_score = score
            gain = abs(score - self.mark_score)
            if not self.mark_epoch or gain > CLEAR * _standard_error(self.mark_score, self._scored):
                self.mark_epoch = epoch
                self.mark_score = score
        if is_kept:
            self.parameters = parameters.copy()
            self.epoch = epoch
            self.score = score
        return is_kept


def _standard_error(share: float, count: int) -> float:
    """The standard error of a share of ``count`` things; 0 if it is not known."""
    return math.sqrt(share * (1 - share) / count) if count and 0 < share < 1 else 0.0
