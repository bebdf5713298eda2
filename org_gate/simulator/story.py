"""What a demo prints: a short story as it happens, and a table of pipelines and verdicts at the end.

Text from AWS Health, policies and answers is untrusted: it is shown as plain text without control characters.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from org_gate.model.times import describe_duration, format_time, parse_time
from org_gate.simulator.play import Asked
from org_gate.simulator.record import Line
from org_gate.simulator.scenario.model import Entry, FaultSpec, HealthSpec, OverrideSpec, Scenario

_STYLE: Final = {"allow": "green", "warn": "yellow", "block": "bold red"}
_WIDTH: Final = 118
_BY_ITSELF: Final = ("hold", "resume")
_GOES_ON: Final = {
    "run": "its stage is free",
    "retry": "its stage is free",
    "resume": "resumed by org-gate",
    "hold": "the end of its hold",
}


def plain(text: str) -> str:
    """One line without control or format characters."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)


def console_for(*, stderr: bool = False) -> Console:
    """Colour only on a terminal, NO_COLOR honoured (rich does both); a fixed width elsewhere."""
    console = Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True)
    return (
        console
        if console.is_terminal
        else Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True, width=_WIDTH, no_color=True)
    )


class Story:
    """Tells what happens; a ``play.Listener``."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._console = console
        self._names = {account.id: account.name for account in scenario.organization.accounts}
        self._regions = {(pipeline.account, pipeline.name): pipeline.region for pipeline in scenario.pipelines}
        self._later: list[Line] = []
        """What the gates said when nobody made them ask."""

    def say(self, text: str) -> None:
        self._console.print(Text(plain(text)))

    def note(self, entry: Entry) -> None:
        if entry.note is not None:
            self._console.print()
            self._console.print(Text(plain(entry.note), style="bold"))

    def happened(self, at: datetime, entry: Entry) -> None:
        if entry.health is not None:
            self._line(at, _health_words(entry.health))
        elif entry.deliver is not None:
            self._line(at, f"EventBridge delivers {_short_arn(entry.deliver.arn)} ahead of the next poll")
        elif entry.fault is not None:
            self._line(at, _fault_words(entry.fault))
        elif entry.policy is not None:
            self._line(at, "A new policy is published")
        elif entry.override is not None:
            self._line(at, _override_words(entry.override))
        else:
            self._line(at, f"A person stops {entry.stop}")

    def refused(self, at: datetime, entry: Entry, why: str) -> None:
        self._line(at, f"Skipped: {_what(entry)}. {why}")

    def asked(self, asked: Asked) -> None:
        whose = self._whose(asked.pipeline.name, asked.pipeline.account, asked.pipeline.region)
        self._verdict_line(f"{asked.at:%H:%M:%S}", f"{whose}, {_deed(asked.entry)}", _verdict(asked), asked.line)

    def went_on(self, line: Line) -> None:
        self._later.append(line)
        whose = self._whose(*_pipeline_of(line), self._region(line))
        self._verdict_line(_time_of(line), f"{whose}, {_GOES_ON[line['trigger']]}", _verdict_of(line), line)

    def message(self, all_asked: Iterable[Asked]) -> None:
        """The last failed action's message in full, as CodePipeline shows it."""
        failed = [(one, one.line) for one in all_asked if one.line and one.line["pipeline_result"] == "failed"]
        for asked, line in failed[-1:]:
            self._console.print(Text(f"\nWhat CodePipeline showed for {asked.pipeline.name} at {asked.at:%H:%M:%S}:"))
            self._console.print(Padding(Text(plain(line["message"])), (0, 0, 1, 2)), soft_wrap=False)

    def table(self, all_asked: Iterable[Asked]) -> None:
        """Every run and retry with its verdict and the one that the scenario states, and what went on by itself."""
        table = Table(title="Pipelines and verdicts", title_justify="left", width=_WIDTH)
        for column in ("time", "pipeline", "account", "Region", "by", "verdict", "stated", "rule"):
            table.add_column(column, overflow="fold")
        rows = [(format_time(asked.at), self._row(asked)) for asked in all_asked]
        rows += [(line["at"], self._later_row(line)) for line in self._later if line["trigger"] in _BY_ITSELF]
        for _, row in sorted(rows, key=lambda timed: timed[0]):
            table.add_row(*row)
        self._console.print(table)

    def _row(self, asked: Asked) -> tuple[str | Text, ...]:
        name, style = _verdict(asked)
        stated = "" if asked.entry.expect is None else asked.entry.expect + ("" if asked.as_stated else " ✗")
        pipeline, by = asked.pipeline, _deed(asked.entry)
        cells = self._cells(f"{asked.at:%H:%M:%S}", pipeline.name, pipeline.account, pipeline.region)
        return (*cells, by, Text(name, style=style), stated, Text(plain(_rules(asked))))

    def _later_row(self, line: Line) -> tuple[str | Text, ...]:
        name, style = _verdict_of(line)
        cells = self._cells(_time_of(line), *_pipeline_of(line), self._region(line))
        return (*cells, line["trigger"], Text(name, style=style), "", Text(plain(_rules_of(line))))

    def _cells(self, time: str, name: str, account: str, region: str) -> tuple[str, ...]:
        return time, plain(name), plain(self._names.get(account, "management")), region

    def _whose(self, name: str, account: str, region: str) -> str:
        return plain(f"{name} ({self._names.get(account, 'management')}, {region})")

    def _region(self, line: Line) -> str:
        return self._regions.get((line["pipeline_account"], line["pipeline_name"]), "another Region")

    def _verdict_line(self, time: str, who: str, verdict: tuple[str, str], line: Line | None) -> None:
        text = Text(f"{time}  {who}: ")
        text.append(*verdict)
        text.append("" if line is None else plain(f" — {line['summary']}"))
        self._console.print(text)

    def _line(self, at: datetime, text: str) -> None:
        self._console.print(Text(f"{at:%H:%M:%S}  {plain(text)}", style="dim"))


