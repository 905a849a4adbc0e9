"""What the reader knows of each language: closed classes of words, as data.

Each module holds `WORDS`: a class's name → its members, parted by blanks; a phrase is joined by `_`. A member
belongs to the longest phrase that starts with it. `ENDINGS` gives the class of a word that no list knows, by its
last letters. The classes and what the rules make of them are explained in `eider.understand.signals.lexicon`.
"""
