"""Tiles of matrices held in vector registers: the innermost loops of products and of transposing.

When a product is written as loops, the compiler keeps few of the sums in registers and spends most of the time on
loading and storing them: 100–160 GFLOP/s in float32 on one thread. Here a tile of the product is written as vector
instructions, 4 rows by 4 vectors: 16 sums in registers; each pass adds the products of 4 vectors of b and 4 numbers
of a. This reaches 180–240 GFLOP/s. To transpose number by number takes two to four times as long as by tiles.

Every element is summed in the same order whatever the size of the block, so a row of a product does not
depend on the other rows.
"""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

_FEATURES = llvm.get_host_cpu_features()
# Bytes of a vector register: AVX-512, AVX, else SSE or NEON.
VECTOR_BYTES = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16
# The sums take half of the registers: there are 32, or 16 on x86 without AVX-512.
ROWS = 4
VECTORS = 2 if _FEATURES.get("sse2") and not _FEATURES.get("avx512f") else 4

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_FLOATS = {32: ir.FloatType(), 64: ir.DoubleType()}
# Multiplication and addition may become one instruction; the order of additions is kept.
_FLAGS = ("contract",)


@intrinsic
def add_tile(typingctx: Any, a: Any, a_at: Any, across: Any, along: Any, b: Any, b_at: Any,
             out: Any, out_at: Any, rows: Any, columns: Any, k: Any) -> Any:  # fmt: skip
    """out[r, c] += Σ a[r, q] b[q, c] for r < min(rows, ROWS), c < min(columns, VECTORS · lanes), q < k.

    a                 (·, ·), with a[r, q] at position a_at + r · across + q · along
    b, out            (·, ·), with b[0, 0] at position b_at and out[0, 0] at out_at
    rows, columns, k  each at least 1

    All arrays are contiguous and positions count from their first element. Where rows < ROWS the last row is
    computed several times and stored with the same numbers; nothing outside the block is read or written.
    """
    if not all(array.layout == "C" and array.dtype == a.dtype for array in (a, b, out)):
        raise TypingError("factors and sum must be contiguous arrays of one type")
    n = types.intp

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, a_at, across, along, _, b_at, _, out_at, rows, columns, k = args
        of_a, of_b, of_out = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 4, 6))
        out_step = builder.extract_value(of_out.shape, 1)
        last = builder.sub(rows, _I64(1))
        a_rows, out_rows = [], []
        for number in range(ROWS):
            r = _I64(number)
            r = builder.select(builder.icmp_signed("<", r, last), r, last)
            a_rows.append(builder.gep(of_a.data, [builder.add(a_at, builder.mul(r, across))]))
            out_rows.append(builder.gep(of_out.data, [builder.add(out_at, builder.mul(r, out_step))]))
        b_row = builder.gep(of_b.data, [b_at])
        b_step = builder.extract_value(of_b.shape, 1)

        lanes = VECTOR_BYTES * 8 // a.dtype.bitwidth
        vector_count = builder.sdiv(builder.add(columns, _I64(lanes - 1)), _I64(lanes))
        whole = builder.append_basic_block("whole")
        done = builder.append_basic_block("done")
        is_whole = builder.icmp_signed(">=", columns, _I64(VECTORS * lanes))
        choice = builder.switch(builder.select(is_whole, _I64(0), vector_count), whole)
        for vectors in range(VECTORS + 1):
            block = builder.append_basic_block("ragged") if vectors else whole
            if vectors:
                choice.add_case(_I64(vectors), block)
            builder.position_at_end(block)
            tile = _Tile(builder, a.dtype.bitwidth, vectors or VECTORS, columns if vectors else None)
            tile.add(a_rows, along, b_row, b_step, out_rows, k)
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.none(a, n, n, n, b, n, out, n, n, n, n), codegen


