"""A policy as its author wrote it, with the contract's defaults for what was left out (P6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.oracle.times import seconds

UNKNOWN_CODES = frozenset({"NOTASERVICE", "ECZ", "ALB"})
"""Service codes that the generator makes up; every other one it uses is AWS's own."""


@dataclass(frozen=True)
class Policy:
    """``version`` is that of its publication."""

    data: Mapping[str, Any]
    version: int

    @property
    def mode(self) -> str:
        return str(self.data.get("mode", "enforce"))

    @property
    def modes(self) -> list[Mapping[str, Any]]:
        return list(self.data.get("modes", []))

    @property
    def exempt(self) -> list[Mapping[str, Any]]:
        return list(self.data.get("exempt", []))

    @property
    def freezes(self) -> list[Mapping[str, Any]]:
        return list(self.data.get("freezes", []))

    @property
    def max_override(self) -> int:
        return seconds(self.data.get("max_override", "4h"))

    @property
    def rules(self) -> list[Mapping[str, Any]]:
        return list(self.data.get("rules", []))

    @property
    def delegates(self) -> list[Mapping[str, Any]]:
        return list(self.data.get("delegates", []))

    def default(self, name: str) -> str:
        standard = {"verdict": "allow", "on_stale": "local", "on_unknown": "block", "max_age": "10m"}
        return str(self.data.get("defaults", {}).get(name, standard[name]))

    @property
    def max_age(self) -> int:
        return seconds(self.default("max_age"))

    @property
    def resumes(self) -> bool:
        return bool(self._resume("enabled"))

    @property
    def resume_settle(self) -> int:
        return seconds(self._resume("settle"))

    @property
    def resume_within(self) -> int:
        return seconds(self._resume("within"))

    @property
    def resume_wave_size(self) -> int:
        return int(self._resume("wave_size"))

    @property
    def resume_wave_pause(self) -> int:
        return seconds(self._resume("wave_pause"))

    def _resume(self, name: str) -> Any:
        standard = {"enabled": True, "settle": "5m", "within": "24h", "wave_size": 20, "wave_pause": "1m"}
        return self.data.get("resume", {}).get(name, standard[name])

    @property
    def platform_services(self) -> list[str]:
        return list(self.data.get("platform_services", ["CODEPIPELINE", "CLOUDFORMATION", "STS"]))

    @property
    def global_services(self) -> set[str]:
        return self.codes(self.data.get("global_services", ["IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT"]))

    def code(self, written: str) -> str:
        aliases = {name.upper(): code.upper() for name, code in self.data.get("service_aliases", {}).items()}
        return str(aliases.get(written.upper(), written.upper()))

    def codes(self, written: Any) -> set[str]:
        return {self.code(one) for one in written}

    def is_known(self, written: str) -> bool:
        aliases = {name.upper() for name in self.data.get("service_aliases", {})}
        return written.upper() in aliases or written.upper() not in UNKNOWN_CODES

    def needs(self, services: set[str]) -> set[str]:
        """What those services depend on, one step."""
        named = self.data.get("depends_on", {})
        return {self.code(need) for code, needs in named.items() if self.code(code) in services for need in needs}
