"""What runs in every member account: ``gate.py``, one file that imports nothing of ours."""
