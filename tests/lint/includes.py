# SPDX-License-Identifier: GPL-3.0-or-later
"""The dependency rule: reads the table in src/README.md and every #include of src/ and include/.

The table's head is `| folder | may include | libraries |`; below it a row for each folder of src/:

    | `gateway` | `base`, `config`, `recorder/library.h` | GLib, libsoup |

`may include` names folders, single headers as folder/header.h, or says "everything". `libraries` names what LIBRARIES knows.
"""

import re

# A library's headers, as they are written in an #include.
LIBRARIES = {
    "GLib": r"(glib|gio|gobject|gmodule)/|glib(-object|-unix)?\.h$|gmodule\.h$",
    "json-glib": r"json-glib/",
    "GStreamer": r"gst/",
    "Pango": r"(pango/|cairo\.h$)",
    "libav": r"lib(avformat|avcodec|avutil|swscale|avfilter|avdevice)/",
    "libavfilter": r"lib(avfilter|avutil)/",
    "libebur128": r"ebur128\.h$",
    "libpulse": r"pulse/",
    "libswresample": r"lib(swresample|avutil)/",
    "libsoup": r"libsoup/",
    "libpulse": r"pulse/",
    "libseccomp": r"seccomp\.h$",
    "libsystemd": r"systemd/",
    "libxcrypt": r"crypt\.h$",
    "OpenSSL": r"openssl/",
    "libsrtp2": r"srtp2/",
    "libnice": r"(nice|stun)/",
}
# What the C library and the kernel bring is free for all.
SYSTEM = re.compile(
    r"(sys|linux|netinet|arpa|net|asm)/[\w/]+\.h$|"
    r"(assert|complex|ctype|dirent|dlfcn|endian|err|errno|execinfo|fcntl|fenv|float|fnmatch|getopt|glob|grp|ifaddrs|inttypes|"
    r"langinfo|libgen|limits|locale|malloc|math|mqueue|netdb|paths|poll|pthread|pwd|regex|sched|search|semaphore|setjmp|signal|"
    r"spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|syscall|sysexits|syslog|termios|threads|time|"
    r"uchar|ucontext|unistd|utime|wchar|wctype)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def read_table(path):
    """{folder: (set of allowed folders and headers or None for everything, set of libraries)}"""
    rows = {}
    inside = False
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if not cells:
            inside = False
        elif [c.lower() for c in cells[:3]] == ["folder", "may include", "libraries"]:
            inside = True
        elif inside and len(cells) >= 3 and not set(cells[0]) <= set("-: "):
            folder = cells[0].strip("` /").removeprefix("src/").removesuffix("/")
            names = [n.strip("` /") for n in cells[1].split(",")]
            allowed = None if names == ["everything"] else {n for n in names if re.fullmatch(r"[a-z]+(/[a-z-]+\.h)?", n)}
            rows[folder] = (allowed, {n.strip("` ") for n in cells[2].split(",")} - {"", "—", "-"})
    return rows


def check(root):
    """Problems found in a tree, as lines for people."""
    table = read_table(root / "src/README.md")
    if not table:
        return ["src/README.md: there is no table with the head `| folder | may include | libraries |`"]
    folders = sorted(p.name for p in (root / "src").iterdir() if p.is_dir())
    problems = [f"src/README.md: the dependency table has no row for src/{f}/" for f in folders
                if f not in table and any((root / "src" / f).glob("*.[ch]"))]
    problems += [f"src/README.md: the table's {n} is not a library that tests/lint/includes.py knows" for f, (_, libs) in table.items()
                 for n in sorted(libs - set(LIBRARIES))]
    problems += [f"src/README.md: the dependency table's row {f} names the folder {n}, which is not there" for f, (names, _) in table.items()
                 for n in sorted(names or []) if n.split("/")[0] not in folders]
    for path in sorted([*(root / "src").rglob("*.[ch]"), *(root / "include").rglob("*.[ch]")]):
        if "node_modules" in path.parts:
            continue
        name = path.relative_to(root)
        folder = name.parts[1] if name.parts[0] == "src" else name.parts[2]
        if folder not in table:
            continue
        allowed, libraries = table[folder]
        for kind, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if why := fault(root, path, folder, allowed, libraries, header):
                problems.append(f"{name}: #include of {header}: {why}")
    return problems


def fault(root, path, folder, allowed, libraries, header):
    """Why an include is not allowed, or None."""
    if header.startswith("regia/"):
        if not (root / "include" / header).exists():
            return "there is no such header in include/"
        other = header.split("/")[1]
        short = header.removeprefix("regia/")
        if other == folder or allowed is None or other in allowed or short in allowed:
            return None
        return f"{folder} may include {', '.join(sorted(allowed)) or 'nothing of the others'} (src/README.md)"
    if known := [library for library, pattern in LIBRARIES.items() if re.match(pattern, header)]:
        return None if libraries.intersection(known) else f"{folder} does not use {known[0]} (src/README.md)"
    if SYSTEM.match(header):
        return None
    if (path.parent / header).exists():
        return None
    # A generated header: some meson.build that this folder may see makes it.
    mine = [folder, *(sorted(allowed) if allowed is not None else [p.name for p in (root / "src").iterdir() if p.is_dir()])]
    for other in mine:
        build = root / "src" / other / "meson.build"
        if build.exists() and re.search(rf"'{re.escape(header.rsplit('.', 1)[0])}(\.h)?'", build.read_text(encoding="utf-8")):
            return None
    return "neither a private header of this folder, nor a known library, nor made by a folder that it may include"
