"""One number of a network as its equation with all numbers in it: h₁₇(3) = tanh(0.31 − 1.20 + 0.05) = −0.69.

The value of an equation is that of the network, float32. Its terms are products of two such numbers, added up in
float64, so that their sum differs by the rounding of the network's own sum.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncli.errors import UsageError
from rnncli.inspect.steps import Layer, Read, Steps
from rnncli.parameters import Array
from rnncli.plain.activation import ACTIVATIONS
from rnncli.plain.forward import slot_of

MOST_TERMS = 8  # of a product that are listed, the largest ones
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SOFTMAX = "softmax"


class Product(NamedTuple):
    """A sum of products scale · weight · input, which is part of an equation.

    ``of`` and ``weight_of`` name the quantities that inputs and weights belong to, which have equations of their
    own: see :func:`quantities`; "" where they are parameters or have none.
    """

    symbol: str  # "U x(3)"; products with one symbol are parts of it
    weights: Array  # (n,)
    inputs: Array  # (n,)
    names: Callable[[int], str]  # the name of each input, for people
    of: str = ""
    step: int | None = None  # of the inputs; ``None`` for parameters, and before the first token
    first: int = 0  # the unit of the first input
    weight_of: str = ""
    scale: float = 1.0
    scale_of: str = ""  # the gate whose value the scale is

    @property
    def terms(self) -> Array:
        """The value of each term, (n,) float64."""
        return np.asarray(self.weights.astype(np.float64) * self.inputs * self.scale)

    @property
    def text(self) -> str:
        """The value for people; two quantities that are multiplied are both shown."""
        if self.weight_of and len(self.weights) == 1:
            return f"{number(float(self.weights[0]))} · {number(float(self.inputs[0]))}"
        return number(float(self.terms.sum()))

    def as_dict(self, most: int) -> dict[str, Any]:
        """For JSON, with at most so many terms, the largest first, and the sum of all others."""
        terms = self.terms
        order = np.argsort(-np.abs(terms), kind="stable")
        listed, others = order[:most].tolist(), order[most:]
        return {
            "symbol": self.symbol,
            "of": self.of or None,
            "step": self.step,
            "weight_of": self.weight_of or None,
            "scale": {"of": self.scale_of, "value": self.scale} if self.scale_of else None,
            "value": float(terms.sum()),
            "terms": [
                {
                    "unit": self.first + i,
                    "name": self.names(i),
                    "weight": float(self.weights[i]),
                    "input": float(self.inputs[i]),
                    "value": float(terms[i]),
                }
                for i in listed
            ],
            "rest": {"count": len(others), "value": float(terms[others].sum())},
        }


class Equation(NamedTuple):
    """value = function(Σ products); for ``softmax`` value = the term of the unit / Σ terms."""

    what: str
    step: int
    unit: int
    symbol: str  # h₁₇(3)
    function: str  # a name in ACTIVATIONS, or softmax
    products: list[Product]
    value: float  # that the network computed

    @property
    def sum(self) -> float:
        """The sum of all terms."""
        return float(sum(product.terms.sum() for product in self.products))

    @property
    def result(self) -> float:
        """What the equation gives, which differs from ``value`` by rounding."""
        if self.function == _SOFTMAX:
            return float(self.products[0].terms[self.unit]) / self.sum
        return float(ACTIVATIONS[self.function](np.array(self.sum)))

    @property
    def text(self) -> str:
        """The equation with symbols, and then with numbers; units and steps count from 1."""
        value = number(self.value)
        if self.function == _SOFTMAX:
            part = self.products[0]
            shares = f"{number(float(part.terms[self.unit]))} / {number(self.sum)}"
            return f"{self.symbol} = {part.symbol} / Σ {part.symbol} = {shares} = {value}"
        groups: dict[str, list[Product]] = {}
        for product in self.products:
            groups.setdefault(product.symbol, []).append(product)
        numbers = [
            parts[0].text if len(parts) == 1 else number(float(sum(p.terms.sum() for p in parts)))
            for parts in groups.values()
        ]
        formula, figures = " + ".join(groups), _sum(numbers)
        if self.function != "identity":
            formula, figures = f"{self.function}({formula})", f"{self.function}({figures})"
        return " = ".join([self.symbol, formula, *([] if figures == value else [figures]), value])

    def as_dict(self, most: int = MOST_TERMS) -> dict[str, Any]:
        """For JSON; see docs/inspect.md."""
        return {
            "what": self.what,
            "step": self.step,
            "unit": self.unit,
            "symbol": self.symbol,
            "text": self.text,
            "value": self.value,
            "function": self.function,
            "sum": self.sum,
            "products": [product.as_dict(most) for product in self.products],
        }


def number(value: float) -> str:
    """A number for people: two decimals, or three digits where these say too little."""
    is_usual = value == 0 or 0.005 <= abs(value) < 10_000
    return (f"{value + 0.0:.2f}" if is_usual else f"{value:.2e}").replace("-", "−")


def _sum(numbers: Sequence[str]) -> str:
    """Numbers joined by + and −."""
    text = numbers[0]
    for figure in numbers[1:]:
        text += f" − {figure[1:]}" if figure.startswith("−") else f" + {figure}"
    return text


def quantities(steps: Steps) -> dict[str, int]:
    """The quantities that :func:`unfold` knows, by name, with the number of their units.

    ``input/…`` for each part but one-hot; ``window/z`` and ``window/x`` of a layer that adds neighbours; for each
    layer and direction, such as ``layer 1 forward``, ``/h``, ``/state`` and a name for each gate; ``output/o`` and
    ``output/y``.
    """
    parts = [part.table for part in steps.model.inputs.parts if part.table.name != "onehot"]
    sizes = {f"input/{table.name}": table.width for table in parts}
    if steps.spec.adds_neighbours:
        sizes |= dict.fromkeys(("window/z", "window/x"), sum(table.width for table in parts))
    for layer in steps.layers:
        names = [*layer.gates(0), *(["state"] if layer.s.shape[1] else []), "h"]
        sizes |= {f"{layer.name}/{name}": steps.spec.hidden for name in names}
    return sizes | dict.fromkeys(("output/o", "output/y"), len(steps.model.tags))


def unfold(steps: Steps, what: str, step: int, unit: int) -> Equation:
    """The equation of one number.

    what  a name of :func:`quantities`
    step  the number of the token, from 0
    unit  from 0

    Raises UsageError where there is no such number.
    """
    steps.check(step)
    sizes = quantities(steps)
    if what not in sizes:
        raise UsageError(f'no quantity is called "{what}"', hint="this network has " + ", ".join(sizes))
    if not 0 <= unit < sizes[what]:
        raise UsageError(f"{what} has no unit {unit}", hint=f"its units are 0 to {sizes[what] - 1}")
    place, _, name = what.rpartition("/")
    if place == "input":
        function, products, value = _input(steps, name, step, unit)
    elif place == "window":
        function, products, value = _window(steps, name, step, unit)
    elif place == "output":
        function, products, value = _output(steps, name, step, unit)
    else:
        layer = next(layer for layer in steps.layers if layer.name == place)
        function, products, value = _layer(steps, layer, name, step, unit)
    if place == "output":
        symbol = _tag(steps, "ŷ" if name == "y" else "o", step, unit)
    else:
        symbol = f"{name}{str(unit + 1).translate(_SUBSCRIPTS)}({step + 1})"
    return Equation(what, step, unit, symbol, function, products, float(value))


_Parts = tuple[str, list[Product], Any]  # function, products, value


def _tag(steps: Steps, letter: str, step: int, unit: int) -> str:
    return f"{letter}[{steps.model.tags[unit]}]({step + 1})"


def _counted(index: int) -> str:
    return str(index + 1)


def _one(symbol: str, weight: Any, value: Any = 1.0, **names: Any) -> Product:
    """A product of one weight and one input."""
    return Product(symbol, np.atleast_1d(np.asarray(weight)), np.atleast_1d(value), lambda i: symbol, **names)


def _input(steps: Steps, name: str, step: int, unit: int) -> _Parts:
    """The vector of a part of the input: Σ rows / √count."""
    read = next(read for read in steps.read(step) if read.name == name)
    rows = steps.model.parameters[f"input/{name}"][read.rows, unit]
    share = np.full(len(rows), 1 / np.sqrt(max(1, len(rows))))
    return "identity", [Product("rows / √count", share, rows, _names(read).__getitem__)], read.vector[unit]


def _names(read: Read) -> list[str]:
    """What the rows are of that a part of the input selects."""
    return [read.part.features.name_of(row) or "unknown word" for row in read.rows.tolist()]


def _slots(steps: Steps, step: int) -> Iterator[tuple[int, int]]:
    """The slots of the window that hold a token, and the step of that token."""
    window = steps.spec.window
    for slot in range(2 * window + 1):
        if 0 <= step + slot - window < len(steps):
            yield slot, step + slot - window


def _read_product(steps: Steps, letter: str, weight: Array, step: int) -> Iterator[Product]:
    """What one row of a weight (D,) or (window · D,) makes of the vectors of a token and its neighbours."""
    width = len(weight) // (2 * steps.spec.window + 1)
    for slot, source in _slots(steps, step):
        start = 0
        of_slot = slot_of(weight[None], width, slot)[0]
        for read in steps.read(source):
            end = start + len(read.vector)
            if read.name != "onehot":
                of = f"input/{read.name}"
                yield Product(letter, of_slot[start:end], read.vector, _counted, of, source)
            start = end


def _one_hot(steps: Steps, letter: str, column: int, step: int) -> Iterator[Product]:
    """The columns of U that the words of a token and its neighbours select."""
    table = steps.model.parameters.get("input/onehot")
    if table is None:
        return
    block = len(table) // (2 * steps.spec.window + 1)
    for slot, source in _slots(steps, step):
        read = next(read for read in steps.read(source) if read.name == "onehot")
        weights = table[slot * block + read.rows, column]
        yield Product(letter, weights, np.ones(len(weights)), _names(read).__getitem__, "input/onehot", source)


def _window(steps: Steps, name: str, step: int, unit: int) -> _Parts:
    """A layer that adds neighbours: z = P x̄ + p, x = x̄ + tanh z."""
    added = steps.added(step)
    assert added is not None
    z, x = added
    if name == "z":
        weight = steps.model.parameters["window/P"][unit]
        products = [*_read_product(steps, _x(steps, "P", step), weight, step)]
        return "identity", [*products, _one("p", steps.model.parameters["window/p"][unit])], z[unit]
    start = unit
    own = None
    for read in steps.read(step):
        if own is None and start < len(read.vector):
            own = _one("x̄", 1.0, read.vector[start], of=f"input/{read.name}", step=step, first=start)
        start -= len(read.vector)
    assert own is not None
    return "identity", [own, _one("tanh z", 1.0, np.tanh(z[unit]), of="window/z", step=step, first=unit)], x[unit]


def _x(steps: Steps, letter: str, step: int) -> str:
    """The symbol of a product with the inputs of a window: ``U x(2…4)``."""
    first, last = max(0, step - steps.spec.window) + 1, min(len(steps), step + 1 + steps.spec.window)
    return f"{letter} x({first}…{last})" if last > first else f"{letter} x({first})"


def _from_below(steps: Steps, layer: Layer, row: int, step: int) -> Iterator[Product]:
    """U x(t) + b of a layer; ``row`` is that of U."""
    parameters = steps.model.parameters
    weight = parameters.get(f"layer{layer.number}/U")
    if layer.number > 1:
        assert weight is not None
        yield from _of_hidden(steps, "U", layer.number - 1, weight[row], step)
    else:
        symbol = _x(steps, "U", step)
        added = steps.added(step)
        if added:
            assert weight is not None
            yield Product(f"U x({step + 1})", weight[row], added[1], _counted, "window/x", step)
            symbol = _x(steps, "U₁", step)
        elif weight is not None:
            yield from _read_product(steps, symbol, weight[row], step)
        yield from _one_hot(steps, symbol, row, step)
    yield _one("b", parameters[f"layer{layer.number}/b"][row])


def _of_hidden(steps: Steps, letter: str, number: int, weight: Array, step: int) -> Iterator[Product]:
    """The product of a row of a weight with h(t) of a layer, for each of its directions."""
    size = steps.spec.hidden
    for layer in steps.layers:
        if layer.number == number:
            part = weight[layer.direction * size : (layer.direction + 1) * size]
            yield Product(f"{letter} h({step + 1})", part, layer.h[step], _counted, f"{layer.name}/h", step)


def _earlier(layer: Layer, step: int) -> int:
    """The number of the step that was read before, from 1; 0 or T + 1 where there is none."""
    return step + 2 if layer.direction else step


def _gate(steps: Steps, layer: Layer, number: int, step: int, unit: int) -> list[Product]:
    """What a gate, or a simple unit, applies its function to: U x(t) + b + W h(t−1) + Wy ŷ(t−1)."""
    size = steps.spec.hidden
    row = number * size + unit
    products = [*_from_below(steps, layer, layer.direction * layer.a.shape[1] + row, step)]
    bias = products.pop()
    before = layer.before(step)
    place = _earlier(layer, step)
    if layer.w is not None:
        memory = layer.memory(layer.h, step)
        products.append(Product(f"W h({place})", layer.w[row], memory, _counted, f"{layer.name}/h", before))
    fed_back = steps.fed_back(layer, step)
    if fed_back is not None:
        wy = steps.model.parameters[f"layer{layer.number}/Wy"][unit]
        products.append(Product(f"Wy ŷ({place})", wy, fed_back, steps.model.tags.__getitem__, "output/y", before))
    return [*products, bias]


def _layer(steps: Steps, layer: Layer, name: str, step: int, unit: int) -> _Parts:
    """h, the state or a gate of a hidden unit."""
    gates = layer.gates(step)
    if not gates:
        return steps.spec.activation, _gate(steps, layer, 0, step, unit), layer.h[step, unit]
    values = {gate: gate_values[unit] for gate, gate_values in gates.items()}
    if name in gates:
        products = _gate(steps, layer, list(gates).index(name), step, unit)
        if layer.cell == "gru" and name == "candidate":
            products = [*_reset(layer, products, values["reset"], unit)]
        return "tanh" if name == "candidate" else "sigmoid", products, values[name]
    before = layer.before(step)

    def gated(gate: str, share: Any, quantity: str, value: Any, at: int | None = step) -> Product:
        """A share, which a gate gives, of another quantity of the same unit."""
        place = f"({_earlier(layer, step)})" if at != step else ""
        symbol = f"{gate} · {quantity}{place}"
        names = {
            "weight_of": f"{layer.name}/{gate.split()[-1].rstrip(')')}",
            "of": f"{layer.name}/{quantity.split()[-1]}",
        }
        return _one(symbol, share, value, step=at, first=unit, **names)

    if layer.cell == "gru":
        memory = layer.memory(layer.h, step)[unit]
        new = gated("(1 − update)", 1 - values["update"], "candidate", values["candidate"])
        return "identity", [new, gated("update", values["update"], "h", memory, before)], layer.h[step, unit]
    if name == "state":
        memory = layer.memory(layer.s, step)[unit]
        kept = gated("forget", values["forget"], "state", memory, before)
        new = gated("input", values["input"], "candidate", values["candidate"])
        return "identity", [kept, new], layer.s[step, unit]
    shown = gated("output", values["output"], "tanh state", np.tanh(layer.s[step, unit]))
    return "identity", [shown], layer.h[step, unit]


def _reset(layer: Layer, products: list[Product], reset: Any, unit: int) -> Iterator[Product]:
    """The products of a GRU's candidate: r · (W h(t−1) + bias) in place of W h(t−1)."""
    scale_of = f"{layer.name}/reset"
    for product in products:
        if product.symbol.startswith("W "):
            yield product._replace(symbol=f"reset · {product.symbol}", scale=float(reset), scale_of=scale_of)
            yield _one("reset · bn", layer.bias[unit], scale=float(reset), scale_of=scale_of)
        else:
            yield product


def _output(steps: Steps, name: str, step: int, unit: int) -> _Parts:
    """The score of a tag, o = V h + c, or its probability ŷ by the softmax of the scores."""
    parameters = steps.model.parameters
    o = steps.trace.o[step]
    if name == "o":
        products = [*_of_hidden(steps, "V", steps.spec.layers, parameters["output/V"][unit], step)]
        return "identity", [*products, _one("c", parameters["output/c"][unit])], o[unit]
    powers = np.exp(o.astype(np.float64) - o.max())
    tags = steps.model.tags.__getitem__
    part = Product(f"exp(o({step + 1}) − max)", powers, np.ones(len(o)), tags, "output/o", step)
    return _SOFTMAX, [part], steps.trace.y[step, unit]
