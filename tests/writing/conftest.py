"""Devices for tests that could destroy those of the system."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def device(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a device such as ``null``; to root, who could replace that of the system, a copy of it."""
    folder = tmp_path_factory.mktemp("devices")

    def copied(name: str) -> Path:
        original, copy = Path("/dev") / name, folder / name
        if os.getuid() == 0 and not copy.exists():
            os.mknod(copy, stat.S_IFCHR | 0o666, original.stat().st_rdev)
        return copy if os.getuid() == 0 else original

    return copied
