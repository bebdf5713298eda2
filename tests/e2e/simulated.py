"""`org-gate simulate` as its users have it: a process with one line on stdout, and AWS clients that are given it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import boto3

from tests.ends import unmeant

BIN = Path(sys.executable).parent
_PATIENCE = 180.0
_LIFETIME = 1800.0
"""A simulator is shared by the tests of a session, however long that takes."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running simulator. ``ready`` is its line; ``temporary`` the folder that it has for temporary files."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    temporary: Path

    def environment(self, account: str, region: str) -> dict[str, str]:
        """What a client needs, and nothing of this machine's own AWS set-up."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temporary),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_ENDPOINT_URL": self.ready["endpoint"],
            "AWS_PAGER": "",
            "TZ": "UTC",
            **self.ready["accounts"][account],
        }

    def aws(self, account: str, region: str, *arguments: str, **other: str) -> subprocess.CompletedProcess[str]:
        """``aws ARGUMENTS`` with the account's credentials; ``other`` environment variables on top."""
        # As a module: the CLI's own script does not start where the path of its interpreter has a space.
        cli = [sys.executable, "-m", "awscli"]
        command = [*cli, "--endpoint-url", self.ready["endpoint"], "--output", "json", *arguments]
        environment = {**self.environment(account, region), **other}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE)

    def answer(self, account: str, region: str, *arguments: str) -> Any:
        """What the AWS CLI prints, read."""
        ran = self.aws(account, region, *arguments)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def refusal(self, account: str, region: str, *arguments: str, **other: str) -> str:
        """What the AWS CLI says where AWS refuses."""
        ran = self.aws(account, region, *arguments, **other)
        assert ran.returncode in (254, 255), ran.stdout
        return ran.stderr

    def client(self, service: str, account: str, region: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name=region,
            endpoint_url=self.ready["endpoint"],
            aws_access_key_id=self.ready["accounts"][account]["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.ready["accounts"][account]["AWS_SECRET_ACCESS_KEY"],
        )

    def children(self) -> list[int]:
        """The processes that it started, by id."""
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _parent(entry) == self.process.pid]


def _parent(process: Path) -> int | None:
    """None where it has ended meanwhile."""
    try:
        stat = process.joinpath("stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])


@contextmanager
def starting(file: Path, temporary: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`org-gate simulate`, ended whatever happens. A shell had it ignore SIGINT, as in the background of a script."""
    temporary.mkdir(exist_ok=True)
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", str(BIN / "org-gate"), "simulate", "--scenario", str(file)]
    with subprocess.Popen(
        [*command, *options],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = Timer(_LIFETIME, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


@contextmanager
def simulated(file: Path, temporary: Path, *options: str) -> Iterator[Simulated]:
    """It is ready. None of its functions may end in an error."""
    with starting(file, temporary, *options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield Simulated(process, json.loads(line), temporary)
        process.kill()
        assert process.stderr.closed or unmeant(process.stderr) == []
