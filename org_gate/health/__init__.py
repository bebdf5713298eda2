"""What AWS Health says: the organization view, its endpoints, its notifications, as readings of events.

Both sources come out as the same `Reading`, and `merge` makes one record of any number of them. Nothing here
stores anything or decides anything, and nothing here reads a clock.
"""
