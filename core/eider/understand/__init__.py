"""Reads a user's reply: which of its own words are worth keeping, verbatim, without a model or network."""
