from pathlib import Path

import pytest

from tests.unit.cli.support import Shell


def test_a_folder_that_nothing_can_be_written_to_is_told_before_anything_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    code, out, err = Shell(capsys, []).run("demo", "--out", str(file / "out"))
    assert (code, out) == (2, "")
    assert f"Nothing can be written to {file / 'out'} (Not a directory). Name another folder with --out." in err
