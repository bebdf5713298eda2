"""What the rollout's commands share: the settings file, the policy beside it, sessions, and how failures end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import click

from org_gate.cli.output import stop
from org_gate.cli.policy_files import policy_or_stop, valid_or_stop
from org_gate.cli.text import harmless
from org_gate.inventory.errors import RolloutError
from org_gate.inventory.settings import Settings, load_settings
from org_gate.policy.model import Policy
from org_gate.rollout.files import shipped

DEFAULT: Final = Path("config/org-gate.yaml")
COULD_NOT: Final = 3

_Command = TypeVar("_Command", bound=Callable[..., None])


def config_option(command: _Command) -> _Command:
    """``--config``, as ``config``."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=DEFAULT,
        envvar="ORG_GATE_CONFIG",
        show_default=True,
        show_envvar=True,
        metavar="FILE",
        help="The settings of the rollout.",
    )(command)


def settings_or_stop(config: Path, output: str = "text") -> Settings:
    """The settings in the file. Ends the command with all problems where they are not valid, or there is no file."""
    if not config.exists() or config.stat().st_size == 0:
        lacks = "this file is empty" if config.exists() else "there is no such file"
        stop(f"{config}: {lacks}. `org-gate rollout init` asks and writes it.", output=output)
    return valid_or_stop(load_settings, config, output)


def first_policy(config: Path, settings: Settings, output: str = "text") -> Policy:
    """The policy to begin with: the one that the settings name, a file beside theirs, or the one that ships."""
    file = shipped("config/policy.yaml") if settings.policy is None else config.parent / settings.policy
    return policy_or_stop(file, output)


@contextmanager
def told(output: str = "text") -> Iterator[None]:
    """A RolloutError ends the command with its message and exit code 3."""
    try:
        yield
    except RolloutError as error:
        stop(harmless(error), code=COULD_NOT, output=output)
