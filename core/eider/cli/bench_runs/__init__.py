"""Measuring retrieval: public question sets, and questions made of one's own store."""
