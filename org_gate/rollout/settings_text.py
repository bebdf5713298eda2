"""The settings file as a person gets it first: answers filled in, a comment to every field, the rest as examples.

The comments are what the model says of its fields, so that file and schema tell the same. What is written here is read
back by ``load_settings``: whether the answers are valid is its to say.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from org_gate.inventory.settings import Central, Gates, Names, Reports, Settings, Without, settings_schema

SCHEMA: Final = "org-gate.schema.json"
"""The JSON Schema, beside the settings."""
_WIDTH: Final = 118
_HEAD: Final = f"""\
# yaml-language-server: $schema={SCHEMA}
#
# Where org-gate runs, where its gates go, and in which order. `org-gate rollout preflight` checks it against your
# organization. Lines that are commented out show what else there is; without them it is as their comment says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What somebody answered, as they wrote it. ``first`` are the OUs of the first wave."""

    account: str
    region: str
    standby: Sequence[str] = ()
    gate_regions: Sequence[str]
    ous: Sequence[str] = ()
    without_ous: Sequence[str] = ()
    without_accounts: Sequence[str] = ()
    first: Sequence[str] = ()


EXAMPLE: Final = Answers(
    account="111122223333", region="eu-west-1", standby=["eu-central-1"], gate_regions=["eu-west-1", "us-east-1"]
)
"""What the example that ships is filled in with."""


def generated() -> dict[str, str]:
    """What stands in ``config/``, by file name: the schema, and the example that ships."""
    return {SCHEMA: schema_text(), "org-gate.example.yaml": settings_text(EXAMPLE)}


def schema_text() -> str:
    """The schema's file."""
    return json.dumps(settings_schema(), indent=2) + "\n"


def settings_text(answers: Answers) -> str:
    """The file's text: YAML."""
    return "\n".join([_HEAD, *_lines(answers), ""])


def _lines(answers: Answers) -> Iterator[str]:
    yield from _field(Settings, "version", 1)
    yield from _section(Settings, "central")
    yield from _central(answers)
    yield from _section(Settings, "gates")
    yield from _gates(answers)
    yield from _waves(answers)
    yield from _section(Settings, "reports", is_example=True)
    yield from _field(Reports, "enabled", None, example=True, under="#   ")
    yield from _field(Reports, "schedule", None, "cron(0 6 ? * MON-FRI *)", under="#   ")
    yield from _field(Reports, "since", None, "7d", under="#   ")
    yield from _field(Reports, "ou", None, "Workloads/Prod", under="#   ")
    yield from _field(Settings, "policy", None, "policy.yaml")
    yield from _field(Settings, "log_retention_days", 90)
    yield from _field(Settings, "permissions_boundary", None, "platform/boundary")
    yield from _field(Settings, "tags", None, {"owner": "platform-team"})
    yield from _section(Settings, "names", is_example=True)
    yield from _field(Names, "central_stack", None, "org-gate-central", under="#   ")
    yield from _field(Names, "stack_set", None, "org-gate-member", under="#   ")


def _central(answers: Answers) -> Iterator[str]:
    standby = answers.standby or EXAMPLE.standby
    key = f"arn:aws:kms:{answers.region}:{answers.account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    yield from _field(Central, "account", answers.account, under="  ")
    yield from _field(Central, "region", answers.region, under="  ")
    yield from _field(Central, "standby", list(answers.standby), under="  ")
    topic, *others = (f"arn:aws:sns:{region}:{answers.account}:alarms" for region in (answers.region, *standby))
    yield from _field(Central, "alarm_topic", None, topic, under="  ")
    yield from _field(Central, "standby_alarm_topics", None, others, under="  ")
    yield from _field(Central, "kms_key", None, key, under="  ")
    yield from _field(Central, "api_reserved_concurrency", None, 100, under="  ")
    yield from _field(Central, "tracing", None, example=True, under="  ")


def _gates(answers: Answers) -> Iterator[str]:
    yield from _field(Gates, "regions", list(answers.gate_regions), under="  ")
    yield from _field(Gates, "ous", list(answers.ous) or None, ["Workloads", "Platform/CI"], under="  ")
    ous, accounts = list(answers.without_ous), list(answers.without_accounts)
    is_example = not ous and not accounts
    yield from _section(Gates, "without", under="  ", is_example=is_example)
    under = "  #   " if is_example else "    "
    yield from _field(Without, "ous", ous or None, ["Workloads/Sandbox"], under=under)
    yield from _field(Without, "accounts", accounts or None, ["444455556666"], under=under)


def _waves(answers: Answers) -> Iterator[str]:
    is_example = not answers.first
    ous = list(answers.first) or ["Sandbox", "Workloads/Dev"]
    yield from _section(Settings, "waves", is_example=is_example)
    under = "# " if is_example else ""
    yield f"{under}  - {{name: first, ous: {_yaml(ous)}}}"


def _section(model: type[BaseModel], name: str, *, under: str = "", is_example: bool = False) -> Iterator[str]:
    if not under:
        yield ""
    yield from _comment(under, _said(model, name))
    yield f"{under}{'# ' if is_example else ''}{name}:"


def _field(model: type[BaseModel], name: str, value: Any, example: Any = None, *, under: str = "") -> Iterator[str]:
    """The field, or where there is no value the example, commented out."""
    if not under:
        yield ""
    yield from _comment(under, _said(model, name))
    hidden = "# " if value is None and "#" not in under else ""
    yield f"{under}{hidden}{name}: {_yaml(example if value is None else value)}"


def _comment(under: str, text: str) -> Iterator[str]:
    mark = f"{under}# "
    return iter(textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=mark))


def _said(model: type[BaseModel], name: str) -> str:
    return " ".join((model.model_fields[name].description or "").split())


def _yaml(value: Any) -> str:
    """JSON, which YAML is a superset of: whatever is in a name stays text."""
    return json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> str | None:
    """``FOLDER`` writes what is generated there."""
    match arguments:
        case [folder]:
            for name, text in generated().items():
                Path(folder, name).write_text(text, encoding="utf-8")
            return None
        case _:
            return "usage: python -m org_gate.rollout.settings_text FOLDER"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
