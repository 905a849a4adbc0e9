"""Rows in and out: record, revise, forget, undo, history, export and backup."""
