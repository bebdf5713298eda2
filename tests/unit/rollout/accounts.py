"""An AWS of hand-written answers behind something like a session: who asks what, where, how often."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

CENTRAL = "999988887777"
Answer = Callable[[str, str, Mapping[str, Any]], Any]
"""From whose credentials, which Region and which parameters, to the answer; the pages, of what comes in pages."""


class Aws:
    """``answers`` by ``service.operation``; ``calls`` counts them, each page as one."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers: dict[str, Answer] = {"sts.get_caller_identity": lambda *_: {"Account": CENTRAL}, **answers}
        self.calls: Counter[str] = Counter()
        self.entered: list[str] = []
        self.answers.setdefault("sts.assume_role", self._enter)

    @property
    def session(self) -> boto3.Session:
        return cast("boto3.Session", self)

    def client(self, service: str, *, region_name: str, aws_session_token: str = CENTRAL, **_: Any) -> "_Client":
        return _Client(self, service, region_name, aws_session_token)

    def get_partition_for_region(self, region_name: str) -> str:
        return "aws" if region_name else ""

    def get_available_regions(self, service_name: str) -> list[str]:
        return ["us-east-1", "eu-west-1"] if service_name == "codepipeline" else []

    def ask(self, operation: str, whose: str, region: str, params: Mapping[str, Any]) -> Any:
        self.calls[operation] += 1
        return self.answers[operation](whose, region, params)

    def _enter(self, _whose: str, _region: str, params: Mapping[str, Any]) -> Any:
        self.entered.append(params["RoleArn"])
        return credentials(params)


class _Client:
    def __init__(self, aws: Aws, service: str, region: str, whose: str) -> None:
        self._aws, self._service, self._region, self._whose = aws, service, region, whose

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **params: self._aws.ask(f"{self._service}.{operation}", self._whose, self._region, params)

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self._aws, f"{self._service}.{operation}", self._region, self._whose)


class _Pages:
    def __init__(self, aws: Aws, operation: str, region: str, whose: str) -> None:
        self._aws, self._operation, self._region, self._whose = aws, operation, region, whose

    def paginate(self, **params: Any) -> Iterator[Any]:
        pages = self._aws.answers[self._operation](self._whose, self._region, params)
        for page in pages:
            self._aws.calls[self._operation] += 1
            yield page


def credentials(params: Mapping[str, Any]) -> dict[str, Any]:
    """The account of the role is the session token, by which answers know who asks."""
    account = params["RoleArn"].split(":")[4]
    return {"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "none", "SessionToken": account}}


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def payload(answer: object, *, failed: bool = False) -> dict[str, Any]:
    """What Invoke answers."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return {"Payload": io.BytesIO(body), **({"FunctionError": "Unhandled"} if failed else {})}
