"""Workflow memory: every step's output is kept, and each step sees exactly what it should."""
