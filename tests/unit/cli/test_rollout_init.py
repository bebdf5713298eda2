"""`rollout init`: what it asks, what it takes from options and credentials, what it writes and what it never does."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.inventory.settings import Settings, load_settings
from org_gate.rollout.settings_text import SCHEMA, schema_text
from tests.unit.rollout.fake_aws import FakeSession, not_allowed, ready, refused

if TYPE_CHECKING:
    import boto3

GIVEN = ("--central-account", "111122223333", "--region", "eu-west-1", "--gate-region", "eu-west-1")

Init = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "org-gate.yaml"


@pytest.fixture
def init(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Init:
    """Exit code, stdout, stderr. ``typed`` are lines on a terminal; without them there is none."""

    def call(
        *arguments: str, typed: Sequence[str] | None = None, answers: dict[str, Any] | None = None
    ) -> tuple[int, str, str]:
        lines = "".join(f"{line}\n" for line in typed or ())
        monkeypatch.setattr("sys.stdin", io.StringIO(lines) if typed is None else Terminal(lines))
        session = FakeSession({**ready(), **(answers or {})})
        surroundings = Surroundings(aws=lambda: cast("boto3.Session", session))
        code: object
        try:
            code = run(["rollout", "init", "--config", str(file), *arguments], surroundings)
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return call


def written(file: Path) -> Settings:
    return load_settings(file.read_bytes(), file.name)


def test_options_are_enough(init: Init, file: Path) -> None:
    more = (
        "--standby",
        "us-west-2",
        "--gate-region",
        "us-east-1",
        "--ou",
        "Workloads",
        "--without-ou",
        "Workloads/Old",
    )
    code, out, err = init(*GIVEN, *more, "--without-account", "444455556666", "--first", "Workloads/Dev")
    assert (code, err) == (0, "")
    settings = written(file)
    assert settings.central.regions == ("eu-west-1", "us-west-2")
    assert settings.gates.regions == ("eu-west-1", "us-east-1")
    assert settings.gates.ous == ("Workloads",)
    assert settings.gates.without.ous == ("Workloads/Old",)
    assert settings.gates.without.accounts == ("444455556666",)
    assert [(wave.name, wave.ous) for wave in settings.waves] == [("first", ("Workloads/Dev",))]
    assert f"org-gate rollout preflight --config {file}" in out


def test_the_schema_is_beside_it_and_named_in_its_first_line(init: Init, file: Path) -> None:
    init(*GIVEN)
    assert file.read_text().splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA}"
    assert (file.parent / SCHEMA).read_text() == schema_text()


def test_a_schema_that_is_there_is_left_alone(init: Init, file: Path) -> None:
    file.parent.mkdir()
    (file.parent / SCHEMA).write_text("{}")
    assert init(*GIVEN)[0] == 0
    assert (file.parent / SCHEMA).read_text() == "{}"


def test_without_a_terminal_what_is_missing_is_named(init: Init, file: Path) -> None:
    code, _, err = init("--region", "eu-west-1")
    assert code == 2
    assert "--central-account, --gate-region are needed" in err
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--central-account", "12"), "'--central-account': found '12'; expected 12 digits"),
        (
            ("--gate-region", "cn-north-1"),
            "'--gate-region': found 'cn-north-1'; expected a Region of the partition aws",
        ),
        (("--ou", "Workloads/**"), "'--ou': found 'Workloads/**'; expected an OU"),
    ],
)
def test_an_option_is_refused_by_name_with_its_mend(
    init: Init, file: Path, arguments: tuple[str, ...], told: str
) -> None:
    code, _, err = init(*GIVEN, *arguments)
    assert code == 2
    assert told in err
    assert not file.exists()


def test_what_does_not_go_together_is_told_and_nothing_is_written(init: Init, file: Path) -> None:
    code, _, err = init(*GIVEN, "--standby", "eu-west-1", "--ou", "A", "--without-ou", "A")
    assert code == 2
    assert "central.standby: found the home Region 'eu-west-1'" in err
    assert "gates.without: found 'A'" in err
    assert not file.exists()


def test_nothing_is_replaced_unless_somebody_says_so(init: Init, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("mine")
    code, _, err = init(*GIVEN)
    assert code == 2
    assert "--force" in err
    assert file.read_text() == "mine"
    assert init(*GIVEN, typed=["n"])[0] == 2
    assert file.read_text() == "mine"
    assert init(*GIVEN, typed=["y", *[""] * 5])[0] == 0
    assert written(file).version == 1
    file.write_text("mine")
    assert init(*GIVEN, "--force")[0] == 0
    assert written(file).version == 1


def test_an_empty_file_is_a_start(init: Init, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("\n")
    assert init(*GIVEN)[0] == 0
    assert written(file).version == 1


def test_a_terminal_is_asked_and_enter_takes_what_is_known(init: Init, file: Path) -> None:
    code, _, err = init(typed=[""] * 8)
    assert code == 0
    settings = written(file)
    assert settings.central.account == "999988887777", "of the credentials"
    assert settings.central.regions == ("eu-west-1",), "of the session"
    assert settings.gates.regions == ("eu-west-1",), "the home Region"
    assert settings.gates.ous == ("",)
    assert "There are: Workloads" in err
    assert "There are: eu-west-1, us-east-1" in err
    assert err.count("Usual:") == 8


def test_an_answer_that_is_wrong_is_asked_for_again(init: Init, file: Path) -> None:
    typed = ["1234", "111122223333", "us-gov-west-1", "eu-west-1", "eu-central-1", "eu-west-1, us-east-1", "A, B/C"]
    code, _, err = init(typed=[*typed, "none", "", ""])
    assert code == 0
    assert "found '1234'; expected 12 digits" in err
    assert "aws-us-gov (GovCloud) is not supported" in err
    settings = written(file)
    assert settings.central.standby == ("eu-central-1",)
    assert settings.gates.regions == ("eu-west-1", "us-east-1")
    assert settings.gates.ous == ("A", "B/C")


def test_what_is_given_is_not_asked(init: Init) -> None:
    _, _, err = init(*GIVEN, typed=[""] * 5)
    assert "The central account reads" not in err
    assert "A standby answers" in err


def test_without_credentials_nothing_is_filled_in_and_that_is_said(init: Init, file: Path) -> None:
    typed = ["111122223333", "eu-west-1", "", "", "", "", "", ""]
    code, _, err = init(typed=typed, answers={"sts.get_caller_identity": refused("ExpiredToken")})
    assert code == 0
    assert "No AWS credentials that work (ExpiredToken)" in err
    assert written(file).central.account == "111122223333"


def test_what_aws_does_not_show_is_said(init: Init) -> None:
    answers = {"account.list_regions": not_allowed("account:ListRegions")}
    _, _, err = init(typed=[""] * 8, answers=answers)
    assert "AWS did not show its Regions (AccessDeniedException)" in err


def test_a_file_that_cannot_be_written(init: Init, file: Path) -> None:
    file.parent.write_text("a file where the folder should be")
    code, _, err = init(*GIVEN)
    assert code == 2
    assert "cannot be written" in err
