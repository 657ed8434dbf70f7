#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the tree itself, as TAP: who may include whom, format, licence lines, sizes, what must not be committed.

lint.py [NAME…]: with names, only the checks whose name contains one of them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import includes

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = {".c", ".h", ".py", ".mjs", ".js", ".ts", ".css", ".html", ".sh"}
NO_COMMENTS = {".json", ".md", ".png", ".jpg", ".ico", ".mp4", ".opts", ".supp"}
MOST_LINES = 700


def tracked():
    """The files of the tree: what git knows and what it would be told, so that a new file is checked before it is committed."""
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True).stdout
    return sorted(p for p in {ROOT / name for name in out.decode().split("\0") if name} if p.is_file())


def text_of(path):
    data = path.read_bytes()
    return None if b"\0" in data else data.decode("utf-8", errors="replace")


def shown(path):
    return str(path.relative_to(ROOT))


def is_script(path):
    with open(path, "rb") as file:
        return re.match(rb"#!.*\b(ba|da)?sh\b", file.readline()) is not None


def check_includes():
    """Every folder includes only what its row of the dependency table in src/README.md allows."""
    return includes.check(ROOT)


def check_includes_fail():
    """The check of the includes fails on includes that are forbidden: a check that cannot fail is none."""
    tries = {
        "src/base/clock.c": ["regia/feed/log.h", "libsoup/soup.h", "gst/gst.h", "regia-no-such.h", "regia/no/such.h", "no-such-library.h"],
        "src/feed/log.c": ["gst/gst.h", "regia/mux/fmp4.h"],
        "src/gateway/gateway.c": ["regia/recorder/recorder.h", "regia/mux/output.h", "libavformat/avformat.h"],
        "include/regia/base/clock.h": ["regia/config/config.h"],
        "include/regia/config/config.h": ["regia/feed/log.h"],
    }
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", "include"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("node_modules"))
        before = set(includes.check(copy))
        for name, headers in tries.items():
            text = (copy / name).read_text()
            for header in headers:
                (copy / name).write_text(f'#include "{header}"\n{text}')
                if not any(name in p and header in p for p in set(includes.check(copy)) - before):
                    problems.append(f'{name}: `#include "{header}"` was added and not noticed')
            (copy / name).write_text(text)
    return problems


def check_format():
    """C is formatted as .clang-format says, by the version that Debian 12 and 13 both have: two versions do not agree."""
    files = [p for p in tracked() if p.suffix in (".c", ".h")]
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *map(str, files)], capture_output=True, text=True, check=False)
    names = sorted(set(re.findall(rf"^{re.escape(str(ROOT))}/(\S+?):\d+:\d+: error:", done.stderr, re.M)))
    return [f"{n}: not formatted; run `clang-format-19 -i {n}`" for n in names] or ([] if done.returncode == 0 else [done.stderr])


def check_licence():
    """The licence stands at the top of every file that can hold a comment."""
    problems = []
    for path in tracked():
        if path.suffix in NO_COMMENTS or path.name in ("LICENSE", ".gitignore", ".clang-format", ".editorconfig", "meson_options.txt"):
            continue
        # What programs wrote is kept as it is.
        if {"corpus", "kept"} & set(path.parts) and path.suffix not in CODE or (text := text_of(path)) is None:
            continue
        head = text.splitlines()[:4]
        at = next((n for n, line in enumerate(head) if "SPDX-License-Identifier: GPL-3.0-or-later" in line), None)
        # Before it only what has to be first: the line for the kernel, or a document type.
        if at is None or any(not re.match(r"#!|<!DOCTYPE|<\?xml|\s*\"http", line) for line in head[:at]):
            problems.append(f"{shown(path)}: the first line is not `SPDX-License-Identifier: GPL-3.0-or-later` in a comment")
    return problems


def check_sizes():
    """No source file has more than 700 lines."""
    problems = []
    for path in tracked():
        if path.suffix in CODE or is_script(path):
            lines = len((text_of(path) or "").splitlines())
            if lines > MOST_LINES:
                problems.append(f"{shown(path)}: {lines} lines; split it below {MOST_LINES}")
    return problems


def check_places():
    """No file names a machine: no registry's address, no path of somebody's home, no resolved address in a lock file."""
    rules = [
        (re.compile(r'"resolved"\s*:'), "an address in a lock file; run npm with omit-lockfile-registry-resolved"),
        (re.compile(r"https?://[^/\s\"']*\b(registry|artifactory|nexus|mirror)\b", re.I), "the address of a package registry"),
        (re.compile(r"(?<![\w.$}])/(work|root|home/[a-z]\w*)/\w"), "a path that exists on one machine only"),
    ]
    problems = []
    for path in tracked():
        text = text_of(path)
        if text is None or path == Path(__file__).resolve() or path.name == "LICENSE":
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, what in rules:
                if pattern.search(line):
                    problems.append(f"{shown(path)}:{number}: {what}: {line.strip()[:100]}")
    return problems


def check_scripts():
    """Shell scripts can be parsed by bash and shellcheck finds nothing in them."""
    scripts = [p for p in tracked() if p.suffix == ".sh" or is_script(p)]
    problems = []
    for path in scripts:
        done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            problems.append(done.stderr)
    done = subprocess.run(["shellcheck", "--severity=style", "--format=gcc", *map(str, scripts)], capture_output=True, text=True,
                          check=False)
    return problems + [line.replace(f"{ROOT}/", "") for line in done.stdout.splitlines()]


