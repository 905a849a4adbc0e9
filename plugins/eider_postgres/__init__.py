"""Stores in PostgreSQL with pgvector: one schema each, many processes at once, isolation in the database as well."""