@intrinsic
def transpose_tile(typingctx: Any, x: Any, at: Any, step: Any, out: Any, out_at: Any, out_step: Any) -> Any:
    """out[c, r] = x[r, c] for r, c < lanes, the numbers of a vector register.

    x, out          (·,)  with x[r, c] at position at + r · step + c, out[c, r] at out_at + c · out_step + r
    step, out_step  width of the matrix and of the transposed one
    """
    bits = x.dtype.bitwidth
    n = types.intp

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = VECTOR_BYTES * 8 // bits
        half = lanes // 2
        vector = ir.VectorType(_FLOATS[bits], lanes)

        def rows(number: int) -> list[Any]:
            data = context.make_array(signature.args[number])(context, builder, args[number]).data
            at, step = args[number + 1 : number + 3]
            starts = [builder.gep(data, [builder.add(at, builder.mul(step, _I64(k)))]) for k in range(lanes)]
            return [builder.bitcast(start, vector.as_pointer()) for start in starts]

        values = [builder.load(row, align=bits // 8) for row in rows(0)]
        # To interleave the first and the second half of the rows log2(lanes) times makes columns of rows.
        index_type = ir.VectorType(_I32, lanes)
        patterns = [[first + k // 2 + k % 2 * lanes for k in range(lanes)] for first in (0, half)]
        for _ in range(lanes.bit_length() - 1):
            pairs = [(values[k], values[k + half]) for k in range(half)]
            values = [
                builder.shuffle_vector(*pair, ir.Constant(index_type, pattern))
                for pair in pairs
                for pattern in patterns
            ]
        for row, value in zip(rows(3), values, strict=True):
            builder.store(value, row, align=bits // 8)
        return context.get_dummy_value()

    return types.none(x, n, n, out, n, n), codegen


class _Tile:
    """Emits a tile with ``vectors`` vectors a row; the last one is masked beyond ``columns``, if given."""

    def __init__(self, builder: Any, bits: int, vectors: int, columns: Any) -> None:
        self.builder = builder
        self.vectors = vectors
        self.lanes = VECTOR_BYTES * 8 // bits
        self.align = bits // 8
        self.vector = ir.VectorType(_FLOATS[bits], self.lanes)
        self.mask = None
        if columns is not None:
            numbers = list(range((vectors - 1) * self.lanes, vectors * self.lanes))
            lanes = ir.Constant(ir.VectorType(_I64, self.lanes), numbers)
            self.mask = builder.icmp_signed("<", lanes, self._splat(columns))

    def add(self, a: list[Any], a_step: Any, b: Any, b_step: Any, out: list[Any], k: Any) -> None:
        """Emit the loop over k; ``a`` and ``out``: the address of each row, ``b``: that of the first row."""
        builder = self.builder
        before = builder.block
        loop = builder.append_basic_block("loop")
        after = builder.append_basic_block("after")
        first = [value for row in out for value in self._load(row)]
        builder.branch(loop)

        builder.position_at_end(loop)
        q = builder.phi(_I64)
        sums = [builder.phi(self.vector) for _ in first]
        b_row = self._load(builder.gep(b, [builder.mul(q, b_step)]))
        column = builder.mul(q, a_step)
        added = []
        for number, row in enumerate(a):
            factor = self._splat(builder.load(builder.gep(row, [column]), align=self.align))
            for value, total in zip(b_row, sums[number * self.vectors :], strict=False):
                product = builder.fmul(factor, value, flags=_FLAGS)
                added.append(builder.fadd(total, product, flags=_FLAGS))
        following = builder.add(q, _I64(1))
        for phi, start, value in zip([q, *sums], [_I64(0), *first], [following, *added], strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", following, k), loop, after)

        builder.position_at_end(after)
        for number, row in enumerate(out):
            self._store(row, added[number * self.vectors : (number + 1) * self.vectors])

    def _splat(self, value: Any) -> Any:
        """Copy a number into every lane."""
        undefined = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(undefined, value, _I32(0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def _address(self, row: Any, number: int) -> Any:
        start = self.builder.gep(row, [_I64(number * self.lanes)])
        return self.builder.bitcast(start, self.vector.as_pointer())

    def _is_masked(self, number: int) -> bool:
        return self.mask is not None and number == self.vectors - 1

    def _masked(self, kind: str, result: Any, arguments: list[Any]) -> Any:
        """Call LLVM's masked load or store, which access no memory outside the mask."""
        signature = ir.FunctionType(result, [argument.type for argument in arguments])
        name = f"llvm.masked.{kind}.v{self.lanes}f{self.align * 8}.p0"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, signature, name), arguments)

    def _load(self, row: Any) -> list[Any]:
        """Load the vectors of a row."""
        values = []
        for number in range(self.vectors):
            address = self._address(row, number)
            zeros = ir.Constant(self.vector, None)
            if self._is_masked(number):
                values.append(self._masked("load", self.vector, [address, _I32(self.align), self.mask, zeros]))
            else:
                values.append(self.builder.load(address, align=self.align))
        return values

    def _store(self, row: Any, values: list[Any]) -> None:
        """Store the vectors of a row."""
        for number, value in enumerate(values):
            address = self._address(row, number)
            if self._is_masked(number):
                self._masked("store", ir.VoidType(), [value, address, _I32(self.align), self.mask])
            else:
                self.builder.store(value, address, align=self.align)
