from botocore.loaders import Loader

from org_gate.model.event import GLOBAL
from org_gate.model.regions import KNOWN_REGIONS


def test_the_regions_are_the_sdks() -> None:
    partitions = Loader().load_data("partitions")["partitions"]
    sdk = {region for partition in partitions for region in partition["regions"] if not region.endswith("-global")}
    assert KNOWN_REGIONS - {GLOBAL} == sdk
