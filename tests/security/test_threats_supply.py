"""What is installed and what is rolled out is what was meant: hashes, no registry's word, names that are content."""

import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from org_gate.rollout.build import central_artifact
from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.lambda_platform import this_machine
from tests.security.vulnerabilities import Found, found_in, main, told

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
INSTALL = ROOT / "integrations" / "install.sh"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.txt"))
INSTALLS = re.compile(r"pip install|\$\(PIP\)")

pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").exists(), reason="not a checkout")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_every_lock_has_its_hashes_and_no_address(lock: str) -> None:
    """A package of that name that somebody put into a registry has another hash, and is not installed."""
    text = (REQUIREMENTS / lock).read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[a-z])", text)[1:]
    assert requirements
    assert [one.split()[0] for one in requirements if "--hash=sha256:" not in one] == []
    assert not re.search(r"https?://|file:|git\+|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_the_makefile_installs_nothing_without_hashes_but_this_project() -> None:
    lines = [line.strip() for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()]
    installing = [line for line in lines if INSTALLS.search(line) and line.startswith("@")]
    assert installing
    for line in installing:
        own = line.endswith("--no-deps --no-build-isolation -e .")
        assert own or "--require-hashes --no-deps -r requirements/" in line, line


def test_what_runners_install_is_installed_by_hashes_from_wheels_alone() -> None:
    """Said outright: with a lock that has lost its hashes, pip would else go on without."""
    script = INSTALL.read_text(encoding="utf-8")
    assert "pip --require-hashes --only-binary :all: -r" in script
    assert script.count(" -m pip install ") == 1


def test_what_goes_into_the_functions_is_installed_by_hashes_from_wheels_alone() -> None:
    """No package runs a script of its own while it is installed."""
    from org_gate.rollout import install  # noqa: PLC0415  what it hands to pip is the point

    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(install._WHEELS)


def test_the_zip_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    """A changed one has another name; a template names the one it was rendered with."""
    artifact = central_artifact(this_machine(), cache_folder())
    assert artifact.name == f"{sha256(artifact.path.read_bytes()).hexdigest()}.zip"
    changed = tmp_path / "changed.zip"
    changed.write_bytes(artifact.path.read_bytes())
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("org_gate/more.py", "")
    assert sha256(changed.read_bytes()).hexdigest() != artifact.sha256


def test_no_template_is_fetched_and_no_code_is_named_from_elsewhere() -> None:
    """The gate is inline in its template; central's code lies in the central account's own bucket."""
    for name in ("central", "member"):
        text = shipped(f"stacksets/{name}.yaml.j2").read_text(encoding="utf-8")
        assert "AWS::Include" not in text
        assert "TemplateURL" not in text
        assert "https://" not in text


def workflow_steps() -> list[str]:
    """What examples for GitHub use, of the action and of the page."""
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    action = yaml.safe_load((ROOT / "integrations" / "github" / "action.yml").read_text(encoding="utf-8"))
    used = [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    return [*used, *re.findall(r"uses: (\S+)", page)]


def test_examples_name_actions_by_the_commit_that_was_reviewed() -> None:
    steps = workflow_steps()
    assert steps
    assert [step for step in steps if not re.search(r"@(SHA|[0-9a-f]{40})$", step)] == []


ASKS_A_REGISTRY = re.compile(
    r"""\b(pip3?|pipx|uv)\b[^\n`]* install[^\n`]*[ '"]org[-_]gate(\[|[ =>~'"`]|$)|\borg-gate(\[\w+\])?(==|>=|~=)""",
    re.MULTILINE,
)


def test_nobody_is_told_to_ask_a_registry_for_org_gate() -> None:
    """Nobody owns the name in a public one: whoever took it would be run wherever a page of ours was followed."""
    told = [
        "pip install org-gate",
        "pip install 'org-gate[parquet]'",
        "package: org-gate==1.2",
        "pipx install org_gate",
    ]
    assert all(ASKS_A_REGISTRY.search(line) for line in told)
    places = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
    for folder, pattern in (("docs", "*.md"), ("integrations", "*.*"), ("org_gate", "*.py"), ("requirements", "*.in")):
        places += (ROOT / folder).rglob(pattern)
    telling = [file for file in places if ASKS_A_REGISTRY.search(file.read_text(encoding="utf-8"))]
    assert len(places) > 100
    assert telling == []


def forged_wheel(folder: Path, name: str, version: str) -> None:
    """One that pip would take, were it not for its hash. Whoever imports it is found out."""
    stem = f"{name.replace('-', '_')}-{version}"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
        wheel.writestr(f"{name.replace('-', '_')}/__init__.py", f"open({str(folder / 'owned')!r}, 'w')")


def forged_source(folder: Path, name: str, version: str) -> None:
    """One whose setup.py leaves a trace beside it when it is run."""
    stem = f"{name}-{version}"
    setup = f"open({str(folder / 'owned')!r}, 'w')\nfrom setuptools import setup\nsetup()\n".encode()
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / f"{stem}.tar.gz", "w:gz") as source:
        for file, content in (("setup.py", setup), ("PKG-INFO", f"Name: {name}\nVersion: {version}\n".encode())):
            info = tarfile.TarInfo(f"{stem}/{file}")
            info.size = len(content)
            source.addfile(info, io.BytesIO(content))


def installed_from(index: Path, place: Path, script: Path = INSTALL) -> subprocess.CompletedProcess[str]:
    """What install.sh makes of an index that has nothing but what is in the folder."""
    options = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        ["sh", script, place],
        env={"PATH": os.environ["PATH"], "HOME": str(index)} | options,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def app_pins() -> list[tuple[str, str]]:
    lock = (REQUIREMENTS / "app.txt").read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, re.MULTILINE)


