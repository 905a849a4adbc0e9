"""Backups of a store: made whole and verified, kept by a rule, and restored without what was forgotten since."""
