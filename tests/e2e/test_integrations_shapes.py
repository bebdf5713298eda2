"""The files in ``integrations/`` have the form that their tools ask for, and the documentation speaks of what is there.

The tools' own schemas are not on this machine: what of them concerns these files is written down here.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from org_gate.model.request import parse_short_target
from tests.e2e.integrations import (
    BIN,
    CURL_SCRIPT,
    FOLDER,
    INSTALL_SCRIPT,
    ROOT,
    Asking,
    action,
    answering,
    execute,
    groovy,
    groovy_shell,
    says,
    step,
    template,
)
from tests.unit.client.support import decision

PAGE: Final = (ROOT / "docs" / "integrations.md").read_text("utf-8")
TARGET: Final = "111122223333/us-east-1/RDS"


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_action_has_the_form_of_a_composite_action() -> None:
    """As GitHub's reference of action.yml has it."""
    whole = action()
    assert set(whole) == {"name", "description", "inputs", "outputs", "runs"}
    assert isinstance(whole["name"], str)
    assert isinstance(whole["description"], str)
    for name, one in whole["inputs"].items():
        assert re.fullmatch(r"[a-zA-Z_][\w-]*", name)
        assert set(one) <= {"description", "required", "default", "deprecationMessage"}
        assert isinstance(one["description"], str)
        assert isinstance(one["required"], bool)
        assert isinstance(one.get("default", ""), str), "what YAML reads as a number or a truth value is no default"
    assert all(set(one) == {"description", "value"} for one in whole["outputs"].values())
    assert set(whole["runs"]) == {"using", "steps"}
    assert whole["runs"]["using"] == "composite"
    for one in whole["runs"]["steps"]:
        assert set(one) <= {"name", "id", "if", "shell", "env", "run"}, "no action of others is used"
        assert one["shell"] == "bash", "a composite action's step has to name its shell"
        assert all(isinstance(value, str) for value in one.get("env", {}).values())


def test_no_input_is_pasted_into_a_script() -> None:
    """An expression in ``run`` becomes part of the script, whatever its text is."""
    for one in action()["runs"]["steps"]:
        assert "${{" not in one["run"]
        assert all(re.fullmatch(r"\$\{\{ inputs\.[a-z-]+ \}\}", value) for value in one.get("env", {}).values())
    used = {value for one in action()["runs"]["steps"] for value in one.get("env", {}).values()}
    assert used == {f"${{{{ inputs.{name} }}}}" for name in action()["inputs"]}, "each input is used"


def test_the_outputs_are_those_of_the_step_that_sets_them() -> None:
    values = {one["value"] for one in action()["outputs"].values()}
    assert values == {f"${{{{ steps.check.outputs.{name} }}}}" for name in ("verdict", "decision-id")}
    assert step("Ask org-gate")["id"] == "check"


def test_the_template_has_the_form_of_a_hidden_job() -> None:
    """As GitLab's reference of .gitlab-ci.yml has it."""
    (name,) = template()
    job = template()[name]
    assert name == ".org-gate-check"
    assert set(job) == {"variables", "id_tokens", "interruptible", "script"}
    assert isinstance(job["interruptible"], bool)
    assert all(isinstance(value, str) for value in job["variables"].values())
    assert all(set(token) == {"aud"} for token in job["id_tokens"].values())
    assert all(isinstance(line, str) for line in job["script"])


def test_the_template_reads_no_variable_that_it_does_not_name() -> None:
    script = "\n".join(template()[".org-gate-check"]["script"])
    read = set(re.findall(r"\$\{?(ORG_GATE_\w+)", script))
    assert read == {*template()[".org-gate-check"]["variables"], "ORG_GATE_ID_TOKEN"} - {"GIT_STRATEGY"}


