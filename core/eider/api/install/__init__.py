"""Installs Eider into host programs: changes are shown first, recorded, and undone byte for byte."""
