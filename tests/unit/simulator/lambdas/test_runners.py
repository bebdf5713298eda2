"""What holds for functions whichever way they run."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from moto.iam.models import iam_backends

from org_gate.simulator.base import Invoker
from tests.unit.simulator.lambdas.deployed import ACCOUNT, OTHER, REGION, TRUST, deploy, make_role

ECHO = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called", calls)
    return {"event": event, "calls": calls, "env": dict(os.environ), "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "id": context.aws_request_id}
"""


def test_a_function_gets_its_event_its_own_environment_and_its_own_arn(
    runner: Invoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "no")
    deploy("echo", ECHO, role=make_role(), environment={"OWN": "yes"}, timeout=7)
    result = runner.invoke(ACCOUNT, REGION, "echo", {"a": [1, "ü"]})
    assert result.error is None
    assert result.log == "called 1\n"
    assert result.payload["event"] == {"a": [1, "ü"]}
    assert result.payload["arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:echo"
    assert 0 < result.payload["left"] <= 7000
    environment = result.payload["env"]
    assert environment["OWN"] == "yes"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == REGION
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "echo"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["AWS_SESSION_TOKEN"]
    assert environment["TZ"] == "UTC"
    assert "SECRET_OF_THE_HOST" not in environment


def test_module_state_lasts_between_calls_and_is_shared_with_no_other_function(runner: Invoker) -> None:
    role = make_role()
    deploy("one", ECHO, role=role)
    deploy("two", ECHO, role=role)
    deploy("one", ECHO, role=make_role(OTHER), account=OTHER)
    calls = [
        runner.invoke(account, REGION, name, {}).payload["calls"]
        for account, name in [(ACCOUNT, "one"), (ACCOUNT, "one"), (ACCOUNT, "two"), (OTHER, "one"), (ACCOUNT, "one")]
    ]
    assert calls == [1, 2, 1, 1, 3]


def test_a_module_is_there_once_even_where_its_package_imports_it(runner: Invoker) -> None:
    """Else an error that one module raises is not the one that another catches."""
    files = {
        "pack/__init__.py": "from pack.errors import Wrong\nfrom pack.raising import go\n",
        "pack/errors.py": "class Wrong(Exception): ...\n",
        "pack/raising.py": "from pack.errors import Wrong\ndef go(): raise Wrong\n",
        "index.py": "from pack.errors import Wrong\nfrom pack import go\n"
        "def handler(event, context):\n    try: go()\n    except Wrong: return 'caught'\n",
        "pack/late.py": "from pack.raising import go\nfrom pack.errors import Wrong\n"
        "def handler(event, context):\n    try: go()\n    except Wrong: return 'caught'\n",
    }
    role = make_role()
    deploy("errors", files, role=role)
    deploy("late", files, role=role, handler="pack.late.handler")
    for name in ("errors", "late"):
        assert runner.invoke(ACCOUNT, REGION, name, {}).payload == "caught"


def test_the_real_internet_answers_no_look_up(runner: Invoker) -> None:
    code = (
        "import socket\ndef handler(event, context):\n"
        "    try: return socket.gethostbyname_ex('localhost')\n    except OSError as error: return str(error)\n"
    )
    deploy("asks", code, role=make_role())
    assert "no name server to look localhost up" in runner.invoke(ACCOUNT, REGION, "asks", {}).payload


def test_request_ids_are_the_same_in_every_run_and_never_twice(runner: Invoker) -> None:
    deploy("echo", ECHO, role=make_role())
    ids = [runner.invoke(ACCOUNT, REGION, "echo", {}).payload["id"] for _ in range(2)]
    assert ids == ["3e8e2f44-e70b-5adf-a242-109cfa5bc9ae", ids[1]]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("raise ValueError('no')", "ValueError", "no"),
        ("return {1, 2}", "Runtime.MarshalError", "not JSON serializable"),
        ("return 'x' * 6_300_000", "Function.ResponseSizeTooLarge", "6291556"),
        ("raise SystemExit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_what_goes_wrong_in_a_handler_has_lambdas_words(runner: Invoker, body: str, error: str, message: str) -> None:
    deploy("bad", f"def handler(event, context):\n    if event: {body}\n    return 'fine'\n", role=make_role())
    result = runner.invoke(ACCOUNT, REGION, "bad", {"go": True})
    assert result.error == error
    assert message in result.payload["errorMessage"]
    assert runner.invoke(ACCOUNT, REGION, "bad", {}).payload == "fine"


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        ("import no_such_module", "index.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "index.handler", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "index.handler", "Runtime.HandlerNotFound"),
        ("raise KeyError('at init')", "index.handler", "KeyError"),
    ],
)
def test_what_goes_wrong_at_init_is_told_every_time(runner: Invoker, code: str, handler: str, error: str) -> None:
    deploy("bad", code, role=make_role(), handler=handler)
    assert [runner.invoke(ACCOUNT, REGION, "bad", {}).error for _ in range(2)] == [error, error]


def test_an_update_of_code_environment_or_timeout_runs_at_once(runner: Invoker) -> None:
    function = deploy("echo", ECHO, role=make_role(), environment={"OWN": "old"})
    assert runner.invoke(ACCOUNT, REGION, "echo", {}).payload["calls"] == 1
    function.update_configuration({"Environment": {"Variables": {"OWN": "new"}}})
    updated = runner.invoke(ACCOUNT, REGION, "echo", {}).payload
    assert (updated["env"]["OWN"], updated["calls"]) == ("new", 1)


def test_a_function_that_calls_itself_has_two_instances(runner: Invoker) -> None:
    deploy("echo", ECHO, role=make_role())
    barrier = Barrier(2, timeout=30)

    def call() -> int:
        barrier.wait()
        return int(runner.invoke(ACCOUNT, REGION, "echo", {}).payload["calls"])

    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(call) for _ in range(2)]
        assert sum(each.result() for each in calls) in {2, 3}  # two instances, or one after the other


