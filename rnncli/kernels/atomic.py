"""Atomic operations on the fields of an array of int64, and what a waiting thread calls."""

import os
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import extending, types

from rnncli.kernels.internals import cgutils

_IS_X86 = bool(llvm.get_host_cpu_features().get("sse2"))


def intrinsic(function: Callable[..., Any]) -> Any:
    """Numba's decorator. A type checker would take its result for ``function``, which has other arguments."""
    return extending.intrinsic(function)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    fields = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(fields.data, [args[1]])


@intrinsic
def load(typingctx: Any, array: Any, field: Any) -> Any:
    """Read a field atomically; what its writer had written before is then visible (acquire)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, args), "acquire", 8)

    return types.int64(array, types.intp), codegen


@intrinsic
def store(typingctx: Any, array: Any, field: Any, value: Any) -> Any:
    """Write a field atomically, after everything that this thread has written before (release)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[2], _address(context, builder, signature, args), "release", 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, types.int64), codegen


@intrinsic
def add(typingctx: Any, array: Any, field: Any, value: Any) -> Any:
    """Add to a field atomically."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _address(context, builder, signature, args), args[2], "acq_rel")

    return types.int64(array, types.intp, types.int64), codegen


@intrinsic
def compare_and_swap(typingctx: Any, array: Any, field: Any, old: Any, new: Any) -> Any:
    """Write ``new`` atomically if the field still holds ``old``; tell whether it did."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature, args)
        return builder.extract_value(builder.cmpxchg(address, args[2], args[3], "acq_rel", "acquire"), 1)

    return types.boolean(array, types.intp, types.int64, types.int64), codegen


@intrinsic
def pause(typingctx: Any) -> Any:
    """Tell the processor that this loop only waits, so that it runs other work or saves power."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _IS_X86:
            signature = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, signature, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def yield_processor(typingctx: Any) -> Any:
    """Let the operating system run another thread on this processor, perhaps the one that this thread waits for."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if os.name == "posix":
            signature = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, signature, "sched_yield"), [])
        return context.get_dummy_value()

    return types.none(), codegen
