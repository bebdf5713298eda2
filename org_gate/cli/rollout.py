"""``org-gate rollout``: installing, looking after and removing org-gate (C1). The group, by name."""

from typing import Final

import click

from org_gate.cli.lazy import Lazy, LazyGroup

COMMANDS: Final[dict[str, Lazy]] = {
    "destroy": Lazy("org_gate.cli.rollout_destroy:destroy", None, "Remove org-gate from the organization again."),
    "init": Lazy("org_gate.cli.rollout_init:rollout_init", None, "Write the settings file: asks, and explains."),
    "preflight": Lazy("org_gate.cli.rollout_preflight:rollout_preflight", None, "What is missing, and what mends it."),
    "plan": Lazy("org_gate.cli.rollout_plan:plan", None, "What apply would create, change and remove."),
    "apply": Lazy("org_gate.cli.rollout_apply:apply", None, "Install or upgrade, wave by wave; goes on where it was."),
    "status": Lazy("org_gate.cli.rollout_status:status", None, "Where it stands: versions, failures, drift."),
    "mode": Lazy("org_gate.cli.rollout_mode:mode", None, "The off switch: shadow for everyone or some OUs, and back."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def rollout() -> None:
    """Install org-gate over an organization: the central part, and a gate in every account.

    What is to be is written in a settings file (config/org-gate.yaml); `org-gate rollout init` writes one with you.
    """
