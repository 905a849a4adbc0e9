"""One sentence, taken apart: subject, attribute, value, and what limits its claim. Pure; five languages."""

from eider.understand.statements.read import Statement, read
from eider.understand.statements.terms import Term, canon, is_light, terms

__all__ = ["Statement", "Term", "canon", "is_light", "read", "terms"]
