"""What each version's gate asks and its central answers, as recorded when that version was made.

A gate and central may be one version apart for as long as a rollout takes. Every file here is what one version said:
``python -m tests.versions`` records the present one; files of earlier versions are never written again.
"""
