"""Words, stems and dates in several languages; pure functions."""
