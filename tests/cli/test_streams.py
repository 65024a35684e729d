"""Streams that are closed, full or cut short: no traceback, the documented exit code, and no result lost."""

from invocations import INVOCATIONS

from rnncli.cli.app import COMMANDS


def test_every_command_has_an_invocation() -> None:
    assert set(COMMANDS) == {invocation.arguments[0] for invocation in INVOCATIONS.values()}
