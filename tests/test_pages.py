"""The commands on the pages for contributors work, and the floors are those that the tests hold."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_floors import FLOORS

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs" / name for name in ("architecture.md", "check.md", "cluster.md", "models.md")),
]
COMMANDS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```bash\n(.*?)^```", page.read_text("utf-8"), re.M | re.S), 1)
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that a command may write into it."""
    copy = tmp_path_factory.mktemp("copy") / "rnncli"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "dist", "build")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    return copy


@pytest.mark.parametrize("block", COMMANDS)
def test_commands_on_a_page_work(block: str, checkout: Path) -> None:
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=checkout,
        env={"PATH": f"{scripts}:/usr/bin:/bin", "HOME": str(Path.home()), "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_the_floors_of_the_page_are_those_of_the_test() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page[page.index("<!-- floors -->") : page.index("<!-- end -->")]
    rows = [
        set(re.findall(r"`(\w+)`", line.split("|")[1])) for line in table.splitlines() if line.startswith("| `")
    ]
    assert FLOORS == rows


def test_the_set_up_is_that_of_the_readme() -> None:
    page, readme = ((ROOT / name).read_text("utf-8") for name in ("CONTRIBUTING.md", "README.md"))
    command = re.search(r"^\$ (python3 -m venv .*)$", page, re.M)
    assert command
    assert f"{command.group(1)} && .venv/bin/python -m pytest" in readme
