"""What the settings file takes and refuses, with place and mend of each mistake; and what is generated of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from org_gate.inventory import targets
from org_gate.inventory.settings import Settings, load_settings, settings_schema
from org_gate.inventory.settings_fields import LOG_RETENTION, REST
from org_gate.policy.document import DocumentError
from org_gate.rollout import settings_text
from org_gate.rollout.settings_text import EXAMPLE, Answers

ROOT = Path(__file__).parents[3]
EXAMPLE_LINE = re.compile(r"^( *)# ((?:  )*(?:# .*|[a-z_]+:.*|- \{.*))$", re.MULTILINE)
LEAST = """\
central: {account: "111122223333", region: eu-west-1}
gates: {regions: [eu-west-1]}
"""


def with_(**changed: Any) -> str:
    """The least that is valid, with other values: ``central__region`` is a field of a part."""
    data: dict[str, Any] = yaml.safe_load(LEAST)
    for place, value in changed.items():
        part, _, name = place.rpartition("__")
        (data[part] if part else data)[name] = value
    return yaml.safe_dump(data)


def problem(text: str) -> str:
    """The only one, without its place in the file."""
    with pytest.raises(DocumentError) as caught:
        load_settings(text, "org-gate.yaml")
    (only,) = caught.value.problems
    return f"{only.field}: {only.found}: {only.expected}"


def test_the_least_that_is_valid() -> None:
    settings = load_settings(LEAST, "org-gate.yaml")
    assert settings.central.regions == ("eu-west-1",)
    assert settings.gates.ous == ("",)
    assert settings.log_retention_days == 90


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso "),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_regions_of_other_partitions_are_refused_by_name(region: str, partition: str) -> None:
    for text in (with_(central__region=region), with_(central__standby=[region]), with_(gates__regions=[region])):
        told = problem(text)
        assert repr(region) in told
        assert f"{partition.strip()} " in told
        assert "not supported" in told


def topic(region: str) -> str:
    return f"arn:aws:sns:{region}:111122223333:t"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_(gates__regions=[]), "gates.regions: an empty list: at least one Region; gates are where pipelines run"),
        (
            with_(gates__regions=["global"]),
            "gates.regions[0]: 'global': a Region such as eu-west-1, where something can",
        ),
        (with_(gates__regions=["eu-west-1", "eu-west-1"]), "gates.regions: 'eu-west-1' twice: each Region once"),
        (with_(central__standby=["eu-west-1"]), "central.standby: the home Region 'eu-west-1': another Region than"),
        (with_(central__standby=["eu-west-2"] * 2), "central.standby: 'eu-west-2' twice: each Region once"),
        (with_(gates__ous=[]), "gates.ous: an empty list: at least one OU; leave the field out for the whole"),
        (with_(gates__ous=["A/"]), "gates.ous[0]: 'A/': an OU: names below the root joined by /"),
        (with_(gates__ous=["A", "B"], gates__without={"ous": ["B"]}), "gates.without: 'B': other OUs than those in"),
        (with_(gates__without={"ous": []}), "gates.without.ous: an empty list: at least one OU; leave the field out"),
        (with_(gates__without={"accounts": ["1"]}), "gates.without.accounts[0]: '1': 12 digits in quotes"),
        (with_(waves=[{"name": "a"}]), "waves[0]: a mapping: `ous` or `accounts`: a wave names who is in it"),
        (with_(waves=[{"name": "a", "ous": ["A"]}] * 2), "waves: 'a' twice: waves with different names"),
        (with_(waves=[{"name": "Everyone Else", "ous": ["A"]}]), "waves[0].name: 'Everyone Else': another name"),
        (with_(waves=[{"name": " ", "ous": ["A"]}]), "waves[0].name: ' ': a text that is not empty"),
        (with_(tags={"AWS:x": "y"}), "tags.AWS:x: 'AWS:x': a tag's key that does not begin with aws:"),
        (with_(log_retention_days=3), "log_retention_days: 3: a number of days out of 1, 7, 14"),
        (with_(log_retention_days=True), "log_retention_days: true: a whole number"),
        (with_(central__api_reserved_concurrency=True), "central.api_reserved_concurrency: true: a whole number"),
        (with_(central__api_reserved_concurrency=0), "central.api_reserved_concurrency: 0: "),
        (with_(names={"stack_set": "1-is-none"}), "names.stack_set: '1-is-none': a stack's name"),
        (with_(central__kms_key="alias/mine"), "central.kms_key: 'alias/mine': the ARN of a KMS key (not of an alias)"),
        (
            with_(central__alarm_topic="arn:aws-cn:sns:eu-west-1:111122223333:t"),
            "central.alarm_topic: 'arn:aws-cn:sns:eu-west-1:111122223333:t': the ARN of an SNS topic, in the partition",
        ),
        (
            with_(central__alarm_topic="arn:aws:sns:eu-west-2:111122223333:t"),
            "central.alarm_topic: 'arn:aws:sns:eu-west-2:111122223333:t': one in the home Region eu-west-1",
        ),
        (
            with_(central__standby_alarm_topics=[topic("eu-west-1")]),
            f"central.standby_alarm_topics: '{topic('eu-west-1')}': topics in the Regions of `central.standby`",
        ),
        (
            with_(central__standby=["eu-west-2"], central__standby_alarm_topics=[topic("eu-west-2")] * 2),
            "central.standby_alarm_topics: 'eu-west-2' twice: one topic for each Region",
        ),
        (
            with_(central__standby=["eu-west-2"], central__standby_alarm_topics=["alarms"]),
            "central.standby_alarm_topics[0]: 'alarms': the ARN of an SNS topic, in the partition",
        ),
        (with_(version=2), "version: 2: 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(text: str, expected: str) -> None:
    assert problem(text).startswith(expected)


@pytest.mark.parametrize(
    "place",
    [
        "central__alarm_topic", "central__kms_key", "central__api_reserved_concurrency", "central__tracing",
        "central__standby", "central__standby_alarm_topics", "gates__ous", "gates__without", "waves", "policy",
        "log_retention_days", "permissions_boundary", "tags", "names",
    ],
)  # fmt: skip
def test_null_never_stands_for_left_out(place: str) -> None:
    told = problem(with_(**{place: None}))
    assert told.startswith(f"{place.replace('__', '.')}: nothing: ")
    assert not Draft202012Validator(settings_schema()).is_valid(yaml.safe_load(with_(**{place: None})))


def test_the_wave_of_the_rest_has_one_name() -> None:
    assert REST == targets.REST


def test_the_days_are_those_of_the_templates() -> None:
    for template in ("central.yaml", "member.yaml"):
        text = (ROOT / "stacksets" / "rendered" / template).read_text()
        allowed = re.search(r"LogRetentionDays:.*?AllowedValues: \[([0-9, ]+)\]", text, re.DOTALL)
        assert allowed is not None
        assert tuple(map(int, allowed[1].split(", "))) == LOG_RETENTION


def test_the_schema_takes_what_the_model_takes_and_refuses_what_it_refuses() -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(LEAST))
    assert validator.is_valid(yaml.safe_load(settings_text.settings_text(EXAMPLE)))
    for wrong in (
        with_(gates__regions=[]),
        with_(central__region="cn-north-1"),
        with_(central__region="global"),
        with_(gates__regions=["eu-west-1", "eu-west-1"]),
        with_(log_retention_days=3),
        with_(central__api_reserved_concurrency=0),
        with_(surprise=1),
    ):
        assert not validator.is_valid(yaml.safe_load(wrong)), wrong


def test_the_schema_describes_every_field_for_the_editor() -> None:
    schema = settings_schema()
    parts = {"Settings": schema} | {name: part for name, part in schema["$defs"].items() if "properties" in part}
    assert len(parts) == 7
    missing = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, described in part["properties"].items()
        if "description" not in described
    ]
    assert missing == []


@pytest.mark.parametrize("name", settings_text.generated())
def test_what_is_generated_is_fresh(name: str) -> None:
    assert (ROOT / "config" / name).read_text() == settings_text.generated()[name], "run `make render`"


def test_the_example_is_valid_as_it_is() -> None:
    settings = load_settings((ROOT / "config" / "org-gate.example.yaml").read_bytes(), "org-gate.example.yaml")
    assert settings.central.account == EXAMPLE.account


def test_every_commented_line_is_valid_once_it_is_uncommented() -> None:
    text = settings_text.settings_text(EXAMPLE)
    uncommented = EXAMPLE_LINE.sub(r"\1\2", text)
    settings = load_settings(uncommented, "org-gate.yaml")
    left_out = [
        f"{type(part).__name__}.{name}"
        for part in (settings, settings.central, settings.gates, settings.gates.without, settings.names)
        for name in type(part).model_fields
        if name not in part.model_fields_set
    ]
    assert left_out == [], "every field is in the file"


def test_whatever_an_ou_is_called_the_file_says_it() -> None:
    odd = ["Prod: the 'real' one # 1", "Zürich", "- yes", "no"]
    answers = Answers(account="000011112222", region="eu-west-1", gate_regions=["us-east-1"], ous=odd, first=["no"])
    settings = load_settings(settings_text.settings_text(answers), "org-gate.yaml")
    assert settings.gates.ous == tuple(odd)
    assert settings.waves[0].ous == ("no",)
    assert settings.central.account == "000011112222"


def test_main_writes_what_is_generated(tmp_path: Path) -> None:
    assert settings_text.main([str(tmp_path)]) is None
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == settings_text.generated()
    assert "usage" in (settings_text.main([]) or "")


def test_settings_round_trip_through_their_data() -> None:
    settings = load_settings((ROOT / "config" / "org-gate.example.yaml").read_bytes(), "org-gate.example.yaml")
    data = json.loads(settings.model_dump_json(exclude_unset=True))
    assert Settings.model_validate(data) == settings
