"""The script that needs curl and jq alone: it stands for ``org-gate check``, so it has to judge as that does."""

import json
import re
import shutil
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from org_gate.cli.stale import without_gate
from tests.e2e.integrations import CURL_SCRIPT, KEYS, ROOT, Answer, Asking, Ran, answering, execute, says
from tests.e2e.simulated import Simulated
from tests.e2e.support import CENTRAL, SANDBOX
from tests.unit.client.support import decision

TARGET = "111122223333/us-east-1/RDS"
VERDICTS = ("allow", "warn", "block")
BLOCK = decision("block", retry_after_seconds=60)

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("jq") is None, reason="curl and jq are not on this machine"
)


def ask(place: Path, *answers: Answer, arguments: tuple[str, ...] = (TARGET,), **variables: str) -> Ran:
    with answering(*answers) as api:
        environment = Asking(place, "", []).environment(**({"ORG_GATE_URL": api.url()} | variables))
        return execute(["sh", str(CURL_SCRIPT), *arguments], environment)


def knowing(**fields: Any) -> dict[str, Any]:
    return {"knowledge": decision()["knowledge"] | fields}


@pytest.mark.parametrize(
    "answer",
    [
        says({"Message": "Forbidden"}, 403),
        says({"Reason": "throttled"}, 429),
        says({"detail": "Central is down."}, 503, "application/problem+json"),
        says({"detail": "x"}, 200, "application/problem+json"),
        says(["problem"], 400, "application/problem+json"),
        says(decision("allow"), 500),
        says(decision("allow"), 302),
        says(decision("allow"), 204),
        says(decision("fine")),
        says(decision("allow", reasons=[{"verdict": "fine"}])),
        says(decision("allow", reasons=["block"])),
        says(decision("allow", targets=None)),
        says(decision("allow", exempt="no")),
        says(decision("allow", knowledge=None)),
        says(decision("allow", **knowing(stale="no"))),
        says(decision("allow", **knowing(on_unknown=None))),
        says([decision("allow")]),
        says("allow"),
        says({"verdict": "allow"}),
        says({}),
        Answer(b'{"verdict": "allow", '),
        Answer(b"\x00\xff\n\n0\n60\nALLOW\n200 application/json"),
        Answer(b"0\n60\nALLOW"),
        Answer(b"[" * 100_000),
        Answer(b""),
        Answer(b"\n\n"),
        Answer(b"null"),
    ],
)
def test_what_is_no_answer_is_no_verdict(tmp_path: Path, answer: Answer) -> None:
    ran = ask(tmp_path, answer)
    assert ran.code == 3, ran.log
    assert ran.log.startswith("No decision API answered, so nothing could be found out.")


def test_two_answers_in_one_are_none(tmp_path: Path) -> None:
    whole = says(decision("block")).body + b"\n" + says(decision("allow")).body
    assert ask(tmp_path, Answer(whole)).code == 3


@pytest.mark.contract("D13")
def test_old_knowledge_counts_as_the_command_line_counts_it(tmp_path: Path) -> None:
    known = [knowing(stale=True, on_stale=o, on_unknown=u) for o, u in product((*VERDICTS, "local"), VERDICTS)]
    answers = [
        decision(verdict, mode=mode, exempt=exempt, targets=[decision()["targets"][0] | {"overridden": over}], **one)
        for one in known
        for verdict, mode, exempt, over in [
            ("allow", "enforce", False, False),
            ("allow", "warn", False, False),
            ("allow", "shadow", False, False),
            ("allow", "enforce", True, False),
            ("allow", "enforce", False, True),
            ("warn", "enforce", False, False),
            ("block", "enforce", False, True),
        ]
    ]
    with answering(*map(says, answers)) as api:
        environment = Asking(tmp_path, "", []).environment(ORG_GATE_URL=api.url())
        ran = [execute(["sh", str(CURL_SCRIPT), TARGET], environment) for _ in answers]
    expected = [without_gate(answer)["verdict"] for answer in answers]
    assert [one.log.partition(" ")[0].lower() for one in ran] == expected
    assert [one.code for one in ran] == [int(verdict == "block") for verdict in expected]
    assert set(expected) == set(VERDICTS)


def test_a_way_to_treat_old_knowledge_that_nobody_knows_yet_is_no_allow(tmp_path: Path) -> None:
    assert ask(tmp_path, says(decision("allow", **knowing(stale=True, on_stale="guess")))).code == 1


@pytest.fixture(name="pauses")
def _pauses(tmp_path: Path) -> dict[str, str]:
    """Time that passes only while the script sleeps."""
    tools = tmp_path / "tools"
    tools.mkdir()
    clock = tools / "slept"
    clock.write_text("0\n", encoding="utf-8")
    add = f'echo "$(($(tail -n 1 "{clock}") + $1))" >> "{clock}"'
    for name, body in (("sleep", add), ("date", f'tail -n 1 "{clock}"')):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tools / name).chmod(0o700)
    return {"PATH": f"{tools}:{Asking(tmp_path, '', []).environment()['PATH']}"}


