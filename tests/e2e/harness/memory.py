# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a process."""

import contextlib


def holds(pid, needle):
    """Whether the process has it anywhere in what it may read and write."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            begin, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - begin > 1 << 30:
                continue
            rest = b""
            with contextlib.suppress(OSError, OverflowError, ValueError):
                memory.seek(begin)
                while begin < end:
                    piece = memory.read(min(1 << 20, end - begin))
                    if not piece:
                        break
                    if needle in rest + piece:
                        return True
                    rest, begin = piece[-len(needle):], begin + len(piece)
    return False
