"""Many processes, one store: the owner process, what talks to it, and what waits while it is away."""
