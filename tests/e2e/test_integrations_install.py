"""How org-gate comes to where it runs: what integrations/install.sh and the pages' examples install, for real."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from org_gate import __version__
from tests.e2e.integrations import (
    INSTALL_SCRIPT,
    ROOT,
    Asking,
    Ran,
    answering,
    execute,
    groovy_shell,
    run_step,
    says,
    template,
)
from tests.unit.client.support import decision

TARGET: Final = "111122223333/us-east-1/RDS"
PAGE: Final = (ROOT / "docs" / "integrations.md").read_text("utf-8")
NO_INDEX: Final = "(from versions: none)"
SYSTEM: Final = "/usr/bin:/bin"


def checkout(place: Path) -> Path:
    """A repository of one commit: what a clone of this one has once everything in it is committed."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.check_output(["git", "-C", ROOT, "ls-files", "-zco", "--exclude-standard"], encoding="utf-8")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", place, *command], check=True)
    return place


def with_an_index() -> dict[str, str]:
    """pip as it is set up here, its cache too; and no package of this environment in sight."""
    cache = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")} | {
        "PIP_CACHE_DIR": cache,
        "PYTHONPATH": "",
    }


def went_well(ran: Ran) -> None:
    if NO_INDEX in ran.log:
        pytest.skip("no package index answers here")
    assert ran.code == 0, ran.log


def test_the_action_installs_the_org_gate_of_its_own_commit_and_what_it_pins(tmp_path: Path) -> None:
    """For real, from the package index; then its second step asks with what the first installed."""
    source = checkout(tmp_path / "the checkout")
    surroundings = with_an_index() | {"GITHUB_ACTION_PATH": str(source / "integrations" / "github")}
    with answering(says(decision("block"))) as api:
        asking = Asking(tmp_path, api.url(), [TARGET])
        went_well(run_step(asking, "Install org-gate", {}, **surroundings))
        ran = run_step(asking, "Ask org-gate", {"targets": TARGET, "url": api.url()}, **surroundings)
    assert (ran.code, ran.outputs["verdict"], len(api.asked)) == (1, "block", 1)
    installed = versions(tmp_path / "org-gate")
    assert installed.pop("org-gate") == __version__
    lock = (source / "requirements" / "app.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, re.MULTILINE))
    assert {name: pins.get(name) for name in installed} == installed
    assert len(installed) > 20


def versions(environment: Path) -> dict[str, str]:
    """What is installed in it, but for what any new environment has."""
    command = [str(environment / "bin" / "python"), "-Im", "pip", "list", "--format", "json"]
    listed = json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL))
    found = {re.sub("[-_.]+", "-", one["name"]).lower(): one["version"] for one in listed}
    return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}


