"""The name Eider is installed by. The package index gives `eider` itself to another project; the import name is `eider`."""

from typing import Final

NAME: Final = "eider-memory"
UPGRADE: Final = f"pip install -U {NAME}"


def install_extra(extra: str) -> str:
    """Return the command that installs Eider with an extra.

    >>> install_extra("mcp")
    "pip install 'eider-memory[mcp]'"
    """
    return f"pip install '{NAME}[{extra}]'"
