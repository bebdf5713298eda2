"""The report as JSON, in the shape of `config/report.schema.json`."""

from org_gate.report.model import Report


def as_json(report: Report) -> str:
    """Indented, and ending in a line's end. What is empty or zero is there too."""
    return report.model_dump_json(indent=2) + "\n"