def tool_that_tells(folder: Path, name: str, body: str = "") -> None:
    """A program that writes its arguments into ``told``."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder}/told"\n{body}\n', encoding="utf-8")
    program.chmod(0o700)


INSTALLING: Final = {
    "a shell": next(one for one in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "install.sh" in one),
    "gitlab": "\n".join(
        next(
            yaml.safe_load(one)["may-deploy"]["before_script"]
            for one in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
            if "before_script" in one
        )
    ),
    "an image": "\n".join(re.findall(r"^RUN (.*)$", PAGE, re.MULTILINE)),
}


@pytest.mark.parametrize("example", INSTALLING)
def test_what_the_page_shows_installs_from_the_commit_it_names(tmp_path: Path, example: str) -> None:
    """With an install.sh that says from where it was called; the branch has gone on since."""
    source, wanted = repository(tmp_path)
    places = {"/opt/org-gate": str(tmp_path / "opt"), "/src/org-gate": str(source), "rm -r /src": "true"}
    script = INSTALLING[example]
    for place, here in places.items():
        script = script.replace(place, here)
    environment = {"PATH": SYSTEM, "HOME": str(tmp_path), "ORG_GATE_REPOSITORY": str(source)}
    ran = execute(["sh", "-ec", f"cd {tmp_path}; {script}"], environment | {"ORG_GATE_COMMIT": wanted})
    folder = {"gitlab": "org-gate"}.get(example, "opt")
    said = "now" if example == "an image" else "then"
    assert (ran.code, ran.log) == (0, f"{said} {tmp_path}/{folder}\n")


@pytest.mark.parametrize("example", ["a shell", "gitlab"])
@pytest.mark.parametrize("wanted", ["", "0" * 40])
def test_without_the_commit_nothing_is_installed(tmp_path: Path, example: str, wanted: str) -> None:
    """As it is run: a person's shell goes on after a line that failed, GitLab's does not."""
    source, _ = repository(tmp_path)
    environment = {"PATH": SYSTEM, "HOME": str(tmp_path), "ORG_GATE_REPOSITORY": str(source)}
    options = {"a shell": "-c", "gitlab": "-ec"}[example]
    script = f"cd {tmp_path}; {INSTALLING[example]}"
    ran = execute(["sh", options, script], environment | {"ORG_GATE_COMMIT": wanted})
    assert ran.code != 0
    assert "now" not in ran.log.split()


def repository(place: Path) -> tuple[Path, str]:
    """Its folder, and the commit before its last; what install.sh says tells which one it is of."""
    folder = place / "repository"
    (folder / "integrations").mkdir(parents=True)
    wanted = commit(folder, "then")
    commit(folder, "now")
    return folder, wanted


def commit(repository: Path, words: str) -> str:
    (repository / "integrations" / "install.sh").write_text(f'echo "{words} $1"\n', encoding="utf-8")
    git = ["git", "-C", str(repository), "-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["-c", "commit.gpgsign=false", "commit", "-qm", words]):
        subprocess.run([*git, *command], check=True)
    return subprocess.check_output([*git, "rev-parse", "HEAD"], encoding="utf-8").strip()


@pytest.mark.parametrize("python", ["exit 1", "exit 127"])
def test_the_action_says_what_runner_it_needs(tmp_path: Path, python: str) -> None:
    tool_that_tells(tmp_path / "tools", "python3", python)
    ran = run_step(Asking(tmp_path, "", []), "Install org-gate", {}, PATH=f"{tmp_path}/tools:{os.environ['PATH']}")
    assert ran.code == 3
    needs, told = ran.log.splitlines()
    assert needs.startswith("org-gate needs Python 3.11 or later, and 'python3' is not that.")
    assert told.startswith("::error title=org-gate::org-gate could not be installed")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("", encoding="utf-8")
    for arguments in ([str(tmp_path)], [], [""], [str(tmp_path / "new"), "more"]):
        assert execute(["sh", str(INSTALL_SCRIPT), *arguments], {"PATH": os.environ["PATH"]}).code == 3
    assert [*tmp_path.iterdir()] == [mine]


@pytest.mark.parametrize("tool", ["gitlab", "jenkins"])
@pytest.mark.parametrize("there", [True, False])
def test_where_org_gate_is_not_installed_there_is_no_verdict(tmp_path: Path, tool: str, *, there: bool) -> None:
    """And nothing is installed on the way: python3 is not asked."""
    tools = tmp_path / "tools"
    tool_that_tells(tools, "python3")
    if there:
        tool_that_tells(tools, "org-gate")
    script = "\n".join(template()[".org-gate-check"]["script"]) if tool == "gitlab" else groovy_shell()
    settings = {"ORG_GATE_TARGETS": TARGET, "ORG_GATE_WAIT": "true", "ORG_GATE_PIPELINE": "", "ORG_GATE_TIMEOUT": "5m"}
    ran = execute(["sh", "-ec", script], {"PATH": f"{tools}:{SYSTEM}", "HOME": str(tmp_path)} | settings)
    told = (tools / "told").read_text("utf-8").splitlines() if there else []
    assert told == ([f"org-gate check --target={TARGET} --wait --timeout=5m"] if there else [])
    assert (ran.code, "docs/integrations.md" in ran.log) == ((0, False) if there else (3, True))


def test_gitlabs_token_is_what_the_role_is_taken_on_with(tmp_path: Path) -> None:
    tool_that_tells(tmp_path / "tools", "org-gate", f'cat "$AWS_WEB_IDENTITY_TOKEN_FILE" > "{tmp_path}/token"')
    job = template()[".org-gate-check"]
    variables = job["variables"] | {"ORG_GATE_TARGETS": TARGET, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    variables |= {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/deploy", "ORG_GATE_ID_TOKEN": "made.up"}
    ran = execute(["sh", "-ec", "\n".join(job["script"])], variables | {"PATH": f"{tmp_path}/tools:{SYSTEM}"})
    assert (ran.code, (tmp_path / "token").read_text("utf-8")) == (0, "made.up")
