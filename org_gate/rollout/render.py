"""Rendering the two CloudFormation templates: the central cell's, and the gate's with its code inline.

Rendering is all that happens before CloudFormation: what differs between accounts and Regions is a parameter.
Same inputs, same bytes.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from org_gate import __version__
from org_gate.inventory.errors import BuildError
from org_gate.rollout.build import central_artifact
from org_gate.rollout.files import PACKAGE, cache_folder, shipped
from org_gate.rollout.inline import inlined
from org_gate.rollout.lambda_platform import RELEASE, LambdaPlatform

MAX_TEMPLATE_BYTES: Final = 51_200
"""What CloudFormation takes as a template in a request."""


def central_template(platform: LambdaPlatform = RELEASE) -> str:
    """The central cell's template, for functions built for ``platform``."""
    return _rendered("central.yaml.j2", platform)


def member_template(platform: LambdaPlatform = RELEASE) -> str:
    """The gate's template, with ``org_gate/member/gate.py`` inline."""
    code = (PACKAGE / "member" / "gate.py").read_text(encoding="utf-8")
    return _rendered("member.yaml.j2", platform, code=inlined(code))


def examples() -> dict[str, str]:
    """The rendered examples that stand in ``stacksets/rendered/``, by file name."""
    return {"central.yaml": central_template(), "member.yaml": member_template()}


def _rendered(name: str, platform: LambdaPlatform, **values: str) -> str:
    environment = Environment(
        loader=FileSystemLoader(shipped("stacksets")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  what is rendered is YAML, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template(name)
    return template.render(version=__version__, python=platform.python, architecture=platform.architecture, **values)


def stale_examples(folder: Path) -> list[str]:
    """The names of the examples in a folder that are missing or not what the templates and the gate now give."""
    return [
        name
        for name, text in examples().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write_release(folder: Path, platform: LambdaPlatform, cache: Path) -> Path:
    """What other tools than `org-gate rollout` deploy: both templates, and the central functions' code, whose path.

    Raises BuildError where the code cannot be built.
    """
    code = central_artifact(platform, cache)
    for name, text in {"central.yaml": central_template(platform), "member.yaml": member_template(platform)}.items():
        Path(folder, name).write_text(text, encoding="utf-8")
    return Path(shutil.copy(code.path, folder / code.name))


def main(arguments: list[str]) -> str | None:
    """``FOLDER`` writes the examples there; ``--check FOLDER`` says which are not fresh; ``--release FOLDER``."""
    match arguments:
        case ["--release", folder]:
            Path(folder).mkdir(parents=True, exist_ok=True)
            try:
                write_release(Path(folder), RELEASE, cache_folder())
            except BuildError as error:
                return str(error)
            return None
        case ["--check", folder]:
            stale = stale_examples(Path(folder))
            return f"not fresh in {folder}: {', '.join(stale)}; run `make render`" if stale else None
        case [folder]:
            for name, text in examples().items():
                Path(folder, name).write_text(text, encoding="utf-8")
            return None
        case _:
            return "usage: python -m org_gate.rollout.render [--check | --release] FOLDER"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
