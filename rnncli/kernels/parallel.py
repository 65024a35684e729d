"""Kernels whose work several threads share: ``@parallel`` makes a kernel for all of the work from one for a part.

A parallel kernel is written for part ``part`` of ``parts``, and is called with a work queue in place of these two.
The caller publishes the work on the queue and does part 0. Worker threads, which wait in :func:`work`, prefer the
part with their own number, so that what they wrote before is still in the cache of their core. The caller does
every part that no worker has claimed, so that the work is done with any number of workers, or with none.
All of this is compiled code: between two kernels no thread waits for Python's lock and none sleeps. To publish work
takes 0.3 µs, to wake a sleeping thread 50.

What a part computes must not depend on the number of parts, so that no result does. If a part raises an exception,
for example because memory is exhausted, the other parts are still done, and then the caller raises it.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from rnncli.kernels import atomic, internals
from rnncli.kernels.atomic import intrinsic
from rnncli.kernels.compile import inner, jit
from rnncli.kernels.internals import cgutils

# Fields of a work queue. CLAIMS and FINISHED are written by all threads, so each has a cache line of its own.
CLAIMS = 0  # which parts of the current work are claimed, see below
FINISHED = 16  # how many parts were finished since the queue was made
BODY = 32  # address of the function that does a part of the current work
VALUES = 33  # address of its arguments
PARTS = 34  # how many parts work is divided into
PUBLISHED = 35  # how many parts were published since the queue was made
FIELDS = 48
# CLAIMS is one number, so that it can be read and changed at once: the low 32 bits say which parts are claimed, the
# next 8 how many parts there are, and the high 24 bits which work it is: the low bits of PUBLISHED.
MOST_PARTS = 32

# How often a waiting thread reads the queue before it yields its processor.
SPINS_PER_YIELD = 50

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_BODY = ir.FunctionType(ir.VoidType(), [_I64, _I64, _I64])  # address of a call, part, parts
# What the parts of one call share: the code of the first failure (0: none), its exception; the arguments follow.
_CODE, _EXCEPTION, _ARGUMENTS = range(3)


def work_queue(parts: int) -> NDArray[np.int64]:
    """Make a queue, (FIELDS,), that divides all work into so many parts, at least 1; over 32 count as 32."""
    if parts < 1:
        raise ValueError(f"work cannot be divided into {parts} parts")
    queue = np.zeros(FIELDS, np.int64)
    queue[PARTS] = min(parts, MOST_PARTS)
    return queue


SERIAL = work_queue(1)


@intrinsic
def _call(typingctx: Any, body: Any, values: Any, part: Any, parts: Any) -> Any:
    """Call a body that :func:`_body` made."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(builder.inttoptr(args[0], _BODY.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.none(*[types.int64] * 4), codegen


