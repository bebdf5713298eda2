"""AWS::S3::Bucket: moto makes no more of a bucket in a stack than its name and its encryption.

A property that nothing here applies is refused, not dropped.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

from org_gate.simulator.cloudformation.kinds import MotoKind, Place, same_name


class Bucket(MotoKind):
    """A bucket with its versioning, encryption, lifecycle, ownership and block of public access."""

    type = "AWS::S3::Bucket"
    model = FakeBucket
    properties = frozenset(
        ("BucketEncryption", "BucketName", "LifecycleConfiguration", "OwnershipControls")
    ) | frozenset(("PublicAccessBlockConfiguration", "Tags", "VersioningConfiguration"))

    def made(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> None:
        backend, name = s3_backends[place.account][get_partition(place.region)], resource.name
        if "VersioningConfiguration" in properties:
            backend.put_bucket_versioning(name, properties["VersioningConfiguration"]["Status"])
        if "PublicAccessBlockConfiguration" in properties:
            given = properties["PublicAccessBlockConfiguration"]
            backend.put_public_access_block(name, {each: str(value).lower() for each, value in given.items()})
        if "LifecycleConfiguration" in properties:
            backend.put_bucket_lifecycle(name, list(_rules(properties["LifecycleConfiguration"])))
        if "OwnershipControls" in properties:
            (rule,) = properties["OwnershipControls"]["Rules"]
            backend.put_bucket_ownership_controls(name, rule["ObjectOwnership"])

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        same_name(self, resource.name, properties, "BucketName")
        self.model.update_from_cloudformation_json(
            resource, resource.name, {"Properties": dict(properties)}, place.account, place.region
        )
        self.made(place, resource, properties)
        return resource


def _rules(configuration: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """In the API's spelling, as moto takes it."""
    for rule in configuration["Rules"]:
        told = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        if "ExpirationInDays" in rule:
            told["Expiration"] = {"Days": str(rule["ExpirationInDays"])}
        same = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
        yield told | {name: {each: str(days) for each, days in rule[name].items()} for name in same if name in rule}
