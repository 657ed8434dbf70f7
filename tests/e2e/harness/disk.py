# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk of its own: an ext4 file system in a file, so that it can be filled, and copied while it is in use."""

import contextlib
import os
import subprocess


class LoopDisk:
    def __init__(self, t, name, mbytes, image=None):
        self.image = image or t.dir / f"{name}.img"
        self.path = t.dir / name
        self.path.mkdir()
        if image is None:
            with open(self.image, "wb") as file:
                file.truncate(mbytes << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self.image)],
                           check=True, capture_output=True, timeout=60)
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.path)], check=True, capture_output=True, timeout=60)
        self.mounted = True
        t.defer(self.unmount)

    def unmount(self):
        if self.mounted:
            self.mounted = False
            subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True, timeout=60)

    def cut(self, copy):
        """What a power cut now would leave: the blocks that have reached the device, and nothing of what is in memory only."""
        subprocess.run(["cp", "--sparse=always", str(self.image), str(copy)], check=True, timeout=60)
        return copy

    def free_bytes(self):
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize

    def fill(self, leave=0):
        """Takes all space but so many bytes."""
        with open(self.path / "ballast", "ab") as file:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, file.tell() + max(self.free_bytes() - leave, 1))
            if leave == 0:
                # What a large allocation does not get, small ones do.
                with contextlib.suppress(OSError):
                    while True:
                        os.write(file.fileno(), bytes(4096))

    def clear(self):
        (self.path / "ballast").unlink()
