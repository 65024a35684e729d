"""Builds a graph of ONNX, node by node. The library comes with the extra ``onnx`` and is imported here alone.

Nothing reads a file of ONNX here, and weights are always inside the file: references to other files in such files
have been a way to read what a user did not mean to give.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import __version__
from rnncli.errors import UsageError

try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError as error:
    raise UsageError("--to onnx needs the library onnx", hint='pip install "rnncli[onnx]"') from error

Array = NDArray[Any]

# Runtimes read files up to the versions that they know. These are of 2022, and the first ones in which all
# operators used here have their present form. onnxruntime 1.17 to 1.32 was tried.
OPSET = 18
IR_VERSION = 8


class Value(NamedTuple):
    """An input or an output of a graph."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int | str, ...]  # a text names a size that is not fixed

    def info(self) -> Any:
        """The same for ONNX."""
        return helper.make_tensor_value_info(
            self.name, helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype)), self.shape
        )


class Graph:
    """Nodes and constants in the order in which they are added. Values are known by their names."""

    def __init__(self, within: "Graph | None" = None) -> None:
        """``within``: the graph that this one is the body of; it may use the values of that graph."""
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {} if within is None else within._constants
        self._numbers: Counter[str] = Counter() if within is None else within._numbers

    def constant(self, name: str, array: Array) -> str:
        """Add an array, once for each name; return the name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return the name of that."""
        return self.add_all(operator, *inputs, outputs=[name or self._new(operator)], **attributes)[0]

    def add_all(self, operator: str, *inputs: str, outputs: list[str], **attributes: Any) -> list[str]:
        """Add a node, and return the names of its outputs."""
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=self._new("node"), **attributes))
        return outputs

    def _new(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}_{self._numbers[kind]}"

    def scan(
        self,
        body: "Graph",
        states: Mapping[Value, tuple[str, str]],
        read: Value,
        array: str,
        written: Value,
        backwards: bool = False,
    ) -> tuple[list[str], str]:
        """Run a body once for each row of an array, from the last one to the first if ``backwards``.

        states   for each value that the body gets from the row before: what it is before the first row, and the
                 name that the body gives it for the next one
        read     what the body gets of the array
        written  what the body computes for each row

        Returns the last values of the states, and the array of all that was written, in the order of the rows.
        """
        after = [state._replace(name=following) for state, (_, following) in states.items()]
        graph = helper.make_graph(
            body._nodes,
            self._new("body"),
            [value.info() for value in (*states, read)],
            [value.info() for value in (*after, written)],
        )
        outputs = self.add_all(
            "Scan",
            *(first for first, _ in states.values()),
            array,
            outputs=[self._new("Scan") for _ in (*states, written)],
            body=graph,
            num_scan_inputs=1,
            scan_input_directions=[int(backwards)],
            scan_output_directions=[int(backwards)],
        )
        return outputs[:-1], outputs[-1]

    def file(self, inputs: list[Value], outputs: list[Value], metadata: Mapping[str, str], notes: str) -> bytes:
        """The bytes of a file with this graph, after ONNX has checked it."""
        graph = helper.make_graph(
            self._nodes,
            "rnncli",
            [value.info() for value in inputs],
            [value.info() for value in outputs],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="rnncli",
            producer_version=__version__,
            doc_string=notes,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
