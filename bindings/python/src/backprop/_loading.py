"""Why the compiled part of the package does not load, and what helps. Imported only when it does not."""

import os
import platform
import sys


def reason(error):
    folder, text = os.path.dirname(os.path.abspath(__file__)), str(error)
    files = os.listdir(folder)
    if not any(name.startswith("_core.") and ".so" in name for name in files):
        what = f"{folder} has no compiled part (_core.abi3.so). If that is a source tree: pip install ./bindings/python, and start Python elsewhere"
    elif "libbackprop.so.0" not in files and "libbackprop.so" in text and "No such file" in text:
        what = f"libbackprop.so.0 is missing in {folder}. Install the package again"
    elif text.startswith("backprop "):  # _core's own words
        return text
    elif "undefined symbol: bp_" in text or "BACKPROP_" in text:
        what = f"libbackprop.so.0 is of another version than the package ({text}). Install the package again, or take the other library out of LD_LIBRARY_PATH"
    elif "GLIBC_" in text:
        what = f"this system's C library, {' '.join(platform.libc_ver()) or 'not glibc'}, is too old or of another kind ({text}). Install from source instead"
    elif "ELF" in text or "wrong architecture" in text:
        what = f"the installed files are for another processor than this {platform.machine()}, or damaged ({text}). Install the package again"
    else:
        what = text
    return f"backprop cannot be loaded by Python {sys.version.split()[0]}: {what}"