def _what(entry: Entry) -> str:
    if entry.policy is not None:
        return "policy"
    return "override" if entry.override is not None else f"{_deed(entry)} {entry.pipeline_name}"


def _deed(entry: Entry) -> str:
    return "run" if entry.run else "retry" if entry.retry else "stop"


def _time_of(line: Line) -> str:
    return f"{parse_time(line['at']):%H:%M:%S}"


def _pipeline_of(line: Line) -> tuple[str, str]:
    return line["pipeline_name"], line["pipeline_account"]


def _verdict(asked: Asked) -> tuple[str, str]:
    if asked.refused is not None:
        return "skipped", "dim"
    if asked.line is None:
        return ("waits for its stage", "yellow") if asked.waits else ("no answer", "bold red")
    return _verdict_of(asked.line)


def _verdict_of(line: Line) -> tuple[str, str]:
    verdict = str(line["verdict"] or line["pipeline_result"])
    held = ", held" if line["pipeline_result"] == "held" else ""
    return verdict + held, _STYLE.get(verdict, "bold red")


def _rules(asked: Asked) -> str:
    if asked.line is None:
        return asked.refused or ("" if asked.waits else "no gate answered")
    return _rules_of(asked.line)


def _rules_of(line: Line) -> str:
    """What decided, as short as a table cell: of the reasons that count most the rules and services, or freezes."""
    if line["exempt"]:
        return "exempt"
    worst = [r for r in line["reasons"] if _counts(r, line) == line["would_be"] and r["kind"] != "hint"]
    return ", ".join(dict.fromkeys(_cause(r) + ", overridden" * _is_lifted(r, line) for r in worst))


def _counts(reason: Mapping[str, Any], line: Line) -> str:
    """Its verdict in mode enforce (D10)."""
    return "warn" if reason["verdict"] == "block" and _is_lifted(reason, line) else str(reason["verdict"])


def _is_lifted(reason: Mapping[str, Any], line: Line) -> bool:
    """The gate's own reasons name no override: their target tells (D13)."""
    index = reason["target"]
    aims = line["targets"] if index is None else [line["targets"][index]]
    return reason["override_id"] is not None or (bool(aims) and all(aim["overridden"] for aim in aims))


def _cause(reason: Mapping[str, Any]) -> str:
    if reason["event"] is not None:
        return f"{reason['rule'] or 'default'}: {reason['event']['service']} {reason['event']['region']}"
    return str(reason["kind"] if reason["freeze"] is None else f"freeze {reason['freeze']['name']}")


def _health_words(spec: HealthSpec) -> str:
    event = spec.event
    if event.statusCode == "closed":
        return f"AWS Health closes {_short_arn(event.arn)}"
    accounts = f", accounts {', '.join(spec.affectedAccounts)}" if spec.affectedAccounts else ""
    zone = f", zone {event.availabilityZone}" if event.availabilityZone else ""
    new = f"{event.service or _short_arn(event.arn)} in {event.region or 'its Region'}"
    scope = f" ({event.eventScopeCode}{zone}{accounts})" if event.eventScopeCode else ""
    status = f", {event.statusCode}" if event.statusCode else ""
    return f"AWS Health shows {event.eventTypeCategory or 'an update of'} {new}{scope}{status}"


def _fault_words(fault: FaultSpec) -> str:
    where = "".join(f" {part}" for part in (fault.region, fault.account) if part)
    lasts = "to the end" if fault.lasts is None else f"for {describe_duration(fault.lasts)}"
    return f"Fault: {fault.service}{where} {fault.kind} {lasts}"


def _override_words(override: OverrideSpec) -> str:
    named = (("accounts", override.accounts), ("pipelines", override.pipelines))
    whose = ", ".join(f"{what} {', '.join(names)}" for what, names in named if names)
    lifted = ", ".join(_short_arn(event) if event.startswith("arn:") else event for event in override.events)
    ticket = f" ({override.ticket})" if override.ticket is not None else ""
    lasts = describe_duration(override.lasts)
    return f"The platform team overrides {lifted} for {whose}, for {lasts}: {override.reason}{ticket}"


def _short_arn(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