@intrinsic
def _body(typingctx: Any, function: Any, values: Any) -> Any:
    """Make a function that any thread can call for a part, and store its arguments; return both addresses.

    ``function`` is compiled here, as a part of its caller: to compile it by itself first would take twice as long.
    """
    arguments = types.intp, types.intp, *values.types
    dispatcher = function.dispatcher

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags: Any = internals.Flags()
        internals.parse_as_flags(flags, dispatcher.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        compiled = internals.compile_internal(
            context.typing_context,
            context,
            context.active_code_library,
            dispatcher.py_func,
            arguments,
            types.none,
            flags,
            {},
        )
        callee = context.declare_function(builder.module, compiled.fndesc)
        exception = callee.args[1].type.pointee
        layout = ir.LiteralStructType([_I64, exception, args[1].type])
        body = ir.Function(builder.module, _BODY, builder.module.get_unique_name(f"{callee.name}.body"))
        body.linkage = "internal"
        _define_body(context, body, callee, layout, arguments)
        call = cgutils.alloca_once(builder, layout)
        builder.store(_I64(0), _field(builder, call, _CODE))
        builder.store(args[1], _field(builder, call, _ARGUMENTS))
        addresses = [builder.ptrtoint(pointer, _I64) for pointer in (body, call)]
        return context.make_tuple(builder, signature.return_type, addresses)

    return types.UniTuple(types.int64, 2)(function, values), codegen


def _field(builder: Any, call: Any, number: int) -> Any:
    return builder.gep(call, [_I32(0), _I32(number)], inbounds=True)


def _define_body(context: Any, body: Any, callee: Any, layout: Any, arguments: Any) -> None:
    """Write the code of a body: load the arguments, do the part, and keep the exception if it is the first."""
    builder = ir.IRBuilder(body.append_basic_block())
    call = builder.inttoptr(body.args[0], layout.as_pointer())
    values = builder.load(_field(builder, call, _ARGUMENTS))
    numbers = [builder.extract_value(values, i) for i in range(len(arguments) - 2)]
    status, _ = context.call_conv.call_function(builder, callee, types.none, arguments, [*body.args[1:], *numbers])
    with cgutils.if_unlikely(builder, status.is_error):
        code = builder.zext(status.code, _I64)
        swap = builder.cmpxchg(_field(builder, call, _CODE), _I64(0), code, "acq_rel", "acquire")
        with builder.if_then(builder.extract_value(swap, 1)):
            builder.store(status.excinfoptr, _field(builder, call, _EXCEPTION))
    builder.ret_void()


@intrinsic
def _raise_exception(typingctx: Any, values: Any) -> Any:
    """Raise the exception that a part of a call has raised, if any; ``values``: as :func:`_body` returns it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        exception = builder.function.args[1].type.pointee
        call = builder.inttoptr(args[0], ir.LiteralStructType([_I64, exception]).as_pointer())
        code = builder.trunc(builder.load(_field(builder, call, _CODE)), _I32)
        with cgutils.if_unlikely(builder, cgutils.is_not_null(builder, code)):
            pointer = builder.load(_field(builder, call, _EXCEPTION))
            fields = dict.fromkeys(internals.Status._fields) | {"code": code, "excinfoptr": pointer}
            context.call_conv.return_status_propagate(builder, internals.Status(**fields))
        return context.get_dummy_value()

    return types.none(types.int64), codegen


@inner
def _do_part(queue, preferred):
    """Claim a part and do it, if possible part ``preferred``; return False if all were claimed already."""
    claims = atomic.load(queue, CLAIMS)
    parts = (claims >> 32) & 0xFF
    part = preferred
    if preferred >= parts or (claims >> preferred) & 1:
        part = 0
        while part < parts and (claims >> part) & 1:
            part += 1
        if part == parts:
            return False
    # New work is published only after all parts are claimed, so if the swap succeeds, both belong to these claims.
    body = queue[BODY]
    values = queue[VALUES]
    if atomic.compare_and_swap(queue, CLAIMS, claims, claims | (1 << part)):
        _call(body, values, part, parts)
        atomic.add(queue, FINISHED, 1)
    return True


@inner
def _do_all(queue, body, values):
    """Publish work, and return when all its parts are finished."""
    parts = queue[PARTS]
    if parts == 1:
        _call(body, values, 0, 1)
        return
    queue[BODY] = body
    queue[VALUES] = values
    queue[PUBLISHED] += parts
    atomic.store(queue, CLAIMS, (queue[PUBLISHED] << 40) | (parts << 32))
    while _do_part(queue, 0):
        pass
    spins = 0
    while atomic.load(queue, FINISHED) != queue[PUBLISHED]:
        spins = _spin(spins)


@inner
def _spin(spins):
    """Wait for about 20 ns; after every SPINS_PER_YIELD waits yield the processor; return the number of waits."""
    atomic.pause()
    if spins % SPINS_PER_YIELD == SPINS_PER_YIELD - 1:
        atomic.yield_processor()
    return spins + 1


@jit
def work(queue, preferred, most_spins):
    """Do parts of the work on a queue, if possible part ``preferred``, until ``most_spins`` reads find none."""
    spins = 0
    while spins < most_spins:
        spins = 0 if _do_part(queue, preferred) else _spin(spins)


def _whole(queue, *arguments):
    body, values = _body(part, arguments)  # type: ignore[name-defined]  # noqa: F821
    _do_all(queue, body, values)
    _raise_exception(values)


def parallel(kernel: Callable[..., Any]) -> Any:
    """Compile a kernel (part, parts, …) for one part as a kernel (queue, …) for all of the work."""
    # Each kernel needs a function of its own whose globals name its part: Numba's cache takes no closures.
    code = kernel.__code__
    code = _whole.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)
    names = {
        "part": jit(kernel),
        "_body": _body,
        "_do_all": _do_all,
        "_raise_exception": _raise_exception,
        "__name__": kernel.__module__,
    }
    whole = FunctionType(code, names, kernel.__name__)
    whole.__qualname__ = f"{kernel.__qualname__}.whole"
    whole.__doc__ = kernel.__doc__
    return jit(whole)


@inner
def share(part, parts, count, unit):
    """Return the first and the end of the items, of ``count``, that a part does; both are multiples of ``unit``."""
    units = -(-count // unit)
    return min(count, units * part // parts * unit), min(count, units * (part + 1) // parts * unit)


@inner
def _sentences_of(part, parts, offsets, unit):
    """How many sentences, a multiple of ``unit``, hold the share part / parts of the tokens of a packed batch."""
    steps = len(offsets) - 1
    sentences = offsets[min(1, steps)]
    count = 0
    tokens = 0
    while count < sentences and tokens * parts < offsets[steps] * part:
        count += unit
        tokens = 0
        for t in range(steps):
            tokens += min(count, offsets[t + 1] - offsets[t])
    return min(count, sentences)


@inner
def share_of_sentences(part, parts, offsets, unit):
    """The first and the end of the sentences of a packed batch that a part does; tokens are divided evenly."""
    return _sentences_of(part, parts, offsets, unit), _sentences_of(part + 1, parts, offsets, unit)
