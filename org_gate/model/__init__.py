"""The words everything else is written in: events, targets, requests, knowledge, decisions, times.

Plain frozen data and pure functions. Nothing here reads a clock, a file, the environment or a network,
and nothing here decides anything.
"""
