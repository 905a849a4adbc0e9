"""Learning from exchanges and outcomes."""