def test_a_runner_takes_no_package_of_another_content(tmp_path: Path) -> None:
    for name, version in app_pins():
        forged_wheel(tmp_path / "index", name, version)
    ran = installed_from(tmp_path / "index", tmp_path / "org-gate")
    assert ran.returncode == 3
    assert "DO NOT MATCH THE HASHES" in ran.stdout
    assert not [*(tmp_path / "org-gate" / "lib").rglob(f"{app_pins()[0][0].replace('-', '_')}*")]


def test_a_runner_runs_nothing_of_a_package_while_it_is_installed(tmp_path: Path) -> None:
    """Not even of one whose hash is the right one: sources are never taken."""
    forged_source(tmp_path / "index", "six", "1.17.0")
    digest = sha256((tmp_path / "index" / "six-1.17.0.tar.gz").read_bytes()).hexdigest()
    ran = installed_from(
        tmp_path / "index", tmp_path / "org-gate", checkout_with(tmp_path, f"six==1.17.0 --hash=sha256:{digest}")
    )
    assert (ran.returncode, "No matching distribution found for six==1.17.0" in ran.stdout) == (3, True), ran.stdout
    assert not (tmp_path / "index" / "owned").exists()


def test_a_runner_takes_no_org_gate_of_a_registry(tmp_path: Path) -> None:
    """Nor what builds it: with an empty lock and newer versions of both in the index, neither is taken."""
    for name in ("org-gate", "hatchling"):
        forged_wheel(tmp_path / "index", name, "99")
    ran = installed_from(tmp_path / "index", tmp_path / "org-gate", checkout_with(tmp_path, ""))
    assert (ran.returncode, "org-gate could not be installed from" in ran.stdout) == (3, True), ran.stdout
    assert not [*(tmp_path / "org-gate" / "lib").rglob("*-99.dist-info")]
    assert not (tmp_path / "index" / "owned").exists()


def checkout_with(place: Path, lock: str) -> Path:
    """The script of a checkout that has another lock."""
    (place / "checkout" / "requirements").mkdir(parents=True)
    (place / "checkout" / "integrations").mkdir()
    (place / "checkout" / "requirements" / "app.txt").write_text(f"{lock}\n", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", place / "checkout")
    return Path(shutil.copy(INSTALL, place / "checkout" / "integrations"))


AUDITED = {
    "dependencies": [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["3"]}]},
        {"name": "mirrored", "skip_reason": "Dependency not found"},
    ]
}


def test_known_vulnerabilities_fail_the_audit_and_what_is_not_looked_up_is_named() -> None:
    found = found_in(AUDITED)
    assert found == Found(2, ("mirrored",), ("bad 2: GHSA-1, mended in 3",))
    assert [*told("a.txt", found)] == [
        "a.txt: 2 packages looked up, 1 vulnerabilities known.",
        "a.txt: not looked up, because the service here does not tell of them: mirrored.",
        "a.txt: bad 2: GHSA-1, mended in 3",
    ]
    assert [*told("a.txt", Found(0, ("a", "b"), ()))] == [
        "a.txt: not audited, the service here does not tell of any of its 2 packages."
    ]
    assert [*told("a.txt", None)] == ["a.txt: not audited, pip-audit's vulnerability service does not answer here."]


def test_an_auditor_that_says_nothing_fails_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tmp_path / "pip-audit"
    silent.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    silent.chmod(0o755)
    assert main(str(silent)) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(LOCKS)
