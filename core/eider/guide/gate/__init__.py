"""Whether a recalled line helps with a prompt."""
