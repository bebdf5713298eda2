"""org-gate: the gate between an AWS organization's pipelines and a live AWS incident."""

__version__ = "0.2.0"
