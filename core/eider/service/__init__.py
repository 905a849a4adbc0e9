"""The server process, which holds the named stores open for all other processes."""
