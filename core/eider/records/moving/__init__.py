"""Moving a store into another place: another directory, or a database server."""
