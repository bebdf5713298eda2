"""Which alarms of a cell ring, worked out of its template and of what its functions really emitted.

The alarms are read out of the rendered template; data points come from the functions' logs (embedded metric format)
and from what Lambda and SQS count. Periods are whole minutes. An alarm rings at the end of the first minute at which
enough of its last data points breach. CloudWatch itself may take a few minutes longer where data points are missing:
it looks further back for real ones before it counts the missing; how far is not documented, so it is not played here.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

TEMPLATE: Final = Path(__file__).parents[2] / "stacksets/rendered/central.yaml"
_COMPARISONS: Final = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


class Metric(NamedTuple):
    """A metric's name and dimensions, which together name one series."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass
class Metrics:
    """Values by series and minute. Minutes are counted from any one moment."""

    values: dict[Metric, dict[int, list[float]]] = field(default_factory=dict)

    def add(self, metric: Metric, minute: int, value: float) -> None:
        self.values.setdefault(metric, {}).setdefault(minute, []).append(value)

    def of(self, metric: Metric, minute: int) -> Sequence[float]:
        return self.values.get(metric, {}).get(minute, ())


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of the template. ``missing`` is how a minute without data counts."""

    name: str
    metric: Metric
    statistic: str
    comparison: str
    threshold: float
    of_last: int
    needed: int
    missing: str

    def rings_at(self, metrics: Metrics, minutes: range) -> int | None:
        """The minute at whose beginning it rings, by the data of the minutes before; None where it does not."""
        breaching = [self._breaches(metrics.of(self.metric, minute)) for minute in minutes]
        for end in range(1, len(breaching) + 1):
            if sum(breaching[max(0, end - self.of_last) : end]) >= self.needed:
                return minutes[end - 1] + 1
        return None

    def _breaches(self, values: Sequence[float]) -> bool:
        if not values:
            return self.missing == "breaching"
        return bool(_COMPARISONS[self.comparison](statistic(self.statistic, values), self.threshold))


def statistic(name: str, values: Sequence[float]) -> float:
    """CloudWatch's statistic of one period's values, which are at least one."""
    match name:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case "SampleCount":
            return len(values)
        case _ if name.startswith("p"):
            return sorted(values)[max(0, math.ceil(float(name[1:]) / 100 * len(values)) - 1)]
    msg = f"the statistic {name} is not known here"
    raise ValueError(msg)


def alarms(text: str) -> list[Alarm]:
    """Those of a central template."""
    resources = yaml.load(text, _Template)["Resources"]  # noqa: S506  a safe loader that knows CloudFormation's tags
    found = (each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm")
    return [_alarm(properties, resources) for properties in found]


def ringing(defined: Iterable[Alarm], metrics: Metrics, minutes: range) -> dict[str, int]:
    """The names of those that ring, and after how many of the minutes."""
    found = {alarm.name: alarm.rings_at(metrics, minutes) for alarm in defined}
    return {name: minute - minutes.start for name, minute in found.items() if minute is not None}


def _alarm(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Alarm:
    if properties["Period"] != 60:
        msg = f"the alarm {properties['AlarmName']} has another period than a minute"
        raise ValueError(msg)
    dimensions = frozenset((each["Name"], _named(each["Value"], resources)) for each in properties["Dimensions"])
    return Alarm(
        name=properties["AlarmName"],
        metric=Metric(properties["Namespace"], properties["MetricName"], dimensions),
        statistic=properties.get("Statistic") or properties["ExtendedStatistic"],
        comparison=properties["ComparisonOperator"],
        threshold=properties["Threshold"],
        of_last=properties["EvaluationPeriods"],
        needed=properties["DatapointsToAlarm"],
        missing=properties["TreatMissingData"],
    )


def _named(value: Any, resources: Mapping[str, Any]) -> str:
    """What a dimension's value comes to: a text, or the name of a resource."""
    match value:
        case ("Ref", str(name)):
            return str(resources[name]["Properties"]["FunctionName"])
        case ("GetAtt", str(path)):
            name, _, attribute = path.partition(".")
            return str(resources[name]["Properties"][attribute])
    return str(value)


class _Template(yaml.SafeLoader):
    """Tags become pairs of the tag and what it holds."""


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> tuple[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return tag, loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return tag, loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return tag, loader.construct_mapping(node, deep=True)


_Template.add_multi_constructor("!", _tagged)