def test_packages_relative_and_lazy_imports_come_from_the_zip(runner: Invoker) -> None:
    files = {
        "app/__init__.py": "",
        "app/state.py": "seen = []\n",
        "app/sub/__init__.py": "from ..state import seen\nVALUE = 'sub'\n",
        "app/main.py": (
            "from dataclasses import dataclass\nimport app.state\nfrom app import sub\n\n\n@dataclass\nclass Seen:\n"
            "    count: 'int'\n\n\ndef handler(event, context):\n    from . import late\n    app.state.seen.append(1)\n"
            "    return [sub.VALUE, late.NAME, Seen(len(sub.seen)).count]\n"
        ),
        "app/late.py": "NAME = 'late'\n",
        "helper_of_the_zip.py": "",
    }
    deploy("app", files, role=make_role(), handler="app.main.handler")
    assert runner.invoke(ACCOUNT, REGION, "app", {}).payload == ["sub", "late", 1]


def test_a_role_that_lambda_cannot_assume_is_refused(runner: Invoker) -> None:
    somebody = json.loads(json.dumps(TRUST).replace("lambda.", "ec2."))
    deploy("untrusted", ECHO, role=make_role(name="other", trust=somebody))
    deploy("roleless", ECHO, role=make_role(name="deleted"))
    iam_backends[ACCOUNT]["aws"].delete_role("deleted")
    for name in ("untrusted", "roleless"):
        result = runner.invoke(ACCOUNT, REGION, name, {})
        assert result.error == "AccessDeniedException"
        assert name in result.payload["errorMessage"]


def test_an_unknown_function_is_a_key_error(runner: Invoker) -> None:
    with pytest.raises(KeyError, match="nobody"):
        runner.invoke(ACCOUNT, REGION, "nobody", {})


def test_nothing_a_function_prints_reaches_our_own_output(runner: Invoker, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys\n\n\ndef handler(event, context):\n    print('out')\n    print('err', file=sys.stderr)\n"
    deploy("loud", code, role=make_role())
    log = runner.invoke(ACCOUNT, REGION, "loud", {}).log
    assert sorted(log.split()) == ["err", "out"]
    assert capfd.readouterr() == ("", "")
