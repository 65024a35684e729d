"""The program docs/export/lookup.py, as tests use it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "export"


@pytest.fixture(scope="session")
def lookup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lookup", FOLDER / "lookup.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
