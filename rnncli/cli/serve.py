"""``rnncli serve``: a page that shows a network at work, and labels for other programs, over HTTP."""

import os
import re
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from rnncli import resources
from rnncli.cli import show, signals
from rnncli.cli.options import ThreadsOption, command, find_model
from rnncli.cli.registry import variable
from rnncli.errors import FileError, UsageError
from rnncli.serving.settings import Limits

_USUAL = Limits()
_NAME = re.compile(r"[\w.-]+")


@command("serve")
def serve(
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="FILE",
            help="Model file, bundled model, or NAME=FILE; several times too. Without it that of rnncli tag.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")] = 8000,
    token: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What a request must know; others can see it in a list of processes."),
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="File with the token in its first line.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Let other machines use it without a token.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help="Further name of the service, such as that of a reverse proxy."
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", min=1, metavar="N", help="Most bytes of a request.")
    ] = _USUAL.bytes,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, metavar="N", help="Most tokens of a request.")
    ] = _USUAL.tokens,
    time_limit: Annotated[
        int,
        typer.Option(
            "--time-limit", min=1, max=86_400, metavar="SECONDS", help="Time in which a request is answered."
        ),
    ] = int(_USUAL.seconds),
    queue: Annotated[
        int, typer.Option("--queue", min=1, metavar="N", help="Most requests that wait; others get status 503.")
    ] = _USUAL.waiting,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI document and exit.")] = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
) -> None:
    """Show a network at work, and label texts over HTTP.

    The first line of stdout is the address of its page. POST /v1/tag answers what rnncli tag --json prints. Clients
    of UDPipe, Hugging Face and Label Studio can use it too. It listens on this machine only; on another address it
    demands a token. A model file that is replaced is loaded again. SIGTERM or Ctrl-C ends it when what it has
    accepted is answered.

    Example: rnncli serve --model booking=model.npz --port 8000
    """
    from rnncli.serving import routes
    from rnncli.serving.server import Server, check_address, check_library
    from rnncli.serving.service import ROUTES, Service
    from rnncli.serving.settings import Settings

    if openapi:
        show.data(show.json_line(routes.document(ROUTES)))
        return
    check_library()
    settings = Settings(
        models=_named(_whole(models or [])),
        host=host,
        port=port,
        token=_token(token, token_file),
        hosts=tuple(allow_host or ()),
        threads=threads,
        limits=Limits(
            bytes=max_bytes,
            tokens=max_tokens,
            seconds=float(time_limit),
            waiting=queue,
            waiting_bytes=max(max_bytes, _USUAL.waiting_bytes),
        ),
    )
    check_address(settings, public)
    server = Server(Service(settings))
    stop = signals.Stop()

    def handle(number: int) -> None:
        server.stop(at_once=stop.signal != 0)
        stop.signal = number

    if json_output:
        show.data(show.json_line({"url": server.url, "models": list(settings.models)}))
    else:
        show.data(f"{server.url}\n")
    sys.stdout.flush()
    if open_page:
        import webbrowser

        # A browser of a terminal returns only at its end.
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    with signals.handled_by(handle):
        server.run()


def _whole(given: list[str]) -> list[str]:
    """The models that are given; a variable, which was cut at blanks, may be one file whose name has blanks."""
    value = os.environ.get(variable("model"), "")
    name, _, file = value.partition("=")
    is_file = Path(value).is_file() or (_NAME.fullmatch(name) and Path(file).is_file())
    return [value] if given == value.split() and is_file else given


def _named(given: list[str]) -> dict[str, Path]:
    """The file of each model by its name, which is that of the file where none is given."""
    models: dict[str, Path] = {}
    for text in given:
        name, is_named, file = text.partition("=")
        if not is_named or Path(text).exists():
            file = text
            name = Path(text).stem
        if not _NAME.fullmatch(name):
            hint = "give a name of letters, digits and . _ -: --model NAME=FILE"
            raise UsageError(f'--model: "{name}" cannot be the name of a model', hint=hint)
        if name in models:
            raise UsageError(f"--model: two models have the name {name}", hint="--model NAME=FILE gives another")
        models[name] = resources.model(file)
    return models or {"default": find_model(None)}


def _token(token: str, file: Path | None) -> str:
    if file is None:
        given = token
    elif token:
        raise UsageError("--token and --token-file cannot both be given", hint="leave out --token")
    else:
        try:
            lines = file.read_text("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise FileError("is not UTF-8", where=str(file)) from error
        given = lines[0].strip() if lines else ""
        if not given:
            raise UsageError("--token-file: the first line is empty", hint="write the token into it")
    if given and not (given.isascii() and given.isprintable() and " " not in given):
        raise UsageError("the token must be printable ASCII without blanks", hint="openssl rand -hex 16 makes one")
    return given
