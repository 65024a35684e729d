"""writing.outputs: what is read, what others wrote and what is no file is not written over."""

import gzip
import io
import os
import pickle
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from promises import Cases

from rnncli import writing
from rnncli.errors import FileError, RnncliError, UsageError
from rnncli.inspect import chart, gradient_log, page
from rnncli.resources import bundled
from rnncli.writing import FIGURE, LOG, MODEL, PAGE, TEXT, Kind, Output

if TYPE_CHECKING:
    from rnncli.model import Model

# Whether this is root of a machine and not of a container, which may have one user only.
HAS_USERS = os.getuid() == 0 and int(Path("/proc/self/uid_map").read_text().split()[2]) > 2**16

KINDS = (MODEL, PAGE, FIGURE, LOG, TEXT)


def check(path: str | Path, kind: Kind = TEXT, overwrite: bool = False, **inputs: str | Path) -> None:
    writing.check([Output("--out", path, kind)], {f"--{name}": value for name, value in inputs.items()}, overwrite)


# Files that are read.

# What another name of a file may be.
NAMES: dict[str, Callable[[Path, Path], Path | str]] = {
    "the same": lambda path, folder: path,
    "relative": lambda path, folder: os.path.relpath(path),
    "through a folder": lambda path, folder: f"{path.parent}/../{path.parent.name}/./{path.name}",
    "a hard link": lambda path, folder: linked(path, folder / "hard", os.link),
    "a symbolic link": lambda path, folder: linked(path, folder / "soft", os.symlink),
    "a link to a link": lambda path, folder: linked(
        linked(path, folder / "soft", os.symlink), folder / "softer", os.symlink
    ),
    "through a linked folder": lambda path, folder: linked(path.parent, folder / "folder", os.symlink) / path.name,
    "an open file": lambda path, folder: f"/dev/fd/{os.open(path, os.O_RDWR)}",
}


