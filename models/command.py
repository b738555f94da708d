"""What a program of the recipe is called, and what it needs.  This is imported before
NumPy and PyTorch are, so that their absence is a sentence and --help needs neither."""

import importlib.util
import os
import sys

# who has a module, on Debian
PACKAGES = {"numpy": "python3-numpy", "torch": "python3-torch", "gi": "python3-gi"}


def name(script):
    """As it was called: `script`, or "genreclassify learn" if that has executed it."""
    return os.environ.get("GENRECLASSIFY_COMMAND") or script


def refuse(script, text):
    """Ends the program, which has done nothing yet."""
    print(f"{name(script)}: {text}", file=sys.stderr)
    sys.exit(2)


def need(script, *modules):
    """Ends the program with a sentence if one of the modules is not there."""
    missing = [m for m in modules if not importlib.util.find_spec(m)]
    if missing:
        packages = " ".join(PACKAGES[m] for m in missing)
        refuse(script, f"needs {' and '.join(missing)} for {sys.executable}, which "
               f"Debian has as {packages}: apt install {packages}")
