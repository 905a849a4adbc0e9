"""Wiring hosts: what is changed is shown first, kept beside, and taken back byte for byte."""