def linked(path: Path, link: Path, make: Callable[[Path, Path], None]) -> Path:
    make(path, link)
    return link


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.example)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_is_read_is_not_written_by_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind, overwrite: bool, cases: Cases
) -> None:
    for number, name in enumerate(NAMES):
        for is_input_renamed in cases.counted((False, True)):
            folder = tmp_path / f"{number}{is_input_renamed}"
            folder.mkdir()
            path = folder / "in.tsv"
            path.write_text("data")
            monkeypatch.chdir(folder)
            other = NAMES[name](path, folder)
            output, source = (path, other) if is_input_renamed else (other, path)
            with pytest.raises(UsageError) as caught:
                check(output, kind, overwrite, dev=source)
            message = f"--out {output} would replace a file that is read: --dev {source}"
            assert f"{message}\n  write another file; it can be renamed afterwards" == str(caught.value)


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("redirected", ["< data", "<> data"])
def test_what_stdin_reads_is_not_written(tmp_path: Path, redirected: str) -> None:
    (tmp_path / "data").write_text("data")
    script = (
        "from rnncli import writing as w; w.check([w.Output('OUT', 'data', w.TEXT)], {'IN': '-'}, overwrite=True)"
    )
    command = f'"{sys.executable}" -c "{script}" {redirected}'
    child = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "UsageError: OUT data would replace a file that is read: stdin" in child.stderr


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("redirected", [">> data", "1<> data"])
def test_what_is_read_does_not_grow_by_stdout(tmp_path: Path, redirected: str) -> None:
    (tmp_path / "data").write_text("data")
    script = "from rnncli import writing as w; w.check([w.Output('stdout', '-', None)], {'--input': 'data'})"
    command = f'"{sys.executable}" -c "{script}" {redirected}'
    child = subprocess.run(["sh", "-c", command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert "UsageError: stdout would replace a file that is read: --input data" in child.stderr
    assert "data" == (tmp_path / "data").read_text()


def test_inputs_that_are_no_files_are_no_reason(tmp_path: Path) -> None:
    inputs = {"missing": tmp_path / "missing", "nul": "a\0b", "empty": "", "none": "none", "null": "/dev/null"}
    check(tmp_path / "out", **inputs)
    check("/dev/null", **inputs)


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("is_there", [False, True])
def test_two_outputs_are_two_files(tmp_path: Path, is_there: bool, cases: Cases) -> None:
    first = tmp_path / "é.html"
    (tmp_path / "link").symlink_to("é.html")
    others = [first, f"{tmp_path}/./é.html", tmp_path / "link"]
    if is_there:
        first.touch()
        (tmp_path / "hard").hardlink_to(first)
        others.append(tmp_path / "hard")
    else:  # one name on some systems
        others += [tmp_path / "É.HTML", tmp_path / "e\u0301.html"]
    for second in cases.counted(others):
        with pytest.raises(UsageError) as caught:
            writing.check([Output("--html", first, PAGE), Output("--svg", second, FIGURE)], {}, overwrite=True)
        message = f"--html {first} and --svg {second} are the same file\n  name another file for one of them"
        assert message == str(caught.value)
    writing.check([Output("--html", first, PAGE), Output("--svg", tmp_path / "other", FIGURE)], {})
    writing.check([Output("--html", "/dev/null", PAGE), Output("--svg", "/dev/null", FIGURE)], {})
    with pytest.raises(UsageError, match="--html and --svg both write to stdout"):
        writing.check([Output("--html", "-", PAGE), Output("--svg", "-", FIGURE)], {})


# Files that others wrote.


@pytest.fixture
def written(tiny: "Model", tmp_path: Path) -> dict[str, bytes]:
    """A file of each kind as rnncli writes it, by its example, and others that look like them."""
    from rnncli.inspect.document import Question, document
    from rnncli.modelfile import save

    save(tiny, tmp_path / "model")
    shown = document(tiny, Question(["leave Taipei"]))
    log = gradient_log.Log(tmp_path / "log", [])
    log.begin(1)
    writing.write_text(log.path, gradient_log.json.dumps(log.document))
    files = {
        "model.npz": (tmp_path / "model").read_bytes(),
        "page.html": page.render(shown).encode(),
        "figure.svg": page.figure(shown, "ablation").encode(),
        "log.json": (tmp_path / "log").read_bytes(),
    }
    (tmp_path / "model").unlink()
    (tmp_path / "log").unlink()
    return files


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


FOREIGN = {
    "text": b"important",
    "labelled": b"leave\tO\n",
    "blank": b"\n",
    "NUL": b"\0" * 100,
    "zip": archive(notes=b"important"),
    "Word": archive(**{"word/document.xml": b"<w/>"}),
    "npz": npz(weights=np.zeros(3)),
    "npz with a header": npz(header=np.zeros(3), weights=np.zeros(3)),
    "npz of JSON": npz(header=np.frombuffer(b'{"name": "x"}', np.uint8)),
    "pickle": pickle.dumps({"format": 2}),
    "gzip": gzip.compress(b"leave\tO\n"),
    "HTML": b"<!doctype html>\n<title>rnncli</title>\n<p>generator rnncli</p>",
    "HTML of others": b'<!doctype html><meta name="generator" content="Hugo 0.1">',
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><title>rnncli</title></svg>',
    "SVG of others": b'<svg xmlns="http://www.w3.org/2000/svg"><!-- Generator: Inkscape --></svg>',
    "JSON": b'{"version": 1, "runs": []}',
}


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.example)
def test_only_a_file_of_its_kind_is_replaced_without_overwrite(
    tmp_path: Path, written: dict[str, bytes], kind: Kind, cases: Cases
) -> None:
    path = tmp_path / "out"
    for name, content in cases.counted((FOREIGN | written).items()):
        path.write_bytes(content)
        if name == kind.example:
            check(path, kind)
        else:
            with pytest.raises(FileError) as caught:
                check(path, kind)
            what = f", and is not {kind.name}" if kind.beginning else ""
            hint = "choose another --out, or give --overwrite to replace it"
            assert f"{path}: is there already{what}\n  {hint}" == str(caught.value), name
        check(path, kind, overwrite=True)
        assert content == path.read_bytes()
    path.write_bytes(b"")
    check(path, kind)


@pytest.mark.promise("own-files")
def test_what_rnncli_drew_is_known_again(tmp_path: Path, cases: Cases) -> None:
    lines = [chart.Line("h", [1.0, 0.5])]
    for text in cases.counted((chart.curves("t", "x", "y", lines), chart.shades("t", "x", "y", [("1", [1.0])]))):
        (tmp_path / "out.svg").write_text(text, "utf-8")
        check(tmp_path / "out.svg", FIGURE)
    check(bundled("models/default.npz"), MODEL)
    cases.add()


# What is no file.


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_file_is_not_replaced(
    tmp_path: Path, device: Callable[[str], Path], overwrite: bool, cases: Cases
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to("folder")
    places = {folder: "is a directory, not a file name", tmp_path / "link": "is a directory, not a file name"}
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    places[tmp_path / "socket"] = "is a socket, not a file"
    with suppress(PermissionError):  # only root may make devices
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 250))
        os.mknod(tmp_path / "other", stat.S_IFCHR | 0o600, os.makedev(1, 8))  # random
        places |= {tmp_path / "disk": "is a disk, not a file", tmp_path / "other": "is a device, not a file"}
    for kind in KINDS:
        for path, problem in cases.counted(places.items()):
            with pytest.raises(FileError) as caught:
                check(path, kind, overwrite)
            assert problem == caught.value.message
        for name in ("null", "full", "zero"):
            check(device(name), kind, overwrite)
    server.close()


