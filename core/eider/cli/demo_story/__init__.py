"""The story that `eider demo` tells."""
