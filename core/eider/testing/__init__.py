"""Fakes and contract tests, for Eider itself and for anyone who writes a backend or an embedder."""
