"""What there is: the settings a platform team wrote, its organization, and which gates and pipelines are where.

Reads only. The rollout plans by it, and reports tell of it; nothing here changes AWS.
"""
