#!/usr/bin/env python3
"""Compares the decisions of planguard with those of OPA, rule by rule.

Every rule called deny, warn or violation (alone or followed by _name) of every package is evaluated by both, on the
same plan, with builtin errors strict. A rule is the same if both give the same value, both leave it undefined, or
both refuse it. OPA is the program `opa`, or else the Python package opa-golib-python-bindings.

Exit codes: 0 all the same, 1 something differs, 2 the comparison could not be made.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PLACEHOLDER = "(sensitive value)"
DECIDING = r"(deny|warn|violation)(_[A-Za-z0-9_]+)?"
TESTS = r"test_.*"
# Words that start a line and no rule.
WORDS = {"package", "import", "default", "else", "some", "every", "not", "if", "with", "true", "false", "null"}


class Unable(Exception):
    """The comparison cannot be made."""


class Refused(Exception):
    """An engine has no value for a rule, and says why."""


def packages_and_rules(files, pattern):
    """Every (file, package, rule) whose rule has a name that matches, once for each file."""
    found = {}
    for file in files:
        text = re.sub(r"(?ms)^\s*#[^\n]*$|`[^`]*`", "", file.read_text(encoding="utf-8", errors="replace"))
        package = re.search(r"(?m)^\s*package\s+(.+?)\s*(?:#.*|;.*)?$", text)
        if not package:
            continue
        heads = re.finditer(r"(?m)^(?:default\s+)?([A-Za-z_]\w*)(\s*\()?", text)
        for head in heads:
            name, is_function = head.group(1), head.group(2)
            if name not in WORDS and not is_function and re.fullmatch(pattern, name):
                found.setdefault((package.group(1), name), file)
    return [(file, package, rule) for (package, rule), file in found.items()]


class Planguard:
    def __init__(self, program, options):
        self.program, self.options = program, options

    def evaluate(self, paths, query):
        command = [self.program, "eval", "--format", "json", "--rego-version", self.options.rego_version]
        if self.options.plan:
            command += ["--plan", self.options.plan]
        for path in paths:
            command += ["--policy", str(path)]
        for path in self.options.data:
            command += ["--data", path]
        run = subprocess.run([*command, query], capture_output=True, text=True, timeout=120)
        if run.returncode not in (0, 1):
            raise Refused(one_line(run.stderr))
        results = json.loads(run.stdout).get("result", [])
        return [result["expressions"][0]["value"] for result in results]


class OpaProgram:
    def __init__(self, program, options):
        self.program, self.options = program, options

    def evaluate(self, paths, query):
        command = [self.program, "eval", "--format", "json", "--strict-builtin-errors"]
        command += ["--v0-compatible"] if self.options.rego_version == "v0" else []
        command += ["--input", self.options.plan] if self.options.plan else []
        for path in [*paths, *self.options.data]:
            command += ["--data", str(path)]
        run = subprocess.run([*command, query], capture_output=True, text=True, timeout=120)
        try:
            answer = json.loads(run.stdout)
        except ValueError:
            raise Refused(one_line(run.stderr)) from None
        if answer.get("errors"):
            raise Refused(one_line("; ".join(error.get("message", "") for error in answer["errors"])))
        return [result["expressions"][0]["value"] for result in answer.get("result", [])]


class OpaLibrary:
    """The same by way of opa-golib-python-bindings, which knows v1 only."""

    def __init__(self, engine, options):
        if options.rego_version == "v0":
            raise Unable("the Python package knows Rego v1 only; install the program `opa`")
        if any(Path(path).suffix != ".json" for path in options.data):
            raise Unable("with the Python package, --data takes JSON files only; install the program `opa`")
        self.engine, self.options, self.loaded, self.failure = engine, options, None, None
        self.input = json.loads(Path(options.plan).read_text(encoding="utf-8-sig")) if options.plan else None

    def load(self, paths):
        if self.loaded and self.loaded[0] == paths:
            return self.loaded[1]
        engine = self.engine()
        engine.print_handler = lambda message, location: None
        for path in self.options.data:
            engine.add_data(json.loads(Path(path).read_text(encoding="utf-8-sig")))
        failure = None
        try:
            for file in rego_files(paths):
                engine.add_policy(str(file), file.read_text(encoding="utf-8"))
        except Exception as error:
            failure = one_line(str(error))
        self.loaded, self.failure = (paths, engine), failure
        return engine

    def evaluate(self, paths, query):
        engine = self.load(paths)
        if self.failure:
            raise Refused(self.failure)
        try:
            return [binding["value"] for binding in engine.eval_query(f"value := {query}", self.input)]
        except Exception as error:
            raise Refused(one_line(str(error))) from None


def opa(options):
    program = options.opa or shutil.which("opa")
    if program:
        return OpaProgram(program, options)
    try:
        from opa_bindings.engine import OpaEngine
    except ImportError:
        raise Unable("neither the program `opa` nor the package opa-golib-python-bindings is there") from None
    return OpaLibrary(OpaEngine, options)


def one_line(text):
    text = " ".join(text.split())
    return text if len(text) < 300 else text[:300] + " …"


def rego_files(paths):
    files = []
    for path in map(Path, paths):
        files += sorted(path.rglob("*.rego")) if path.is_dir() else [path]
    return files


def same(ours, theirs):
    """Whether two values are equal. Sets are arrays in JSON, so that the order of elements does not count; what
    planguard has hidden equals anything."""
    if isinstance(ours, str) and PLACEHOLDER in ours:
        pattern = ".*".join(map(re.escape, ours.split(PLACEHOLDER)))
        return ours == PLACEHOLDER or isinstance(theirs, str) and bool(re.fullmatch(pattern, theirs, re.S))
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        rest = list(theirs)
        for element in ours:
            match = next((at for at, other in enumerate(rest) if same(element, other)), None)
            if match is None:
                return False
            del rest[match]
        return not rest
    return ours == theirs


def answer(engine, paths, query):
    try:
        values = engine.evaluate(paths, query)
    except Refused as reason:
        return "refused", str(reason)
    return ("value", values[0]) if values else ("undefined", None)


def told(kind, value):
    if kind == "undefined":
        return "undefined"
    return f"refused: {value}" if kind == "refused" else json.dumps(value, ensure_ascii=False, sort_keys=True)


def compare(options):
    planguard, oracle = Planguard(options.planguard, options), opa(options)
    files = rego_files(options.policies)
    if not files:
        raise Unable("there is no .rego file")
    sets = [[str(file)] for file in files] if options.each_file else [options.policies]
    pattern = ".*" if options.all else TESTS if options.tests else options.rule
    counts = {"same": 0, "differ": 0, "refused by both": 0}
    for paths in sets:
        for file, package, rule in packages_and_rules(rego_files(paths), pattern):
            query = f"data.{package}.{rule}"
            ours, theirs = answer(planguard, paths, query), answer(oracle, paths, query)
            if ours[0] == theirs[0] == "refused":
                counts["refused by both"] += 1
                if options.verbose:
                    print(f"refused  {file}: {query}\n  planguard {told(*ours)}\n  opa       {told(*theirs)}")
            elif ours[0] == theirs[0] and same(ours[1], theirs[1]):
                counts["same"] += 1
                if options.verbose:
                    print(f"same     {file}: {query}")
            else:
                counts["differ"] += 1
                print(f"differs  {file}: {query}\n  planguard {told(*ours)}\n  opa       {told(*theirs)}")
    total = sum(counts.values())
    print(f"{len(files)} files, {total} rules: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    if not total:
        raise Unable("no rule has a name that is compared")
    return 1 if counts["differ"] else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policies", nargs="+", help="files and directories that hold .rego files")
    parser.add_argument("--plan", help="the plan, as JSON; without it there is no input")
    parser.add_argument("--data", action="append", default=[], help="a document for `data` (repeatable)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--rule", default=DECIDING, help="the names of the rules, as a regular expression")
    which.add_argument("--all", action="store_true", help="all rules that are no functions")
    which.add_argument("--tests", action="store_true", help="all rules called test_…")
    parser.add_argument("--each-file", action="store_true", help="evaluate every file alone")
    parser.add_argument("--rego-version", choices=["v1", "v0"], default="v1")
    parser.add_argument("--planguard", default=os.environ.get("PLANGUARD", "planguard"), help="the program")
    parser.add_argument("--opa", help="the program; else `opa` of the PATH, or else the Python package")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what is the same, too")
    options = parser.parse_args()
    try:
        return compare(options)
    except (Unable, OSError, subprocess.TimeoutExpired, ValueError) as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
