"""Every tool in ``integrations/`` gives the same answers: its shell is run, against an organization or one answer."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.integrations import KEYS, TOOLS, Answer, Asking, Ran, answering, run_step, says
from tests.e2e.simulated import Simulated
from tests.e2e.support import ORDERS, PAYMENTS
from tests.unit.client.support import decision

TARGET = "111122223333/us-east-1/RDS"
OTHER = "/eu-west-1"
BLOCK = decision("block", retry_after_seconds=0)
STALE = {"stale": True, "age_seconds": 1200}
HOSTILE = "x\n::error::forged\r##[add-path]/tmp ##vso[task.setvariable]1 \x1b[2J\u202e\u2028$(touch owned)`touch owned`"

MISSING = [name for name in ("curl", "jq") if shutil.which(name) is None]


@pytest.fixture(name="tool", params=TOOLS)
def _tool(request: pytest.FixtureRequest) -> str:
    if request.param == "curl" and MISSING:
        pytest.skip(f"{MISSING} are not on this machine")
    return str(request.param)


def told(tool: str, place: Path, *answers: Answer, wait: str = "") -> tuple[Ran, list[Any]]:
    """What the tool made of the answers, and the questions."""
    with answering(*answers) as api:
        return Asking(place, api.url(), [TARGET, OTHER], wait).with_tool(tool), api.asked


def stale(on_unknown: str) -> dict[str, Any]:
    known = decision()["knowledge"] | STALE | {"on_unknown": on_unknown}
    return decision("allow", knowledge=known, summary="Nothing speaks against it.")


@pytest.mark.parametrize(
    ("target", "code", "word"),
    [(f"{ORDERS}/us-east-1/RDS", 1, "open-issues"), (f"{PAYMENTS}/eu-west-1/S3", 0, "")],
)
def test_in_an_organization(
    organization: Simulated, tmp_path: Path, tool: str, *, target: str, code: int, word: str
) -> None:
    """Signed, let through, judged: by the real parts."""
    url = organization.ready["central"]["decision_url"]
    keys = organization.ready["accounts"][target.partition("/")[0]]
    ran = Asking(tmp_path, url, [target], keys=keys).with_tool(tool)
    assert (ran.code, word in ran.log) == (code, True), ran.log
    assert re.search("d-[0-9a-f]{32}", ran.log)


def test_a_wrong_secret_is_no_verdict(organization: Simulated, tmp_path: Path, tool: str) -> None:
    keys = organization.ready["accounts"][ORDERS] | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    url = organization.ready["central"]["decision_url"]
    ran = Asking(tmp_path, url, [TARGET], keys=keys).with_tool(tool)
    assert ran.code == 3
    assert "credentials are not valid" in ran.log


def test_the_question_has_what_was_given(tmp_path: Path, tool: str) -> None:
    _, asked = told(tool, tmp_path, says(decision()))
    assert [(one["targets"], one["pipeline"]) for one in asked] == [([TARGET, OTHER], {"name": "orders"})]


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        (says(decision("allow")), 0, "allow: one line."),
        (says(decision("warn")), 0, "warn: one line."),
        (says(BLOCK), 1, "block: one line."),
        (says({"detail": "Add this entry to delegates."}, 403, "application/problem+json"), 2, "Add this entry"),
        (says({"detail": "Central is down."}, 503, "application/problem+json"), 3, "503"),
        (Answer(b"<html>allow</html>", kind="text/html"), 3, "no answer of a decision API"),
    ],
)
def test_answers_end_with_the_code_of_what_they_are(
    tmp_path: Path, tool: str, answer: Answer, code: int, word: str
) -> None:
    ran, _ = told(tool, tmp_path, answer)
    assert (ran.code, word in ran.log) == (code, True), ran.log


def test_who_cannot_be_reached_is_no_verdict(tmp_path: Path, tool: str) -> None:
    with answering(says(decision())) as api:
        url = api.url()
    assert Asking(tmp_path, url, [TARGET]).with_tool(tool).code == 3


def test_the_next_url_is_asked_where_the_first_does_not_answer(tmp_path: Path, tool: str) -> None:
    with answering(says({}, 502), says(BLOCK)) as api:
        ran = Asking(tmp_path, f"{api.url('abc')}/, {api.url('def')}", [TARGET]).with_tool(tool)
    assert (ran.code, len(api.asked)) == (1, 2)


@pytest.mark.contract("D13")
@pytest.mark.parametrize(("on_unknown", "code"), [("block", 1), ("warn", 0), ("allow", 0)])
def test_old_knowledge_left_to_a_gate_counts_as_not_known(
    tmp_path: Path, tool: str, on_unknown: str, code: int
) -> None:
    ran, _ = told(tool, tmp_path, says(stale(on_unknown)))
    assert (ran.code, "nobody knows whether it is safe" in ran.log) == (code, True), ran.log


def test_it_waits_until_the_way_is_free(tmp_path: Path, tool: str) -> None:
    ran, asked = told(tool, tmp_path, says(BLOCK), says(decision()), wait="60s")
    assert (ran.code, len(asked)) == (0, 2), ran.log
    assert "Asking again in 1 s" in ran.log


def test_it_waits_no_longer_than_told(tmp_path: Path, tool: str) -> None:
    ran, asked = told(tool, tmp_path, says(BLOCK), wait="1s")
    assert (ran.code, len(asked)) == (1, 2), ran.log


def test_texts_of_strangers_do_nothing(tmp_path: Path, tool: str) -> None:
    """They start no line, no command of a CI system, and nothing in the shell; nor do targets and names."""
    reason = {"kind": "event", "verdict": "block", "rule": HOSTILE, "target": 0, "explanation": HOSTILE}
    answer = decision("block", summary=HOSTILE, reasons=[reason], decision_id=HOSTILE)
    with answering(says(answer)) as api:
        ran = Asking(tmp_path, api.url(), [TARGET], pipeline="$(touch owned) * '\"\n;touch owned").with_tool(tool)
    assert ran.code == 1
    assert api.asked[0]["pipeline"] == {"name": "$(touch owned) * '\"\n;touch owned"}
    assert not {"\x1b", "\r", "\u202e", "\u2028"} & set(ran.log)
    assert "##[" not in ran.log
    assert "##vso[" not in ran.log
    assert not [line for line in ran.log.splitlines() if line.lstrip().startswith("::error::")]
    assert set(ran.outputs) <= {"verdict", "decision-id"}
    assert not list(tmp_path.rglob("owned"))
    assert not Path("owned").exists()


def test_what_is_no_target_is_wrong_use_and_asks_nobody(tmp_path: Path, tool: str) -> None:
    with answering(says(decision())) as api:
        for number, wrong in enumerate(([], ["--help"], ["$(touch owned)"], ["*"])):
            place = tmp_path / str(number)
            place.mkdir()
            assert Asking(place, api.url(), wrong).with_tool(tool).code == 2
    assert api.asked == []


@pytest.mark.parametrize("verdict", ["allow", "warn", "block"])
def test_a_github_step_says_what_it_found(tmp_path: Path, verdict: str) -> None:
    ran, _ = told("github", tmp_path, says(decision(verdict)))
    assert ran.outputs == {"verdict": verdict, "decision-id": "d-1"}
    level = {"allow": "notice", "warn": "warning", "block": "error"}[verdict]
    assert ran.log.startswith(f"::{level} title=org-gate%3A {verdict}::")


def test_a_github_step_without_an_answer_says_nothing_and_why(tmp_path: Path) -> None:
    ran, _ = told("github", tmp_path, says({}, 502))
    assert ran.outputs == {}
    assert "::error title=org-gate%3A no verdict::" in ran.log


def test_the_github_action_takes_the_url_of_the_job_where_none_is_given(tmp_path: Path) -> None:
    (tmp_path / "org-gate" / "bin").mkdir(parents=True)
    (tmp_path / "org-gate" / "bin" / "org-gate").symlink_to(shutil.which("echo") or "")
    asking = Asking(tmp_path, "", [])
    ran = run_step(asking, "Ask org-gate", {"targets": f" {TARGET}, {OTHER}\n\n*"}, ORG_GATE_URL="http://job")
    assert f"check --format github --target={TARGET} --target={OTHER} --target=*" in ran.log
    wrong = run_step(asking, "Ask org-gate", {"targets": TARGET, "wait": "yes"})
    assert wrong.code == 2


def test_keys_are_what_signs(tmp_path: Path, tool: str) -> None:
    """A session's token goes along, signed."""
    keys = KEYS | {"AWS_SESSION_TOKEN": "IQoJ/token+=="}
    with answering(says(decision())) as api:
        assert Asking(tmp_path, api.url(), [TARGET], keys=keys).with_tool(tool).code == 0
    (headers,) = api.headers
    assert headers["x-amz-security-token"] == "IQoJ/token+=="
    assert "x-amz-security-token" in headers["authorization"].partition("SignedHeaders=")[2]
    assert "/eu-west-1/lambda/aws4_request" in headers["authorization"]
