"""Many processes, one store: the server process, what talks to it, and what waits while it is away."""
