"""Fetching, ahead of time, what functions on this machine run on: ``python -m org_gate.rollout.prepare``.

After it, a deployment for this machine and its functions need no network.
"""

from org_gate.rollout.build import central_artifact
from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import this_machine

if __name__ == "__main__":
    central_artifact(this_machine(), cache_folder())
    installed(shipped("requirements/runtime.txt"), cache_folder(), this_machine())