def test_a_terminal_gets_text_but_no_model(tmp_path: Path, cases: Cases) -> None:
    main, terminal = os.openpty()
    for name in (os.ttyname(terminal), f"/dev/fd/{terminal}"):
        for kind in KINDS:
            if kind is MODEL:
                with pytest.raises(FileError, match="is a terminal, which cannot show it"):
                    check(name, kind)
            else:
                check(name, kind)
    os.close(main)
    os.close(terminal)


def test_a_stream_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    check(f"/dev/fd/{writer}")
    with pytest.raises(FileError, match="is not open for writing"):
        check(f"/dev/fd/{reader}")
    os.close(reader)
    os.close(writer)
    with pytest.raises(FileError, match="cannot write here: Bad file descriptor"):
        check(f"/dev/fd/{writer}")


# Places without permission.


def test_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for name, problem in (
        (tmp_path / ("n" * 256), "File name too long"),
        (f"{tmp_path}/a\0b", "a file's name cannot hold NUL"),
        (tmp_path / "file" / "below", "Not a directory"),
    ):
        (tmp_path / "file").touch()
        with pytest.raises(FileError) as caught:
            check(name)
        assert f"cannot write here: {problem}" == caught.value.message


AS_NOBODY = """
import os, sys
from rnncli import writing
writing.check([writing.Output("--out", sys.argv[1], writing.TEXT)], {})  # loads what a user may not read
os.setgid(65534)
os.setuid(65534)
for path in sys.argv[1:]:
    try:
        writing.check([writing.Output("--out", path, writing.TEXT)], {}, overwrite=True)
        print("fits")
    except writing.outputs.FileError as error:
        print(error.message)
"""


@pytest.mark.skipif(not HAS_USERS, reason="only root of the machine can become another user")
def test_places_without_permission_are_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:2]:
        if folder.name.startswith("pytest-"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0o755)
    (tmp_path / "open" / "protected").touch(0o444)
    places = [tmp_path / name for name in ("open/new", "open/a/b", "open/protected", "closed/new", "closed/a/b")]
    child = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *map(str, places)], capture_output=True, text=True, check=False
    )
    denied = "cannot write here: Permission denied"
    assert ["fits", "fits", denied, denied, denied] == child.stdout.splitlines(), child.stderr
    assert ["protected"] == [path.name for path in (tmp_path / "open").iterdir()]


def test_a_file_that_is_a_mount_point_is_refused(tmp_path: Path) -> None:
    source, path = tmp_path / "source", tmp_path / "mounted file"
    source.touch()
    path.touch()
    if subprocess.run(["mount", "--bind", source, path], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let the tests mount")
    try:
        with pytest.raises(FileError) as caught:
            check(path, overwrite=True)
        assert "is a mount point, which cannot be replaced" == caught.value.message
    finally:
        subprocess.run(["umount", path], check=True)
    check(path)


def test_every_refusal_is_an_error_of_rnncli(tmp_path: Path) -> None:
    with pytest.raises(RnncliError) as caught:
        check(tmp_path)
    assert ("name a file: --out labelled.txt", 5) == (caught.value.hint, caught.value.exit_code)


@pytest.mark.promise("own-files")
def test_an_output_is_not_the_file_that_stdout_goes_to(tmp_path: Path) -> None:
    outputs = "w.Output('--out', 'log', w.TEXT), w.Output('stdout', '-', None)"
    script = f"from rnncli import writing as w; w.check([{outputs}], {{}})"
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-c", script]
        child = subprocess.run(command, cwd=tmp_path, stdout=log, stderr=subprocess.PIPE, text=True, check=False)
    assert "UsageError: --out log and stdout are the same file" in child.stderr
