"""Kernels that several threads share: ``@shared`` turns a kernel of one part of some work into one of all of it.

A shared kernel is written for part ``part`` of ``parts``, and called with a *queue* instead. The caller posts the
work there and does part 0; threads that stand by in :func:`work` have a part each that is theirs, so that what
they wrote is still in their cache when they read it. Nobody has to come: what no one else has begun the caller does
too. All of this is compiled code, so no thread waits for Python's lock, or sleeps, between two kernels: to hand
out work takes 0.3 µs, to wake a thread 50.

What a part computes must not depend on how many there are, so that no result does, and a part must not raise.
"""

import os
from collections.abc import Callable
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, compiler
from numpy.typing import NDArray

from rnncli.kernels.compile import inner, jit

# Places on a queue. Two that are written all the time are a line of the cache apart, and so is the rest.
TICKET, DONE, BODY, VALUES, PARTS, DUE = 0, 16, 32, 33, 34, 35
PLACES = 48
# A ticket is one number, so that it can be read and changed at once: 24 bits say which work it is about, 8 in how
# many parts, 32 which of them are begun.
MOST_PARTS = 32

# Looks at a queue between two that give way.
LOOKS = 50

_I64 = ir.IntType(64)
_BODY = ir.FunctionType(ir.VoidType(), [_I64, _I64, _I64])  # address of the arguments, part, parts
_IS_X86 = bool(llvm.get_host_cpu_features().get("sse2"))


def work_queue(parts: int) -> NDArray[np.int64]:
    """Make a queue, on which work is cut into so many parts."""
    places = np.zeros(PLACES, np.int64)
    places[PARTS] = min(parts, MOST_PARTS)
    return places


SERIAL = work_queue(1)


def _intrinsic(function: Callable[..., Any]) -> Any:
    """Numba's decorator; to a type checker its result is called like ``function``, which it is not."""
    return extending.intrinsic(function)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@_intrinsic
def _load(typingctx: Any, queue: Any, place: Any) -> Any:
    """Read a place, and all that was written before what is found there."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, args), "acquire", 8)

    return types.int64(queue, types.intp), codegen


@_intrinsic
def _store(typingctx: Any, queue: Any, place: Any, value: Any) -> Any:
    """Write a place after all that was written before."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _address(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.none(queue, types.intp, types.int64), codegen


@_intrinsic
def _add(typingctx: Any, queue: Any, place: Any, value: Any) -> Any:
    """Add to a place, whoever else does at the same time."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _address(context, builder, signature, args), args[2], "acq_rel")

    return types.int64(queue, types.intp, types.int64), codegen


@_intrinsic
def _replace(typingctx: Any, queue: Any, place: Any, old: Any, new: Any) -> Any:
    """Write ``new`` if ``old`` is still there; tell whether it was."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature, args)
        return builder.extract_value(builder.cmpxchg(address, args[2], args[3], "acq_rel", "acquire"), 1)

    return types.boolean(queue, types.intp, types.int64, types.int64), codegen


@_intrinsic
def _call(typingctx: Any, body: Any, values: Any, part: Any, parts: Any) -> Any:
    """Call a body, as :func:`_body` gives it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(builder.inttoptr(args[0], _BODY.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.none(*[types.int64] * 4), codegen


@_intrinsic
def _pause(typingctx: Any) -> Any:
    """Let the processor know that this is a loop that waits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _IS_X86:
            signature = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, signature, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.none(), codegen


