"""Ids and credentials that look like AWS's and are the same in every run: counters, hashed."""

import base64
import hashlib
import uuid
from collections import Counter


class Ids:
    """Ids by kind and place: what happens in one pipeline does not change the ids of another."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._counts: Counter[str] = Counter()

    def new(self, kind: str, place: str) -> str:
        """The next id of that kind in that place, in the form of a UUID."""
        name = f"{kind}/{place}"
        self._counts[name] += 1
        return str(uuid.UUID(bytes=_digest(self._seed, name, str(self._counts[name]))[:16], version=4))


def credentials(job_id: str) -> dict[str, str]:
    """A job's ``artifactCredentials``: nothing accepts them, and nobody may log them."""
    key, secret, token = (_digest("credentials", kind, job_id) for kind in ("key", "secret", "token"))
    return {
        "accessKeyId": "ASIA" + base64.b32encode(key).decode()[:16],
        "secretAccessKey": base64.b64encode(secret).decode()[:40],
        "sessionToken": "IQoJ" + base64.b64encode(token * 8).decode().rstrip("="),
    }


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
