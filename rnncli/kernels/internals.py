"""Every undocumented part of Numba that is used here; importing this fails if the installed version lacks one."""

import pkgutil
from typing import Any

import numba

from rnncli.errors import RnncliError


def missing(name: str) -> RnncliError:
    """The error for a version of Numba without ``name``."""
    return RnncliError(
        f"Numba {numba.__version__} has no {name}, which the kernels need",
        hint="install a version of Numba that rnncli names in its requirements",
    )


def _part(module: str, name: str) -> Any:
    try:
        return pkgutil.resolve_name(f"numba.{module}:{name}")
    except (ImportError, AttributeError) as error:
        raise missing(f"numba.{module}.{name}") from error


# To store compiled kernels on disk.
NullCache = _part("core.caching", "NullCache")
dumps = _part("core.serialize", "dumps")
loads = _part("core.serialize", "loads")
reduce_result = _part("core.compiler", "CompileResult._reduce")
rebuild_result = _part("core.compiler", "CompileResult._rebuild")

# To compile a kernel within the one that calls it, and to call it from any thread.
cgutils = _part("core", "cgutils")
Flags = _part("core.compiler", "Flags")
compile_internal = _part("core.compiler", "compile_internal")
parse_as_flags = _part("core.registry", "cpu_target.options.parse_as_flags")
declare_function = _part("core.base", "BaseContext.declare_function")
Status = _part("core.callconv", "Status")
call_function = _part("core.callconv", "CPUCallConv.call_function")
return_status_propagate = _part("core.callconv", "CPUCallConv.return_status_propagate")

# To measure how long kernels are loaded and compiled.
Listener = _part("core.event", "Listener")
install_listener = _part("core.event", "install_listener")
