"""The parts of rnncli at work: each is a check with a known outcome.

They are run in a process of their own (:mod:`.doctor`), because compiled code that is wrong for the processor, or a
library that is broken, can end a process. Each loads the modules that it needs, so that a broken one fails that
check alone.
"""

import json
import math
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rnncli.diagnosis.check import Check
from rnncli.errors import RnncliError

if TYPE_CHECKING:
    from rnncli.data.sentence import Sentence
    from rnncli.kernels.cache import State
    from rnncli.model import Model

MARK = "check "  # before the line of an outcome
# Two texts that differ in one word, and what Taipei is in each.
_END = " on November 2nd"
EXAMPLES = {f"arrive Taipei{_END}": "destination", f"leave Taipei{_END}": "departure"}
_DATA = (
    "leave\tO\nTaipei\tB-departure\non\tO\nMay\tB-time\n2nd\tI-time\n\n"
    "arrive\tO\nNew\tB-destination\nYork\tI-destination\n\n"
    "please\tO\nleave\tO\nKaohsiung\tB-departure\n\n"
    "hello\tO\nthere\tO\n\n"
)
_BROKEN = "install rnncli again, with its libraries, into a new environment"
_KERNELS_BROKEN = "do not use what is trained or labelled here; please report this with the whole output"
WIDE = {"avx2": "AVX2", "avx512f": "AVX-512", "fma": "FMA", "neon": "NEON", "sve": "SVE"}
GRADIENT_TOLERANCE = 1e-4  # relative; the kernels compute in float32
STEP = 1e-3  # of central differences in float64
SMALL: dict[str, Any] = {"hidden": 4, "embedding": 3, "ngram": 2}


def model() -> Check:
    """The bundled model can be opened."""
    from rnncli import modelfile
    from rnncli.resources import bundled

    loaded = modelfile.load(bundled("models/default.npz"))
    weights = int(loaded.parameters.flat.size)
    return Check("model", "ok", f"the bundled model opens: {weights:,} weights", values={"weights": weights})


def example() -> Check:
    """The bundled model labels the example as it should; NumPy does this."""
    from rnncli import modelfile
    from rnncli.resources import bundled
    from rnncli.tagging import Tagger

    tagger = Tagger(modelfile.load(bundled("models/default.npz")))
    types = {text: [span.type for span in tagger.tag(text).spans if span.text == "Taipei"] for text in EXAMPLES}
    return judged_example(types)


def judged_example(types: dict[str, list[str]]) -> Check:
    """What the types of the spans "Taipei" in the two texts mean."""
    shown = "; ".join(f'"{text.removesuffix(_END)}": {", ".join(kinds) or "none"}' for text, kinds in types.items())
    values = {"types": types}
    if types == {text: [kind] for text, kind in EXAMPLES.items()}:
        return Check("example", "ok", shown, values=values)
    expected = "it should be destination, then departure: the model or NumPy is damaged"
    return Check("example", "failed", shown, f"{expected}; {_BROKEN}", values)


def cache() -> Check:
    """The cache of compiled kernels."""
    from rnncli.kernels import cache

    return judged_cache(cache.state())


def judged_cache(state: "State") -> Check:
    """What the state of the cache means."""
    values = {**state._asdict(), "folder": state.folder and str(state.folder)}
    if state.folder is None:
        text = f"compiled kernels cannot be kept: {state.reason}"
        hint = f"{_AT_EACH_START}: set XDG_CACHE_HOME to a folder of your own"
        return Check("cache", "warning", text, hint, values)
    text = f"{state.folder}: {state.kernels} kernels, {state.size / 1e6:.1f} MB"
    if state.others > 0:
        text += f"; {state.others} folders of other versions, which are removed when they are old"
    if state.reason:
        text += f"; it cannot be written: {state.reason}"
        return Check("cache", "warning", text, f"{_AT_EACH_START}, unless they are there already", values)
    if not state.kernels:
        return Check(
            "cache",
            "ok",
            text,
            "it was empty, so this self-test compiles kernels, which takes some seconds",
            values,
        )
    return Check("cache", "ok", text, values=values)


_AT_EACH_START = "kernels are compiled at every start, which takes about 10 s"


def features() -> Check:
    """The instructions of the processor that kernels can use."""
    from rnncli.kernels import cache

    return judged_features(*cache.processor())


def judged_features(name: str, features: list[str]) -> Check:
    """What the features of the processor mean."""
    wide = [shown for feature, shown in WIDE.items() if feature in features]
    values = {"name": name, "features": features}
    text = f"{name}: {', '.join(wide) or 'no wide instructions'}"
    if wide:
        return Check("instructions", "ok", text, values=values)
    hint = "training takes several times as long as with AVX2 or NEON"
    return Check("instructions", "warning", text, hint, values)


def kernels() -> Check:
    """NumPy and the kernels label alike."""
    from rnncli import modelfile
    from rnncli.diagnosis import agreement
    from rnncli.resources import bundled

    result = agreement.check(modelfile.load(bundled("models/default.npz")))
    hint = _KERNELS_BROKEN if result.state == "failed" else ""
    return result._replace(name="kernels", hint=hint)


