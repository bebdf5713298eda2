"""boto3 sessions of the organization's accounts, as a person or a rollout would have them, aimed at the simulator."""

from collections.abc import Mapping
from typing import Any, Final

import boto3
import botocore.session
from botocore.loaders import create_loader

MODELS: Final = create_loader()
"""Shared by all sessions of this process: reading botocore's models anew costs more than all that a session does."""


class LocalSession(boto3.Session):
    """A session whose clients all speak to one endpoint."""

    def __init__(self, endpoint: str, access_key: tuple[str, str], region: str) -> None:
        core = botocore.session.Session()
        core.register_component("data_loader", MODELS)
        core.set_config_variable("max_attempts", 1)  # a retry waits in real time, for a clock that stands still
        super().__init__(
            aws_access_key_id=access_key[0],
            aws_secret_access_key=access_key[1],
            region_name=region,
            botocore_session=core,
        )
        self._endpoint = endpoint

    def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        """As boto3's, with the simulator's endpoint."""
        kwargs.setdefault("endpoint_url", self._endpoint)
        return super().client(service_name, *args, **kwargs)  # type: ignore[call-overload]


class Sessions:
    """One session for each (account, Region), and its clients, made when first asked for."""

    def __init__(self, endpoint: str, access_keys: Mapping[str, tuple[str, str]]) -> None:
        self._endpoint = endpoint
        self._access_keys = access_keys
        self._made: dict[tuple[str, str], LocalSession] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def session(self, account: str, region: str) -> LocalSession:
        """Raises KeyError for an account that the organization does not have."""
        if (account, region) not in self._made:
            self._made[account, region] = LocalSession(self._endpoint, self._access_keys[account], region)
        return self._made[account, region]

    def client(self, service: str, account: str, region: str) -> Any:
        """A client, kept: making one costs more than using it."""
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self.session(account, region).client(service)
        return self._clients[key]
