"""What is in ``integrations/``, run as its CI system would run it, and a decision API that says what a test wants."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.serving import Heard, Reply, serving

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "integrations"
BIN: Final = Path(sys.executable).parent
CURL_SCRIPT: Final = FOLDER / "curl" / "org-gate-check.sh"
INSTALL_SCRIPT: Final = FOLDER / "install.sh"
TOOLS: Final = ("github", "gitlab", "jenkins", "curl")
KEYS: Final = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_REGION": "eu-west-1"}


@dataclass(frozen=True, slots=True)
class Ran:
    """``outputs`` are those of a GitHub step; ``log`` is what anybody sees."""

    code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a user fills in, whatever the tool; ``place`` is an empty folder."""

    place: Path
    url: str
    targets: Sequence[str]
    wait: str = ""
    pipeline: str = "orders"
    keys: Mapping[str, str] = field(default_factory=lambda: KEYS)

    def with_tool(self, tool: str) -> Ran:
        run = {"github": _github, "gitlab": _gitlab, "jenkins": _jenkins, "curl": _curl}[tool]
        return run(self)

    def environment(self, **variables: str) -> dict[str, str]:
        """That of a machine where org-gate is installed, and nothing of this one's own AWS set-up."""
        machine = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.place), "NO_PROXY": "*"}
        machine |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        machine |= {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        return {**machine, **self.keys, **variables}


def action() -> dict[str, Any]:
    return _yaml(FOLDER / "github" / "action.yml")


def template() -> dict[str, Any]:
    return _yaml(FOLDER / "gitlab" / "org-gate.gitlab-ci.yml")


def groovy() -> str:
    return (FOLDER / "jenkins" / "vars" / "orgGate.groovy").read_text("utf-8")


def groovy_shell() -> str:
    """The script that the Jenkins step hands to ``sh``."""
    scripts = re.findall(r"'''(.*?)'''", groovy(), re.DOTALL)
    assert len(scripts) == 1
    return str(scripts[0])


def step(name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in action()["runs"]["steps"] if one["name"] == name]
    return found[0]


def run_step(asking: Asking, name: str, inputs: Mapping[str, str], **variables: str) -> Ran:
    """One step of the GitHub Action, as the runner runs it: inputs by the step's ``env``, a file for its outputs."""
    given = {key: str(one.get("default", "")) for key, one in action()["inputs"].items()} | dict(inputs)
    put_in = {key: _filled(str(value), given) for key, value in step(name).get("env", {}).items()}
    outputs = asking.place / "outputs"
    outputs.touch()
    script = asking.place / "step.sh"
    script.write_text(step(name)["run"], encoding="utf-8")
    places = {"RUNNER_TEMP": str(asking.place), "GITHUB_OUTPUT": str(outputs), "GITHUB_ACTIONS": "true"}
    places |= {"GITHUB_ACTION_PATH": str(FOLDER / "github")} | put_in | variables
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    ran = execute(command, asking.environment(**places))
    told = dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())
    return Ran(ran.code, ran.log, told)


def execute(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    ran = subprocess.run(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    return Ran(ran.returncode, ran.stdout)


def _github(asking: Asking) -> Ran:
    installed = asking.place / "org-gate" / "bin"
    installed.mkdir(parents=True)
    (installed / "org-gate").symlink_to(BIN / "org-gate")
    inputs = {"targets": "\n".join(asking.targets), "url": asking.url, "pipeline": asking.pipeline}
    waiting = {"wait": "true", "timeout": asking.wait} if asking.wait else {}
    return run_step(asking, "Ask org-gate", inputs | waiting)


def _gitlab(asking: Asking) -> Ran:
    job = template()[".org-gate-check"]
    script = asking.place / "script.sh"
    script.write_text("\n".join(job["script"]), encoding="utf-8")
    variables = job["variables"] | {"ORG_GATE_PIPELINE": asking.pipeline}
    return execute(["sh", "-e", str(script)], asking.environment(**(variables | _settings(asking, ","))))


def _jenkins(asking: Asking) -> Ran:
    script = asking.place / "script.sh"
    script.write_text(groovy_shell(), encoding="utf-8")
    script.chmod(0o700)
    settings = {"ORG_GATE_WAIT": "false", "ORG_GATE_TIMEOUT": "1h"}
    settings |= {"ORG_GATE_PIPELINE": asking.pipeline}
    return execute([str(script)], asking.environment(**(settings | _settings(asking, " "))))


def _settings(asking: Asking, between: str) -> dict[str, str]:
    waiting = {"ORG_GATE_WAIT": "true", "ORG_GATE_TIMEOUT": asking.wait} if asking.wait else {}
    return {"ORG_GATE_TARGETS": between.join(asking.targets), "ORG_GATE_URL": asking.url} | waiting


def _curl(asking: Asking) -> Ran:
    options = ["-w", asking.wait.removesuffix("s")] if asking.wait else []
    command = ["sh", str(CURL_SCRIPT), "-p", asking.pipeline, *options, *asking.targets]
    return execute(command, asking.environment(ORG_GATE_URL=asking.url))


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    """GitHub's expressions, as far as the action's ``env`` may have them: one whole input."""
    found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
    assert found, text
    return inputs[found[1]]


def _yaml(file: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(file.read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    kind: str = "application/json"


def says(body: object, status: int = 200, kind: str = "application/json") -> Answer:
    return Answer(json.dumps(body).encode(), status, kind)


@dataclass(slots=True)
class Api:
    """Gives each answer in turn, the last one for ever; ``asked`` are the bodies, ``headers`` what came with them."""

    answers: Sequence[Answer]
    address: str = ""
    asked: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def url(self, name: str = "abc") -> str:
        return f"{self.address}/lambda-url/eu-west-1/{name}"

    def answer(self, heard: Heard) -> Reply:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(json.loads(heard.body))
        self.headers.append({name.lower(): value for name, value in heard.headers.items()})
        return Reply(answer.status, {"Content-Type": answer.kind}, answer.body)


@contextmanager
def answering(*answers: Answer) -> Iterator[Api]:
    api = Api(answers)
    with serving(api.answer) as api.address:
        yield api
