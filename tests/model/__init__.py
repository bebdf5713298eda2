"""A model-based test of the whole system: random organizations and happenings against a ground truth."""