def gradient() -> Check:
    """The gradients of the kernels, in float32, equal central differences of the loss in NumPy, in float64."""
    return judged_gradient(_gradient_errors(*_small_model()))


def judged_gradient(errors: dict[str, float]) -> Check:
    """What the relative errors of the gradients mean, by the names of the parameters."""
    wrong = [
        name for name, error in errors.items() if not error <= GRADIENT_TOLERANCE
    ]  # also one that is no number
    values = {"errors": {name: error if math.isfinite(error) else None for name, error in errors.items()}}
    if wrong:
        text = f"of {', '.join(wrong)} differ from central differences, by {errors[wrong[0]]:.0e} of their length"
        return Check("gradient", "failed", text, _KERNELS_BROKEN, values)
    text = (
        f"of {len(errors)} parameters equal central differences; largest relative error {max(errors.values()):.0e}"
    )
    return Check("gradient", "ok", text, values=values)


def _small_model() -> "tuple[Model, list[Sentence]]":
    """An untrained model of the usual kind, and sentences."""
    from rnncli import training
    from rnncli.config import NetworkSpec, TrainingSpec
    from rnncli.data.sentence import Sentence

    sentences = []
    for lines in _DATA.strip().split("\n\n"):
        tokens, tags = zip(*(line.split("\t") for line in lines.split("\n")), strict=True)
        sentences.append(Sentence(list(tokens), list(tags), [], 1))
    return training.prepare(sentences, NetworkSpec(**SMALL), TrainingSpec()), sentences


def _gradient_errors(model: "Model", sentences: "list[Sentence]") -> dict[str, float]:
    """The error of the derivative in one direction of each array, as a share of the length of its gradient.

    The direction is that of the gradient with random numbers added, so that no wrong number is left out.
    """
    import numpy as np

    from rnncli import labelling
    from rnncli.data.batch import pack
    from rnncli.network.arena import Arena
    from rnncli.network.gradient import add_gradient
    from rnncli.network.optimiser import Optimiser
    from rnncli.network.output import Objective, Target, Weights
    from rnncli.parameters import Parameters

    encoded = model.encode([s.tokens for s in sentences], tags=[s.tags for s in sentences])
    packed = pack(encoded.starts, np.arange(len(sentences)))
    optimiser = Optimiser(model.network_spec, model.parameters, "sgd")
    objective = Objective(1 / len(encoded.words), Weights(np.zeros(0, np.float32)))
    target = Target.of(encoded.tags[packed.positions])
    add_gradient(optimiser, encoded.batch(packed), target, objective, Arena())

    exact = Parameters(model.parameters.rows, np.float64).assign(model.parameters)
    model.parameters = exact
    rng = np.random.default_rng(1)
    errors = {}
    for name, array in exact.items():
        gradient = optimiser.gradient[name].astype(np.float64)
        length = float(np.linalg.norm(gradient))
        direction = gradient / max(length, 1e-12) + rng.standard_normal(array.shape) / np.sqrt(array.size)
        kept = array.copy()
        losses = []
        for sign in (1, -1):
            array[...] = kept + sign * STEP * direction
            losses.append(labelling.gold_loss(model, encoded))
        array[...] = kept
        numeric = (losses[0] - losses[1]) / (2 * STEP)
        errors[name] = abs(numeric - float((gradient * direction).sum())) / max(length, 1e-6)
    return errors


def round_trip() -> Check:
    """Training twice, with one thread and with all, gives the same file, which gives the same bytes when saved."""
    from rnncli import api, modelfile

    try:
        folder = TemporaryDirectory()
    except OSError as error:
        text = f"not tried, because no temporary file can be written: {error.strerror}"
        return Check("round trip", "warning", text, "set TMPDIR to a folder that can be written")
    with folder as name:
        data = Path(name) / "data.tsv"
        data.write_text(_DATA, "utf-8")
        hashes = []
        for threads in (1, 0):
            out = Path(name) / f"{threads}.npz"
            trained = api.train(data, data, out, threads, force=True, epochs=3, **SMALL)
            hashes += [trained.sha256, modelfile.save(modelfile.load(out), out)]
    if len(set(hashes)) == 1:
        text = "a model was trained with one thread and with all, saved, opened and saved again: the same bytes"
        return Check("round trip", "ok", text)
    return Check("round trip", "failed", f"the bytes of a model differ: {hashes}", _KERNELS_BROKEN)


# In the order in which they are run. What is before the kernels does not need them.
TESTS: dict[str, Callable[[], Check]] = {
    "model": model,
    "example": example,
    "instructions": features,
    "cache": cache,
    "kernels": kernels,
    "gradient": gradient,
    "round trip": round_trip,
}


def run(name: str) -> Check:
    """Run one of the tests; an exception is a failed check."""
    began = time.perf_counter()
    try:
        check = TESTS[name]()
    except RnncliError as error:
        check = Check(name, "failed", error.message, error.hint)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"
        check = Check(name, "failed", text, _BROKEN)
    return check._replace(values=(check.values or {}) | {"seconds": round(time.perf_counter() - began, 2)})


def report(write: Callable[[str], Any]) -> None:
    """Run all tests; write each outcome as a line of JSON as soon as it is known."""
    for name in TESTS:
        write(MARK + json.dumps(run(name)._asdict(), allow_nan=False) + "\n")
