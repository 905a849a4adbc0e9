"""One user's rows as the arrays that the ranker scores."""