def test_the_groovy_is_balanced_and_pastes_nothing_into_its_script() -> None:
    bare = re.sub(r"/\*.*?\*/|'''.*?'''|\"[^\"\n]*\"|'[^'\n]*'", "", groovy(), flags=re.DOTALL)
    open_ones: list[str] = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for letter in re.findall(r"[()\[\]{}]", bare):
        if letter in pairs:
            assert open_ones.pop() == pairs[letter]
        else:
            open_ones.append(letter)
    assert open_ones == []
    assert not re.search(r"['\"]", bare), "every quote has its other"
    assert '"""' not in groovy(), "three double quotes would fill in what is given"
    assert "\\" not in groovy_shell(), "Groovy reads a backslash before the shell does"


def test_the_groovy_hands_over_each_setting_that_its_script_reads() -> None:
    handed = set(re.findall(r'"(ORG_GATE_\w+)=', groovy()))
    assert set(re.findall(r"\$\{?(ORG_GATE_\w+)", groovy_shell())) | {"ORG_GATE_URL"} == handed


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_scripts_are_read_by_every_shell(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    scripts = {"curl": CURL_SCRIPT.read_text("utf-8"), "jenkins": groovy_shell()}
    scripts["install"] = INSTALL_SCRIPT.read_text("utf-8")
    scripts["gitlab"] = "\n".join(template()[".org-gate-check"]["script"])
    for name, script in scripts.items():
        file = tmp_path / name
        file.write_text(script, encoding="utf-8")
        ran = execute([shell, "-n", str(file)], os.environ)
        assert (ran.code, ran.log) == (0, "")


def test_the_scripts_can_be_started() -> None:
    assert all(os.access(script, os.X_OK) for script in (CURL_SCRIPT, INSTALL_SCRIPT))


def test_no_file_names_an_address_of_a_registry() -> None:
    for file in FOLDER.rglob("*.*"):
        assert not re.search(r"https?://(?!ID\.)", file.read_text("utf-8")), file


def test_the_page_uses_what_there_is() -> None:
    github, gitlab, installing = (yaml.safe_load(example) for example in examples("yaml"))
    gate: dict[str, Any] = next(one for one in github["jobs"]["deploy"]["steps"] if one.get("id") == "gate")
    assert set(gate["with"]) <= set(action()["inputs"])
    assert gate["uses"].partition("@")[0] == "OWNER/org-gate/integrations/github"
    job = gitlab["may-deploy"]
    assert job["extends"] == installing["may-deploy"]["extends"] == next(iter(template()))
    ours = {name for name in job["variables"] if name.startswith("ORG_GATE_")}
    assert ours <= set(template()[".org-gate-check"]["variables"])
    assert (ROOT / gitlab["include"][0]["file"]).is_file()
    (jenkins,) = examples("groovy")
    known = re.search(r"def known = \[(.*?)\]", groovy())
    assert known
    assert set(re.findall(r"(\w+): ", jenkins)) <= set(re.findall(r"'(\w+)'", known[1]))
    rows = re.search(r"\| input \| \|\n\|---\|---\|\n(.*?)\n\n", PAGE, re.DOTALL)
    assert rows
    assert set(re.findall(r"`([a-z]+)`(?=[ ,])", rows[1])) >= set(action()["inputs"])


def test_every_target_on_the_page_is_one() -> None:
    found = re.findall(r"[0-9]{12}/[a-z]{2}-[a-z]+-[0-9][\w+/]*", PAGE)
    assert found
    for text in found:
        parse_short_target(text)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_bare_question_of_the_page_is_answered(tmp_path: Path) -> None:
    command = examples("sh")[-1]
    with answering(says(decision("block"))) as api:
        environment = Asking(tmp_path, "", []).environment(ORG_GATE_URL=f"{api.url()}/")
        ran = execute(["sh", "-c", command], environment)
    assert '"verdict": "block"' in ran.log
    assert api.asked == [{"targets": ["/eu-west-1/ECS+RDS"]}]


def test_the_help_names_what_the_page_names() -> None:
    told = subprocess.run(
        [str(BIN / "org-gate"), "check", "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in ("--target", "--pipeline", "--wait", "--timeout", "--format"):
        assert option in told
        assert option in PAGE or option == "--format"
