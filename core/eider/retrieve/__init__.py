"""Reading by rank: query, features, ranker, recall."""
