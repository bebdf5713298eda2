"""The organization health report: read from the table, counted, and rendered for people and machines.

Reads and writes nothing but what it is handed; asks no clock. Whoever makes a report brings the store and the time.
"""
