"""What is told of an organization's past: reports, and policies tried on it.

Reads what others have stored or recorded and says what it means; it changes nothing and asks AWS nothing.
"""
