#!/usr/bin/env python3
"""Holds the dependencies with unsafe code against packaging/unsafe-dependencies.txt.

    scripts/list-unsafe.py [--update]

Looks for the word `unsafe` in the Rust sources of every dependency of the released binary, for all systems that releases are
for, tests and build scripts left out. A name that is not in the list is an error: somebody has to have decided it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "packaging/unsafe-dependencies.txt"
HEAD = """# Dependencies of the released binary with unsafe code, one a line; scripts/list-unsafe.py holds it against their sources.
# planguard's own crates forbid it.
"""
UNSAFE = re.compile(r"\bunsafe\b(?!_)")
COMMENT = re.compile(r"//.*")


def main():
    found = {name for name, root in dependencies() if has_unsafe(root)}
    if "--update" in sys.argv:
        LIST.write_text(HEAD + "".join(f"{name}\n" for name in sorted(found)))
        return
    listed = {line for line in LIST.read_text().splitlines() if line and not line.startswith("#")}
    for name in sorted(found - listed):
        print(f"{name} has unsafe code and is not in {LIST.relative_to(ROOT)}")
    for name in sorted(listed - found):
        print(f"{name} is in {LIST.relative_to(ROOT)} and has no unsafe code, or is no dependency")
    if found != listed:
        sys.exit(1)


def dependencies():
    """The crates from registries that are linked into the binary, with the directories of their sources."""
    targets = tomllib.loads((ROOT / "deny.toml").read_text())["graph"]["targets"]
    kept = {}
    for target in targets:
        command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
        metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
        packages = {package["id"]: package for package in metadata["packages"]}
        edges = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
        todo, seen = [metadata["resolve"]["root"]], set()
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            for edge in edges[one]:
                if any(kind["kind"] is None for kind in edge["dep_kinds"]):
                    todo.append(edge["pkg"])
        for one in seen:
            if packages[one]["source"]:
                kept[packages[one]["name"], packages[one]["manifest_path"]] = None
    return [(name, pathlib.Path(path).parent) for name, path in kept]


def has_unsafe(root):
    for file in root.rglob("*.rs"):
        if {"tests", "benches", "examples"} & set(file.relative_to(root).parts) or file.name == "build.rs":
            continue
        text = file.read_text(errors="replace")
        if any(UNSAFE.search(COMMENT.sub("", line)) for line in text.splitlines() if "_code" not in line):
            return True
    return False


if __name__ == "__main__":
    main()