@_intrinsic
def _yield_processor(typingctx: Any) -> Any:
    """Let another thread have the processor, if one wants it: it may be the one that is waited for."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if os.name == "posix":
            signature = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, signature, "sched_yield"), [])
        return context.get_dummy_value()

    return types.none(), codegen


@_intrinsic
def _body(typingctx: Any, function: Any, values: Any) -> Any:
    """Make a function that any thread can call, and put its arguments where it finds them; both addresses.

    ``function`` is compiled here, as a part of its caller: compiled by itself first it would take twice as long.
    """
    arguments = types.intp, types.intp, *values.types
    dispatcher = function.dispatcher

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags: Any = compiler.Flags()
        dispatcher.targetdescr.options.parse_as_flags(flags, dispatcher.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        library, kernel = context.active_code_library, dispatcher.py_func
        compiled = compiler.compile_internal(
            context.typing_context, context, library, kernel, arguments, types.none, flags, {}
        )
        callee = context.declare_function(builder.module, compiled.fndesc)
        body = ir.Function(builder.module, _BODY, builder.module.get_unique_name(f"{callee.name}.body"))
        body.linkage = "internal"
        inside = ir.IRBuilder(body.append_basic_block())
        found = inside.load(inside.inttoptr(body.args[0], args[1].type.as_pointer()))
        numbers = [inside.extract_value(found, i) for i in range(len(values.types))]
        context.call_conv.call_function(inside, callee, types.none, arguments, [*body.args[1:], *numbers])
        inside.ret_void()
        place = cgutils.alloca_once_value(builder, args[1])
        addresses = [builder.ptrtoint(pointer, _I64) for pointer in (body, place)]
        return context.make_tuple(builder, signature.return_type, addresses)

    return types.UniTuple(types.int64, 2)(function, values), codegen


@inner
def _run_part(queue, own):
    """Do a part that nobody has begun, best one's own; tell whether there was any."""
    ticket = _load(queue, TICKET)
    parts, part = (ticket >> 32) & 0xFF, own
    if own >= parts or (ticket >> own) & 1:
        part = 0
        while part < parts and (ticket >> part) & 1:
            part += 1
        if part == parts:
            return False
    # The ticket stands until the last part is begun, so what it was found with is what it is about.
    body, values = queue[BODY], queue[VALUES]
    if _replace(queue, TICKET, ticket, ticket | (1 << part)):
        _call(body, values, part, parts)
        _add(queue, DONE, 1)
    return True


@inner
def _run_parts(queue, body, values):
    """Have all parts of a body done."""
    parts = queue[PARTS]
    if parts == 1:
        _call(body, values, 0, 1)
        return
    queue[BODY], queue[VALUES] = body, values
    queue[DUE] += parts
    _store(queue, TICKET, (queue[DUE] << 40) | (parts << 32))
    while _run_part(queue, 0):
        pass
    looks = 0
    while _load(queue, DONE) != queue[DUE]:
        looks = _wait(looks)


@inner
def _wait(looks):
    """Wait for 20 ns or so, now and then for as long as others need the processor; count the looks."""
    _pause()
    if looks % LOOKS == LOOKS - 1:
        _yield_processor()
    return looks + 1


@jit
def work(queue, own, spins):
    """Do part ``own`` of all that is posted on a queue, until there was nothing for ``spins`` looks."""
    looks = 0
    while looks < spins:
        looks = 0 if _run_part(queue, own) else _wait(looks)


def _whole(queue, *arguments):
    body, values = _body(part, arguments)  # type: ignore[name-defined]  # noqa: F821
    _run_parts(queue, body, values)


def parallel(kernel: Callable[..., Any]) -> Any:
    """Compile a kernel (part, parts, …) of one part as a kernel (queue, …) of the whole.

    Numba's cache knows a function by its file, its name and its line, and a closure never again.
    """
    code = kernel.__code__
    code = _whole.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)
    names = {
        "part": jit(kernel),
        "_body": _body,
        "_run_parts": _run_parts,
        "__name__": kernel.__module__,
    }
    whole = FunctionType(code, names, kernel.__name__)
    whole.__qualname__, whole.__doc__ = f"{kernel.__qualname__}.whole", kernel.__doc__
    return jit(whole)


@inner
def share(part, parts, count, unit):
    """The first and the end of ``count`` things that a part does, in whole units of so many."""
    units = -(-count // unit)
    return min(count, units * part // parts * unit), min(count, units * (part + 1) // parts * unit)


@inner
def _sentences_of(part, parts, offsets, unit):
    """How many sentences, in whole units from the first, have ``part`` of ``parts`` of a packed batch's tokens."""
    steps, sentences = len(offsets) - 1, offsets[min(1, len(offsets) - 1)]
    count = found = 0
    while count < sentences and found * parts < offsets[steps] * part:
        count += unit
        found = 0
        for t in range(steps):
            found += min(count, offsets[t + 1] - offsets[t])
    return min(count, sentences)


@inner
def share_of_sentences(part, parts, offsets, unit):
    """The first and the end of the sentences of a packed batch that a part does: about equal numbers of tokens."""
    return _sentences_of(part, parts, offsets, unit), _sentences_of(part + 1, parts, offsets, unit)
