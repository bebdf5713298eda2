"""What running inside this very process must not do to it, or between functions."""

import os
import socket
import sys
import threading
from types import ModuleType
from typing import Any

import boto3
import botocore.session
import pytest

from org_gate.simulator.lambdas.inprocess import InProcessRunner
from tests.unit.simulator.lambdas.deployed import ACCOUNT, OTHER, REGION, deploy, make_role

ENDPOINT = "http://127.0.0.1:1"


@pytest.mark.usefixtures("aws")
def test_what_it_replaces_comes_back() -> None:
    def there() -> tuple[Any, ...]:
        return (
            socket.gethostbyname_ex,
            os.environ,
            sys.stdout,
            sys.stderr,
            boto3._get_default_session,
            threading.Thread.start,
            botocore.session.create_loader,
        )

    before = there()
    with InProcessRunner(ENDPOINT) as runner:
        deploy("quiet", "def handler(event, context): ...\n", role=make_role())
        runner.invoke(ACCOUNT, REGION, "quiet", {})
        assert os.environ["PATH"] == before[1]["PATH"]
    assert there() == before
    assert not [name for name in sys.modules if name.startswith("lambda_instance_")]


@pytest.mark.usefixtures("aws")
def test_boto3_has_the_credentials_and_region_of_each_function() -> None:
    code = (
        "import boto3\n\n\ndef handler(event, context):\n    client = boto3.client('sqs')\n"
        "    key = client._request_signer._credentials.access_key\n"
        "    return [key, client.meta.region_name, client.meta.endpoint_url]\n"
    )
    deploy("one", code, role=make_role())
    deploy("one", code, role=make_role(OTHER), account=OTHER, region="us-east-1")
    with InProcessRunner(ENDPOINT) as runner:
        first = runner.invoke(ACCOUNT, REGION, "one", {}).payload
        second = runner.invoke(OTHER, "us-east-1", "one", {}).payload
    assert (first[1:], second[1:]) == ([REGION, ENDPOINT], ["us-east-1", ENDPOINT])
    assert first[0] != second[0]


@pytest.mark.usefixtures("aws")
def test_functions_have_sessions_of_their_own_and_read_the_sdks_models_once() -> None:
    code = (
        "import boto3\n\n\ndef handler(event, context):\n    session = boto3._get_default_session()\n"
        "    return [id(session), id(session._session.get_component('data_loader'))]\n"
    )
    role = make_role()
    with InProcessRunner(ENDPOINT) as runner:
        for name in ("one", "two"):
            deploy(name, code, role=role)
        one, two = (runner.invoke(ACCOUNT, REGION, name, {}).payload for name in ("one", "two"))
    assert one[0] != two[0]
    assert one[1] == two[1]


@pytest.mark.usefixtures("aws")
def test_a_thread_of_a_function_has_its_environment() -> None:
    code = (
        "import os, threading\n\n\ndef handler(event, context):\n    seen = []\n"
        "    thread = threading.Thread(target=lambda: seen.append(os.environ.get('OWN')))\n"
        "    thread.start()\n    thread.join()\n    return seen\n"
    )
    deploy("threads", code, role=make_role(), environment={"OWN": "yes"})
    with InProcessRunner(ENDPOINT) as runner:
        assert runner.invoke(ACCOUNT, REGION, "threads", {}).payload == ["yes"]


@pytest.mark.usefixtures("aws")
def test_what_a_function_writes_into_its_environment_stays_there() -> None:
    code = "import os\n\n\ndef handler(event, context):\n    os.environ['LEFT_BEHIND'] = '1'\n"
    deploy("writes", code, role=make_role())
    with InProcessRunner(ENDPOINT) as runner:
        assert runner.invoke(ACCOUNT, REGION, "writes", {}).error is None
        assert "LEFT_BEHIND" not in os.environ


@pytest.mark.usefixtures("aws")
def test_a_function_may_call_another_while_it_runs() -> None:
    role = make_role()
    deploy("inner", "import os\n\n\ndef handler(event, context):\n    return os.environ['NAME']\n", role=role,
           environment={"NAME": "inner"})  # fmt: skip
    outer = (
        "import os\nimport nested_call_of_the_test as test\n\n\ndef handler(event, context):\n"
        "    print('before')\n    answer = test.call()\n    print('after')\n    return [answer, os.environ['NAME']]\n"
    )
    deploy("outer", outer, role=role, environment={"NAME": "outer"})
    with InProcessRunner(ENDPOINT) as runner:
        module = ModuleType("nested_call_of_the_test")
        vars(module)["call"] = lambda: runner.invoke(ACCOUNT, REGION, "inner", {}).payload
        sys.modules[module.__name__] = module
        try:
            result = runner.invoke(ACCOUNT, REGION, "outer", {})
        finally:
            del sys.modules["nested_call_of_the_test"]
    assert (result.payload, result.log) == (["inner", "outer"], "before\nafter\n")