def slept(place: Path) -> list[int]:
    times = [int(line) for line in (place / "tools" / "slept").read_text("utf-8").split()]
    return [later - earlier for earlier, later in pairwise(times)]


@pytest.mark.parametrize(
    ("answers", "code", "pauses_made"),
    [
        ([BLOCK, decision("warn")], 0, [60]),
        ([BLOCK], 1, [60, 60, 30]),
        ([BLOCK, {}, decision()], 0, [60, 60]),
        ([{}], 3, [60, 60, 30]),
        ([BLOCK | {"retry_after_seconds": 0}] * 2 + [decision()], 0, [1, 1]),
        ([BLOCK | {"retry_after_seconds": 10**12}], 1, [150]),
        ([BLOCK | {"retry_after_seconds": 2.5}, decision()], 0, [2]),
    ],
)
def test_it_waits_as_told_and_no_longer(
    tmp_path: Path, pauses: dict[str, str], answers: list[Any], code: int, pauses_made: list[int]
) -> None:
    ran = ask(tmp_path, *map(says, answers), arguments=("-w", "150", TARGET), **pauses)
    assert (ran.code, slept(tmp_path)) == (code, pauses_made), ran.log


def test_it_does_not_wait_for_what_is_refused(tmp_path: Path, pauses: dict[str, str]) -> None:
    refusal = says({"detail": "Add this."}, 403, "application/problem+json")
    assert ask(tmp_path, refusal, arguments=("-w", "150", TARGET), **pauses).code == 2
    assert slept(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-x", TARGET),
        ("-w",),
        ("-w", "1h", TARGET),
        ("-w", "010", TARGET),
        ("-w", "", TARGET),
        ("us-east-1",),
        (TARGET, "--args"),
    ],
)
def test_wrong_use_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert ask(tmp_path, says(decision()), arguments=arguments).code == 2


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"ORG_GATE_URL": ""}, 2),
        ({"ORG_GATE_URL": " , "}, 3),
        ({"ORG_GATE_URL": "file:///dev/zero/lambda-url/eu-west-1/x"}, 3),
        ({"ORG_GATE_URL": "https://127.0.0.1:1/", "AWS_REGION": ""}, 3),
        ({"AWS_ACCESS_KEY_ID": ""}, 3),
        ({"AWS_SECRET_ACCESS_KEY": ""}, 3),
        ({"AWS_SECRET_ACCESS_KEY": 'x"\nurl = "http://127.0.0.1:1'}, 3),
        ({"PATH": "/nowhere"}, 3),
    ],
)
def test_what_it_needs_and_has_not_is_said(tmp_path: Path, variables: dict[str, str], code: int) -> None:
    with answering(says(decision())) as api:
        environment = Asking(tmp_path, "", []).environment(**({"ORG_GATE_URL": api.url()} | variables))
        ran = execute([shutil.which("sh") or "sh", str(CURL_SCRIPT), TARGET], environment)
    assert (ran.code, api.asked) == (code, [])
    assert ran.log.strip()


def test_the_secret_is_in_nobodys_arguments_and_no_settings_of_the_user_count(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    spy = tools / "curl"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/seen\nexec {shutil.which("curl")} "$@"\n', "utf-8")
    spy.chmod(0o700)
    (tmp_path / ".curlrc").write_text('url = "http://127.0.0.1:1/"\n', encoding="utf-8")
    path = f"{tools}:{Asking(tmp_path, '', []).environment()['PATH']}"
    assert ask(tmp_path, says(decision()), PATH=path, AWS_SESSION_TOKEN="made-up-too").code == 0  # noqa: S106  it is none
    seen = (tmp_path / "seen").read_text("utf-8")
    assert TARGET in seen
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in seen


def test_a_session_is_let_in_by_the_organization(organization: Simulated, tmp_path: Path) -> None:
    """A CI system's role, with no more rights than the documentation gives it: its token is sent, and signed."""
    rights = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "integrations.md").read_text("utf-8"), re.DOTALL)
    assert rights
    trusting = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SANDBOX}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusting]})
    iam = organization.client("iam", SANDBOX, "us-east-1")
    role = iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="ci", PolicyName="ask", PolicyDocument=rights[1].replace("CENTRAL_ACCOUNT", CENTRAL))
    sts = organization.client("sts", SANDBOX, "eu-west-1")
    keys = sts.assume_role(RoleArn=role, RoleSessionName="build")["Credentials"]
    session = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    url = organization.ready["central"]["decision_url"]
    ran = Asking(tmp_path, url, ["/us-east-1/RDS"], keys=session).with_tool("curl")
    assert ran.code == 1, ran.log
    wrong = Asking(tmp_path, url, ["/us-east-1/RDS"], keys=session | {"AWS_SESSION_TOKEN": "another"})
    assert wrong.with_tool("curl").code == 3
