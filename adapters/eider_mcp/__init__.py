"""Eider as an MCP server."""
