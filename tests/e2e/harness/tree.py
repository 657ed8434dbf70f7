# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the tree as somebody gets it who clones it: what git knows and what it would be told, and nothing that was built."""

import shutil
import subprocess

from .scenario import ROOT


def copy_tree(to):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to
