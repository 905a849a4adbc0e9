"""Eider in LangChain and LangGraph."""
