"""The rows of a store in SQL that every database understands; what a database says in its own way is its dialect."""