def check_words():
    """No file holds a note about unfinished work."""
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    return [f"{shown(p)}:{n}: {line.strip()[:100]}" for p in tracked() if p != Path(__file__).resolve() and p.name != "LICENSE"
            for n, line in enumerate((text_of(p) or "").splitlines(), 1) if pattern.search(line)]


# What follows a group's name in a sentence that names no key.
PROSE = {"of", "has", "gives", "in", "is", "with", "to", "and", "or", "alone", "lines", "group", "groups"}
# Groups of examples of what a group looks like.
NO_GROUPS = {"name", "kind", "groups"}


def literals(text):
    """The strings of a C file, with the line they begin in; neighbours are one."""
    code = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    for found in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', code):
        yield code.count("\n", 0, found.start()) + 1, re.sub(r'"\s*"', "", found.group()[1:-1])


def config_keys():
    """{group: its keys}, from the table of the event file's options."""
    text = "".join(path.read_text() for path in sorted((ROOT / "src/config").glob("options*.c")))
    tables = {name: set(re.findall(r'\.key = "(\w+)"', body))
              for name, body in re.findall(r"^(?:static )?const RegiaOption (\w+)\[\] = \{(.*?)\n\};", text, re.S | re.M)}
    return {kind: tables[table] for kind, table in re.findall(r'\.kind = "(\w+)".*?\.options = (\w+)', text, re.S)}


def wrong_names(sentences, keys, commands):
    """What a person is told to write or to run, and what does not exist."""
    for where, text in sentences:
        for kind, key in re.findall(r"\[([a-z]+)(?: (?:[A-Z]+|%s|[a-z]+))?\] ([a-z_]+)", text):
            if kind in NO_GROUPS:
                continue
            if kind not in keys:
                yield f"{where}: there is no group [{kind}]: {text[:100]}"
            elif key not in keys[kind] and key not in PROSE:
                yield f"{where}: [{kind}] has no key {key}: {text[:100]}"
        for command, option in re.findall(r"[`\"]regia ([a-z]+)(?: (--[a-z-]+))?", text):
            if command not in commands and command != "child":
                yield f"{where}: there is no command `regia {command}`: {text[:100]}"
            elif option and option != "--help" and option[2:] not in commands[command]:
                yield f"{where}: `regia {command}` has no {option}: {text[:100]}"


def command_source(name):
    """Commands that are much alike share a file."""
    own = ROOT / f"src/cli/{name}.c"
    return own if own.exists() else ROOT / "src/cli/command.c"


def command_options():
    """{command: its long options}"""
    table = re.search(r"commands\[\] = \{(.*?)\n\};", (ROOT / "src/main.c").read_text(), re.S).group(1)
    return {name: set(re.findall(r'\{"([a-z-]+)", (?:0|\'.\')', command_source(name).read_text()))
            for name in re.findall(r'\{"(\w+)", regia_cli', table)}


def check_names():
    """Every [group] key and every command that a message or a page names exists."""
    keys, commands = config_keys(), command_options()
    if min(map(len, keys.values())) == 0 or not {"run", "check"} <= set(commands):
        return ["src/config/options*.c or src/main.c is not written as this check reads it"]
    told = list(wrong_names([("try", "[record] record = no"), ("try", "[recording] folder"), ("try", "`regia gadgets` lists"),
                             ("try", "`regia stop --now`"), ("try", "[relay %s] key_file: `regia check --keys`")], keys, commands))
    if len(told) != 4:
        return [f"of four made-up names these were noticed: {told}"]
    sentences = [(f"{shown(p)}:{line}", text) for p in tracked() if p.suffix == ".c" and p.is_relative_to(ROOT / "src")
                 for line, text in literals(p.read_text())]
    sentences += [(f"{shown(p)}:{n}", line) for p in tracked() if p.suffix == ".md" or p.name in ("regia.1", "example.conf", "demo.conf", "hall.conf", "hall-new.conf", "event.conf")
                  for n, line in enumerate(p.read_text().splitlines(), 1)]
    return list(wrong_names(sentences, keys, commands))


CHECKS = {
    "includes: each folder only what the table allows": check_includes,
    "includes: a forbidden one is noticed": check_includes_fail,
    "format: clang-format": check_format,
    "licence: an SPDX line in every file": check_licence,
    "sizes: no source file over 700 lines": check_sizes,
    "places: no machine's paths or addresses": check_places,
    "scripts: bash and shellcheck": check_scripts,
    "words: no notes about unfinished work": check_words,
    "names: keys and commands that are named exist": check_names,
}


def main(names):
    failed = 0
    wanted = [n for n in CHECKS if not names or any(w in f"lint/{n}" for w in names)]
    print(f"1..{len(wanted)}")
    for number, name in enumerate(wanted, 1):
        problems = CHECKS[name]()
        for problem in problems[:25]:
            print(f"# {problem}")
        if len(problems) > 25:
            print(f"# … and {len(problems) - 25} more")
        print(f"{'not ok' if problems else 'ok'} {number} - {name}", flush=True)
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
