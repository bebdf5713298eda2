"""``org-gate rollout``: installing, looking after and removing org-gate (C1). The group, by name."""

from typing import Final

import click

from org_gate.cli.lazy import Lazy, LazyGroup

COMMANDS: Final[dict[str, Lazy]] = {
    "mode": Lazy("org_gate.cli.rollout_mode:mode", None, "The off switch: shadow for everyone or some OUs, and back."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def rollout() -> None:
    """Install org-gate over an organization: the central part, and a gate in every account.

    What is to be is written in a settings file (config/org-gate.yaml); `org-gate rollout init` writes one with you.
    """
