"""How hooks and the command line reach the server; standard library only."""
