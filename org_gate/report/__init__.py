"""What is told of an organization's past: the health report, and policies tried on it.

Reads what others have stored or recorded and says what it means; it changes nothing, asks AWS nothing, and asks no
clock: whoever makes a report brings the store and the time.
"""
