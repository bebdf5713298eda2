"""A client of the decision API: signs, asks, and says what came of it. It decides nothing."""
