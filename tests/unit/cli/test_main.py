import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from org_gate import __version__
from org_gate.cli.lazy import Lazy, load
from org_gate.cli.main import COMMANDS, cli
from tests.unit.cli.served import ORG_GATE
from tests.unit.cli.support import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys, [])


def test_version_and_help(shell: Shell) -> None:
    assert shell.run("--version")[:2] == (0, f"org-gate, version {__version__}\n")
    code, out, _ = shell.run("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)


def test_an_unknown_command_ends_with_2(shell: Shell) -> None:
    code, _, err = shell.run("chekc")
    assert code == 2
    assert "chekc" in err


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child, inner in command.commands.items():
            yield from commands(f"{name} {child}", inner)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_has_help(name: str) -> None:
    for where, command in commands(name, load(name, COMMANDS[name])):
        assert command.help, where
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, (where, param.name)


def test_help_loads_neither_the_simulator_nor_an_sdk() -> None:
    code = (
        "import sys; from org_gate.cli.main import run; run(['--help']); "
        "sys.exit(bool({'moto', 'botocore', 'yaml', 'org_gate.simulator'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("arguments", [("policy", "schema"), ("--help",)])
def test_a_reader_that_went_away_is_no_verdict(arguments: tuple[str, ...]) -> None:
    """As with ``org-gate … | head -1``; click would end with 1, which means block."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        ended = subprocess.run(
            [ORG_GATE, *arguments], stdin=subprocess.DEVNULL, stdout=nobody, stderr=subprocess.PIPE, check=False
        )
    assert (ended.returncode, ended.stderr) == (3, b"")


def test_a_missing_extra_is_named_with_what_to_install() -> None:
    absent = Lazy("no_such_simulator:demo", "simulator", "Play.")
    with pytest.raises(click.UsageError, match=r"--require-hashes .* -r requirements/simulator\.txt$") as caught:
        load("demo", absent)
    assert caught.value.exit_code == 2


def test_a_missing_part_of_our_own_is_a_fault_and_not_a_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError):
        load("demo", Lazy("org_gate.cli.no_such:demo", "simulator", "Play."))


def test_the_group_knows_no_other_commands() -> None:
    assert cli.list_commands(click.Context(cli)) == sorted(COMMANDS)
