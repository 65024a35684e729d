"""Every command gives in any environment what it gives in a usual one, or one clear error."""

import compileall
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from invocations import INVOCATIONS, Invocation, files
from promises import Cases

from rnncli.cli.printable import printable
from rnncli.json_text import printable_json
from rnncli.kernels import cache

ROOT = Path(__file__).parents[2]
# Permissions bind root only without its capabilities.
BOUND = (
    ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 and shutil.which("setpriv") else []
)
# What they print is about the machine.
OF_THE_MACHINE = {"doctor", "study tune"}
# What they print has names of files in tables, which are wider for longer names.
OF_NAMES = {"check"}
# Figures of speed, and what depends on the number of CPUs.
VARYING = re.compile(
    r'"(?:seconds|tokens_per_second)": [\d.e-]+|"time": {[^}]*}|about [\d,.]+ s on \d+ threads?', re.ASCII
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Environment(NamedTuple):
    """What is different from usual.

    variables  of the environment, beside PATH and PYTHONPATH
    name       the first part of the names of all files, and the name of the folder that holds them
    shell      commands of a shell in front of the command line; ``exec "$@"`` comes after them
    cpus       how many may be used, 0 for all
    is_read_only  the package and the kernels cannot be written, and a program that tries is refused
    has_cache  whether there is a folder with compiled kernels; without it they may be compiled at every start
    """

    variables: Mapping[str, str] = MappingProxyType({})
    name: str = "usual name"
    shell: str = ""
    umask: int = 0o22
    cpus: int = 0
    is_read_only: bool = False
    has_cache: bool = True


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
ODD_NAMES = {
    "spaces": " a  b ",
    "newline": "two\nlines",
    "tab": "a\tb",
    "quotes": 'it\'s "a"',
    "shell": "$HOME `ls` *? ~ ! &;",
    "not ASCII": "數據 é",
    "not UTF-8": os.fsdecode(b"a\xff\xfeb"),
    "control characters": "a\x1b[31mb\x9b\x7f",
    "dash": "-xyz",
    "option": "--force",
    "backslashes": "a\\nb\\",
    "brackets": "[red]{0}%s",
    "long": "é" * 124,  # 248 bytes, and 255 with a suffix, which is the most
}
USUAL = Environment()
# All that can be wrong at once.
WORST = Environment(
    {"TMPDIR": "/proc/none", **ASCII},
    os.fsdecode("- \n\t'\"$x é數\u202e".encode() + b"\xff"),
    "ulimit -n 32",
    0,
    1,
    is_read_only=True,
)
ENVIRONMENTS = {
    "no HOME": Environment(has_cache=False),
    "HOME does not exist": Environment({"HOME": "/proc/none"}, is_read_only=True, has_cache=False),
    "HOME is empty": Environment({"HOME": ""}, has_cache=False),
    "HOME is a file": Environment({"HOME": "/etc/passwd"}, has_cache=False),
    "XDG_CACHE_HOME is a device": Environment({"XDG_CACHE_HOME": "/dev/null"}, has_cache=False),
    "read-only installation": Environment(is_read_only=True),
    "TMPDIR does not exist": Environment({"TMPDIR": "/proc/none"}),
    "TMPDIR cannot be written": Environment({"TMPDIR": "/proc"}),
    "C locale": Environment(ASCII),
    "locale does not exist": Environment({"LC_ALL": "zh_TW.Big5", "LANG": "zh_TW.Big5"}),
    "Turkish": Environment({"LC_ALL": "tr_TR.UTF-8"}),
    "UTF-16": Environment({"PYTHONIOENCODING": "utf-16"}),
    "umask 000": Environment(umask=0),
    "umask 077": Environment(umask=0o77),
    "umask 777": Environment(umask=0o777),
    "one CPU": Environment(cpus=1),
    "20 open files": Environment(shell="ulimit -n 20"),
    "no width": Environment({"COLUMNS": "0"}),
    "safe path": Environment({"PYTHONSAFEPATH": "1"}),
    "no docstrings": Environment({"PYTHONOPTIMIZE": "2"}),
    "warnings are errors": Environment({"PYTHONWARNINGS": "error"}),
    "other threads of BLAS": Environment({"OPENBLAS_NUM_THREADS": "0", "OMP_NUM_THREADS": "x"}),
    **{f"names with {what}": Environment(name=name) for what, name in ODD_NAMES.items()},
}
# They need mounts of this process alone, which only root can make, and not in every container.
MOUNTS = {
    "no /proc": "umount -l /proc",
    "no /dev": "mount -t tmpfs none /dev",
    "no /sys": "umount -l /sys/fs/cgroup; umount -l /sys",
}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that other users may enter, with a package and compiled kernels that they may read."""
    folder = Path(tempfile.mkdtemp(prefix="rnncli environments "))
    assert ran(folder, INVOCATIONS["train"], Environment(dict(os.environ), has_cache=False)).code == 0  # compiles
    for name in ("rnncli", "models", "sample_data"):
        shutil.copytree(ROOT / name, folder / "package" / name)
    compileall.compile_dir(folder / "package", quiet=1)
    kernels = folder / "cache/rnncli/kernels" / cache.source_hash()
    kernels.parent.mkdir(parents=True)
    shutil.copytree(cache.CACHE_DIRECTORY, kernels) if cache.CACHE_DIRECTORY else kernels.mkdir()
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


ON_ONE_CPU = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
os.execv(sys.argv[1], sys.argv[1:])
"""


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    written: bytes


def ran(place: Path, invocation: Invocation, environment: Environment, **options: Any) -> Outcome:
    """Run a command in a new folder of the environment's name, and remove the folder."""
    folder = Path(tempfile.mkdtemp(dir=place)) / environment.name
    folder.mkdir()
    files(folder)
    data, texts = (folder / name for name in ("data.tsv", "texts.txt"))
    names = [environment.name + suffix for suffix in (".tsv", ".txt", invocation.writes or ".out")]
    data.rename(folder / names[0])
    texts.rename(folder / names[1])
    options = {"cwd": folder, "umask": environment.umask, **options}
    variables = {
        "PATH": "/usr/sbin:/usr/bin:/bin",
        "PYTHONPATH": str(place / "package" if environment.is_read_only else ROOT),
        **({"XDG_CACHE_HOME": str(place / "cache")} if environment.has_cache else {}),
        **environment.variables,
    }
    line = [sys.executable, "-m", "rnncli", *invocation.words(*names)]
    if environment.cpus:
        line = [sys.executable, "-c", ON_ONE_CPU, *line]
    if environment.shell:
        line = ["sh", "-c", f'{environment.shell}\nexec "$@"', "sh", *line]
    if environment.is_read_only:
        line = [*BOUND, *line]
    child = subprocess.run(line, env=variables, capture_output=True, check=False, timeout=600, **options)
    left = {path.name for path in folder.iterdir() if path.suffix != ".study"}  # which studies go on from
    assert left - {names[2]} == set(names[:2])
    written = b""
    if names[2] in left:
        (folder / names[2]).chmod(0o600)
        written = (folder / names[2]).read_bytes()
    shutil.rmtree(folder)
    stdout = VARYING.sub("", child.stdout.decode())
    name = environment.name
    if environment.variables.get("PYTHONUTF8") == "0":  # then each byte of a name that is not ASCII is shown
        name = os.fsencode(name).decode("ascii", "surrogateescape")
    plain = printable(name)
    in_json = (printable_json(json.dumps(text, ensure_ascii=False))[1:-1] for text in (name, plain))
    for text in (*in_json, plain, str(place / "package"), str(ROOT)):
        stdout = stdout.replace(text, "NAME")
    return Outcome(child.returncode, stdout, child.stderr.decode(), written)


@pytest.fixture(scope="module")
def usual(place: Path) -> dict[str, Outcome]:
    """What every command gives in a usual environment."""
    outcomes = {name: ran(place, invocation, USUAL) for name, invocation in INVOCATIONS.items()}
    for name, outcome in outcomes.items():
        assert (outcome.code, bool(outcome.written)) == (0, bool(INVOCATIONS[name].writes)), outcome.stderr
    return outcomes


def check(place: Path, usual: dict[str, Outcome], environment: Environment, names: Iterable[str]) -> None:
    """Compare commands in an environment with the same commands in the usual one."""
    for name in names:
        outcome = ran(place, INVOCATIONS[name], environment)
        assert outcome.code == 0, (name, outcome.stderr)
        assert not CONTROL.search(outcome.stderr), name
        assert "Traceback" not in outcome.stderr and "Warning" not in outcome.stderr, (name, outcome.stderr)
        command = INVOCATIONS[name].command
        assert outcome.written == usual[name].written, name
        if command not in OF_THE_MACHINE and (command not in OF_NAMES or environment.name == USUAL.name):
            assert outcome.stdout == usual[name].stdout, name


@pytest.mark.promise("environments")
def test_every_command_works_where_everything_is_unusual(
    place: Path, usual: dict[str, Outcome], cases: Cases
) -> None:
    check(place, usual, WORST, cases.counted(INVOCATIONS))


@pytest.mark.promise("environments")
def test_every_command_works_in_every_environment(
    place: Path, usual: dict[str, Outcome], cases: Cases, long: bool
) -> None:
    for number, environment in enumerate(ENVIRONMENTS.values()):
        names = list(INVOCATIONS)
        if not long:  # one command in one of three environments
            names = [] if number % 3 or not environment.has_cache else [names[number // 3 % len(names)]]
        check(place, usual, environment, cases.counted(names))


@pytest.mark.promise("environments")
@pytest.mark.parametrize("shell", MOUNTS.values(), ids=MOUNTS)
def test_every_command_works_without_folders_of_the_system(
    place: Path, usual: dict[str, Outcome], cases: Cases, long: bool, shell: str
) -> None:
    apart = ["unshare", "--mount", "sh", "-c"]
    if not shutil.which(apart[0]) or subprocess.run([*apart, shell], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no mounts")
    words = shlex.join([*apart, f'{shell}\nexec "$@"', "sh"])
    names = [name for name in INVOCATIONS if name not in OF_THE_MACHINE] if long else ["train", "tag"]
    check(place, usual, Environment(shell=f'exec {words} "$@"'), cases.counted(names))


@pytest.mark.promise("environments")
def test_the_current_folder_may_have_been_removed(
    place: Path, usual: dict[str, Outcome], cases: Cases, long: bool
) -> None:
    """Full names work; a relative name of a file to read or to write is one error."""
    removing = Environment(shell='mkdir removed; cd removed; rmdir "$OLDPWD/removed"')
    for name in INVOCATIONS if long else ["train", "tag a file", "convert to stdout", "evaluate"]:
        words = INVOCATIONS[name].words("\0", "\0", "\0")
        needs_file = any("\0" in word for word in words)
        outcome = ran(place, INVOCATIONS[name], removing)
        cases.add()
        if needs_file:
            assert (outcome.code, outcome.written) == (5, b"")
            assert re.search("(?m)^error: usual name", outcome.stderr), outcome.stderr
            assert outcome.stderr.count("error: ") == 1
        else:
            assert outcome.code == 0
            assert outcome.stdout == usual[name].stdout or name in OF_THE_MACHINE


@pytest.mark.promise("environments")
@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
def test_an_error_about_a_name_is_in_one_line(run: Any, name: str) -> None:
    """A line of its own could be taken for one of rnncli."""
    Path(f"{name}.tsv").write_text("leave\tO\n", "utf-8")
    for command in (["evaluate", "--", f"{name}.none"], ["convert", "--", f"{name}.tsv", f"{name}.none"]):
        result = run(*command)
        *notes, error, hint = result.stderr.splitlines()
        assert result.exit_code in (2, 5)
        assert not [line for line in notes if not line.startswith("model   ")]
        assert error.startswith("error: ")
        assert hint.startswith("  ")


@pytest.mark.promise("environments")
@pytest.mark.parametrize(
    ("name", "megabytes", "code"), [("tag", 100, 2), ("tag", 250, 0), ("train", 100, 2), ("train", 350, 2)]
)
def test_too_few_addresses_are_one_error(place: Path, name: str, megabytes: int, code: int) -> None:
    """Libraries would end the process, or never end, where they cannot be loaded."""
    outcome = ran(place, INVOCATIONS[name], Environment(shell=f"ulimit -v {1024 * megabytes}"))
    assert outcome.code == code
    if code:
        assert "of addresses, and the limit leaves" in outcome.stderr
        assert outcome.stderr.endswith("\n  raise the limit: ulimit -v unlimited\n")


@pytest.mark.promise("environments")
def test_a_usual_umask_decides_who_may_read_a_result(place: Path) -> None:
    """The temporary file is private until it is complete; then the result is as open as any new file."""
    for umask in (0, 0o22, 0o77):
        folder = place / "runs" / f"{umask:o}"
        folder.mkdir(parents=True)
        files(folder)
        words = INVOCATIONS["convert"].words(out="out.tsv")
        subprocess.run(
            [sys.executable, "-m", "rnncli", *words], cwd=folder, umask=umask, check=True, capture_output=True
        )
        assert (folder / "out.tsv").stat().st_mode & 0o777 == 0o666 & ~umask
