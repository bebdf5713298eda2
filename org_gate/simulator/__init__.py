"""An AWS organization on this machine: moto and what moto lacks, behind one HTTP endpoint on localhost.

Only ``org_gate.cli`` imports this package, and only when a command needs it: it asks for the
``simulator`` extra. It stands for AWS; it contains no product logic and creates no product resource.
"""
