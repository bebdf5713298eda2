"""The IAM policies of the rendered templates as JSON files, for linters that know policies but no CloudFormation.

    python -m tests.audit FOLDER

One file for each role with every option on, each intrinsic function replaced by what AWS could put there. What is
newer than parliament's list of condition keys is left out: it has no way to except one key alone.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from org_gate.rollout.render import examples
from tests.unit.rollout.templates import read

SAMPLES: Final[Mapping[str, Any]] = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
    "CentralAccount": "999988887777",
    "CentralFunctionArns": ["arn:aws:lambda:eu-west-1:999988887777:function:org-gate-api"],
    "Changes": "arn:aws:sns:eu-west-1:111122223333:org-gate-changes",
    "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555",
    "Notifications": "arn:aws:sns:eu-west-1:111122223333:org-gate-notifications",
    "OrganizationId": "o-abcdefghij",
    "Reports.Arn": "arn:aws:s3:::org-gate-reports-111122223333-eu-west-1",
    "ResumeDeadQueue.Arn": "arn:aws:sqs:eu-west-1:111122223333:org-gate-resume-dead",
    "ResumeQueue.Arn": "arn:aws:sqs:eu-west-1:111122223333:org-gate-resume",
    "Table.Arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/org-gate",
}

NEWER: Final = frozenset({"lambda:InvokedViaFunctionUrl"})
"""Of October 2025; documented for lambda:InvokeFunction."""


def policies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and document of every policy of every role."""
    for file, template in examples().items():
        for logical_id, resource in read(template)["Resources"].items():
            if resource["Type"] == "AWS::IAM::Role":
                for policy in resource["Properties"]["Policies"]:
                    yield f"{file.removesuffix('.yaml')}-{logical_id}", resolved(policy["PolicyDocument"])


def resolved(node: Any) -> Any:
    """Without intrinsic functions. Raises KeyError for a reference that has no sample."""
    match node:
        case {"Ref": name} | {"Fn::GetAtt": name}:
            return SAMPLES[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: SAMPLES[found[1]], text)
        case {"Fn::If": [_, value, _]}:
            return resolved(value)
        case dict():
            return {key: resolved(value) for key, value in node.items() if key not in NEWER}
        case list():
            return [resolved(value) for value in node]
        case _:
            return node


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, document in policies():
        Path(folder, f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
