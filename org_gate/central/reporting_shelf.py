"""The bucket of reports and of the archive: what lies where, what is there, and links to it.

``reports/`` has a folder for the whole organization and one for each OU that a report was about; in each a folder for
every report by its time, and ``latest``. ``archive/`` has the history by day. Names nobody's bucket but our own: every
call says whose it must be. What S3 refuses is raised as boto3 raises it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from botocore.config import Config

S3: Final = Config(signature_version="s3v4", s3={"addressing_style": "virtual"}, connect_timeout=5, read_timeout=60)
"""Of the client: links name the bucket's own Region. The global endpoint sends readers there, where their signature is
none."""
LATEST: Final = "latest"
ARCHIVE: Final = "archive/"
LINK_SECONDS: Final = 12 * 60 * 60
"""A link ends with the credentials that signed it, which a function has for hours; longer than this it never works."""


def folder(ou: str | None) -> str:
    """Of the reports about an OU (its path or id), or about the whole organization."""
    return "reports/organization/" if ou is None else f"reports/ou/{quote(ou)}/"


def dated(when: datetime) -> str:
    """The folder of one report below that of its kind."""
    return f"{when:%Y/%m/%d/%H%M%SZ}/"


class Shelf:
    """Over a boto3 ``s3`` client of the bucket's Region (with ``S3``), and the account that the bucket must be of."""

    def __init__(self, s3: Any, bucket: str, account: str) -> None:
        self._s3 = s3
        self._owned = {"Bucket": bucket, "ExpectedBucketOwner": account}

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._s3.put_object(**self._owned, Key=key, Body=body, ContentType=content_type)

    def address(self, place: str) -> str:
        """Of a folder or an object, for people and tools that may read the bucket."""
        return f"s3://{self._owned['Bucket']}/{place}"

    def link(self, key: str) -> str:
        """Whoever has it can read that one object for a while, and nothing else."""
        params = {"Bucket": self._owned["Bucket"], "Key": key}
        return str(self._s3.generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS))

    def archived(self) -> Iterator[str]:
        """The keys of the archive, without its prefix."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(**self._owned, Prefix=ARCHIVE):
            yield from (each["Key"].removeprefix(ARCHIVE) for each in page.get("Contents", ()))
