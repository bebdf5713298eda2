"""A notice as SNS, mail and chats take it, whatever it was made of."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.central.news_forms import Notice, harmless, publication
from tests.unit.central.support import ME

NOTICE = Notice(
    kind="blocked",
    severity="warning",
    subject="org-gate: 2 deployments blocked",
    lines=("2 deployments blocked.", "They are:", "- one", "- two"),
    next_steps=("Wait.",),
    accounts=(ME,),
    ous=("Workloads/Prod",),
    tags=("team=orders",),
    thread="cause-1",
    related=("arn:aws:health:us-east-1::event/RDS/X/1",),
)
HOSTILE = (
    "<!channel> <@U123> @here <https://evil.example|click> [click](https://evil.example) www.evil.example "
    "mailto:a@b.example *bold* _it_ ~gone~ `code` &lt;!here&gt; \\ \r\nSubject: forged\u202e\u0000"
)
LONG = "\U0001f40c" * 5000


def chat_of(published: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.loads(published["Message"])["https"])
    return told


def test_mail_is_plain_and_chats_and_machines_get_the_custom_notification() -> None:
    published = publication(NOTICE)
    forms = json.loads(published["Message"])
    assert published["MessageStructure"] == "json"
    assert set(forms) == {"default", "email", "https", "lambda", "sqs"}
    assert (
        forms["default"]
        == forms["email"]
        == ("2 deployments blocked.\nThey are:\n- one\n- two\n\nWhat to do:\n- Wait.\n")
    )
    assert forms["https"] == forms["lambda"] == forms["sqs"]
    assert chat_of(published) == {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": "org-gate: 2 deployments blocked",
            "description": "2 deployments blocked.\nThey are:\n- one\n- two",
            "nextSteps": ["Wait."],
            "keywords": ["org-gate", "blocked", "warning"],
        },
        "metadata": {
            "threadId": "cause-1",
            "summary": "org-gate: 2 deployments blocked",
            "eventType": "blocked",
            "relatedResources": ["arn:aws:health:us-east-1::event/RDS/X/1"],
            "additionalContext": {"kind": "blocked", "severity": "warning", "drill": "false", "accounts": ME},
        },
    }


def test_attributes_let_subscribers_filter() -> None:
    attributes = publication(NOTICE)["MessageAttributes"]
    assert {name: one["StringValue"] for name, one in attributes.items()} == {
        "kind": "blocked",
        "severity": "warning",
        "drill": "false",
        "account": json.dumps([ME]),
        "ou": '["Workloads/Prod"]',
        "tags": '["team=orders"]',
    }
    assert {one["DataType"] for name, one in attributes.items() if name in {"account", "ou", "tags"}} == {
        "String.Array"
    }
    bare = publication(replace(NOTICE, accounts=(), ous=(), tags=()))
    assert set(bare["MessageAttributes"]) == {"kind", "severity", "drill"}


def test_hostile_text_mentions_links_and_formats_nothing() -> None:
    published = publication(replace(NOTICE, subject=HOSTILE, lines=(HOSTILE,), next_steps=(HOSTILE,)))
    content = chat_of(published)["content"]
    for shown in (content["title"], content["description"], *content["nextSteps"]):
        assert not re.search(r"[<>@`*~|\[\]&\\\r\n\x00\u202e]", shown)
        assert "://" not in shown
        assert "www." not in shown.replace(".\u200b", "")
        assert "evil.example" not in shown
        assert not re.search(r"(^|\W)_|_(\W|$)", shown)
    mail = json.loads(published["Message"])["email"]
    assert "://" not in mail
    assert mail.count("\n") == 4  # the line, an empty one, the heading, the step
    assert "\r" not in published["Subject"]
    assert "\n" not in published["Subject"]


def test_what_people_copy_stays_as_it_is() -> None:
    for command in (
        "org-gate explain d-0123456789abcdef",
        "org-gate override create --pipeline NAME --event 'arn:aws:health:us-east-1::event/RDS/AWS_RDS_ISSUE/X_1'",
        "111122223333/us-east-1/my_pipeline",
    ):
        assert harmless(command) == command


def test_everything_is_bounded() -> None:
    many = tuple(f"{number:012d}" for number in range(10_000))
    notice = Notice(
        kind="blocked",
        severity="warning",
        subject=LONG,
        lines=(LONG,) * 50,
        next_steps=(LONG,) * 5,
        accounts=many,
        ous=tuple(LONG + name for name in many),
        tags=tuple(f"{LONG}={name}" for name in many),
        related=(LONG,) * 50,
    )
    published = publication(notice)
    content = chat_of(published)["content"]
    assert len(published["Subject"]) < 100
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 4000
    assert len(json.dumps(published, ensure_ascii=False).encode()) < 256 * 1024
    assert set(json.loads(published["MessageAttributes"]["account"]["StringValue"])) < set(many)
    distinct = replace(notice, ous=tuple(f"{name}{LONG}" for name in many), tags=tuple(f"{n}={LONG}" for n in many))
    assert len(json.dumps(publication(distinct), ensure_ascii=False).encode()) < 256 * 1024


@given(st.text(max_size=400), st.booleans())
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_whatever_the_text_sns_takes_it(told: str, drill: bool) -> None:  # noqa: FBT001  hypothesis passes it so
    notice = replace(NOTICE, subject=f"org-gate: {told}", lines=(told,), next_steps=(told,), drill=drill)
    published = publication(notice)
    assert re.fullmatch(r"[ -~]{1,99}", published["Subject"])
    assert published["Subject"].startswith("DRILL: org-gate: "[: len(published["Subject"])] if drill else "org-gate:")
    assert len(chat_of(published)["content"]["title"]) <= 250
    assert not re.search(r"[<>@`*~|\[\]&\\]", chat_of(published)["content"]["description"])
