#!/usr/bin/env python3
"""Measures many Rego policies on a large plan: planguard beside OPA and conftest, as far as they are there.

Each run is a process of its own, from start to exit. Nothing here passes or fails. See README.md beside this file.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # nothing is left beside the scripts
from measured import run
import rego_corpora
import rego_rows

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACEHOLDER = "(sensitive value)"


def main():
    arguments = parse_arguments()
    if arguments.opa_binding:
        return evaluate_with_binding(*arguments.opa_binding)
    if arguments.opa_row:
        return evaluate_row_with_binding(*arguments.opa_row)
    if arguments.opa_tests:
        return test_with_binding(pathlib.Path(arguments.opa_tests))
    with tempfile.TemporaryDirectory(prefix="planguard-bench-") as directory:
        measured = measure_rows if arguments.rows is not None else measure_all
        if arguments.corpora:
            measured = measure_corpora
        measured(pathlib.Path(directory), arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    parser.add_argument("--planguard", metavar="PROGRAM", action="append", help="measure this build; can be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument("--policies", type=int, nargs="+", default=[100, 500], help="default: 100 500")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100], help="sizes of plans (default: 10 100)")
    parser.add_argument("--others-up-to", type=int, default=10, metavar="MB", help="largest plan for OPA and conftest")
    parser.add_argument("--rows", nargs="*", metavar="WORD", help="measure the rows of rego_rows.py (that have a WORD in"
                        " their name) instead: policies of many kinds, beside OPA")
    parser.add_argument("--corpora", action="store_true", help="measure the unit tests of rego_corpora.py instead")
    parser.add_argument("--opa-tests", metavar="DIRECTORY", help=argparse.SUPPRESS)
    parser.add_argument("--opa-row", nargs=2, metavar=("DIRECTORY", "PLAN"), help=argparse.SUPPRESS)
    parser.add_argument("--opa-binding", nargs=2, metavar=("POLICIES", "PLAN"), help=argparse.SUPPRESS)
    return parser.parse_args()


def build(arguments):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    if not arguments.no_build:
        command = ["cargo", "build", "--release", "--locked", "--bins", "--examples"]
        subprocess.run(command, cwd=ROOT, check=True)
    return target


def generate_plan(target, size, path):
    with path.open("wb") as out:
        subprocess.run([target / "examples" / "generate-plan", "--bytes", str(size)], stdout=out, check=True)


def measure_rows(directory, arguments):
    """CPU time of each row of rego_rows.py: whole processes of planguard, and OPA's library within its process."""
    target = build(arguments)
    builds = arguments.planguard or [target / "planguard"]
    has_opa = importlib.util.find_spec("opa_bindings") is not None
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPU time in ms: min, median\n")
    print(f"{'row':26} {'plan':>7} " + " ".join(f"{f'planguard {n + 1}':>17}" for n in range(len(builds)))
          + f" {'OPA: load + eval':>17}  OPA / planguard (min); findings")
    for number, row in enumerate(rego_rows.ROWS):
        if arguments.rows and not any(word in row.name for word in arguments.rows):
            continue
        plan = directory / f"{row.plan_bytes}.json"
        if not plan.exists():
            generate_plan(target, row.plan_bytes, plan)
        own = directory / str(number)
        given = row.write(own)
        commands = [[program, "check", "--no-builtin", "--format", "json", *given, plan] for program in builds]
        found = [messages_of_planguard(command, row) for command in commands]
        (own / "row.json").write_text(json.dumps([list(map(str, row.sources(own)[0])), row.sources(own)[1], row.package()]))
        by_opa = [sys.executable, __file__, "--opa-row", own, plan]
        times, opa = [[] for _ in builds], []
        for _ in range(arguments.rounds):
            for at, command in enumerate(commands):
                times[at].append(run(command)[1])
            if has_opa:
                answer = json.loads(subprocess.run(by_opa, capture_output=True, check=True).stdout)
                opa.append(answer["cpu"])
        if has_opa:
            found.append(answer["messages"])
        for other in found[1:]:
            if not same_messages(found[0], other):
                sys.exit(f"{row.name}: the findings differ: {len(found[0])} and {len(other)}")
        columns = [f"{min(own) * 1e3:8.0f} {statistics.median(own) * 1e3:8.0f}" for own in [*times, *([opa] if opa else [])]]
        ratios = ", ".join(f"{min(opa) / min(own):.2f}" for own in times) if opa else "-"
        print(f"{row.name:26} {row.plan_bytes / 1e6:5.1f}MB " + " ".join(columns) + f"  {ratios}; {len(found[0])}", flush=True)


def measure_corpora(directory, arguments):
    """CPU time of the tests of each corpus: whole processes of planguard, and OPA's library within its process."""
    target = build(arguments)
    builds = arguments.planguard or [target / "planguard"]
    has_opa = importlib.util.find_spec("opa_bindings") is not None
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, least CPU time in ms\n")
    for name, files in rego_corpora.CORPORA.items():
        own = directory / name.replace(" ", "-")
        rego_corpora.write(files(), own)
        times, opa, tests = [[] for _ in builds], [], 0
        for _ in range(arguments.rounds):
            for at, program in enumerate(builds):
                # A test that fails makes planguard exit with 1, which no corpus does.
                subprocess.run([program, "test", own], check=True, stdout=subprocess.DEVNULL)
                times[at].append(run([program, "test", own])[1])
            if has_opa:
                by_opa = [sys.executable, __file__, "--opa-tests", own]
                answer = json.loads(subprocess.run(by_opa, capture_output=True, check=True).stdout)
                opa.append(answer["cpu"])
                tests = answer["tests"]
        columns = " ".join(f"{min(own) * 1e3:8.0f}" for own in [*times, *([opa] if opa else [])])
        ratios = ", ".join(f"{min(opa) / min(own):.2f}" for own in times) if opa else "-"
        print(f"{name:14} {columns}  OPA / planguard: {ratios}; {tests} tests", flush=True)


def test_with_binding(directory):
    """Runs in a process of its own. All tests are one query: the binding prepares each query anew, which `opa test` does
    not have to, so that this is the least that OPA can take."""
    from opa_bindings import engine as binding

    texts = [(str(path), path.read_text()) for path in sorted(directory.rglob("*.rego"))]
    documents = [(path.parent.relative_to(directory).parts, path.read_text()) for path in directory.rglob("data.json")]
    started = time.process_time()
    engine = binding.OpaEngine()
    for parts, text in documents:
        value = json.loads(text)
        for part in reversed(parts):
            value = {part: value}
        engine.add_data(value)
    tests = []
    for name, text in texts:
        engine.add_policy(name, text)
        package = re.search(r"^package (\S+)", text, re.MULTILINE).group(1)
        tests += [f"data.{package}.{test}" for test in re.findall(r"^(test_\w+)", text, re.MULTILINE)]
    answer = engine.eval_query("x = [" + ", ".join(tests) + "]", {})
    cpu = time.process_time() - started
    if json.dumps(answer).count("true") < len(tests):
        sys.exit(f"{directory}: a test fails in OPA")
    print(json.dumps({"cpu": cpu, "tests": len(tests)}))


def messages_of_planguard(command, row):
    """What planguard finds, without what it adds for values that are known only after apply: OPA knows of none. Packs
    look at these values themselves."""
    process = subprocess.run(command, capture_output=True, check=False)
    if process.returncode not in (0, 1):
        sys.exit(f"{command} ended with {process.returncode}")
    findings = [finding for plan in json.loads(process.stdout)["plans"] for finding in plan["findings"]]
    return sorted(finding["message"] for finding in findings if row.pack or not finding.get("undetermined"))


def same_messages(ours, theirs):
    """Whether both have found the same. A message in which planguard hides a value counts, whatever its text."""
    hidden = sum(PLACEHOLDER in message for message in ours)
    return len(ours) == len(theirs) and len(set(ours) & set(theirs)) >= len(set(ours)) - hidden


def evaluate_row_with_binding(directory, plan):
    """Runs in a process of its own. Its CPU time is that of loading and of the evaluation, which reads the plan."""
    from opa_bindings import engine as binding

    files, data, package = json.loads((pathlib.Path(directory) / "row.json").read_text())
    texts = [(name, pathlib.Path(name).read_text()) for name in files]
    text, packages = pathlib.Path(plan).read_bytes(), [package.encode()]
    started = time.process_time()
    engine = binding.OpaEngine()
    if data:
        engine.add_data(data)
    for name, source in texts:
        engine.add_policy(name, source)
    answer = engine._call(engine._lib.OpaEvalDocument, packages[0], text, 0, 0)
    cpu = time.process_time() - started
    document = answer["result"][0]["expressions"][0]["value"]
    print(json.dumps({"cpu": cpu, "messages": sorted(messages_in(document))}))


def messages_in(document):
    """The messages of all rules called deny or warn, and of those of packages below."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from messages_in(value)
        elif name.split("_")[0] in ("deny", "warn") and isinstance(value, list):
            yield from (one if isinstance(one, str) else one["msg"] for one in value)


def measure_all(directory, arguments):
    target = build(arguments)
    builds = arguments.planguard or [target / "planguard"]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}\n")
    print(f"{'plan':>6} {'policies':>8} {'of':8} {'program':14} {'wall min':>9} {'median':>9} {'user+sys':>9}"
          f" {'peak MB':>8}  this / planguard: wall, user+sys, peak; findings")
    for megabytes in arguments.megabytes:
        plan = directory / f"{megabytes}.json"
        generate_plan(target, megabytes * 1_000_000, plan)
        for count in arguments.policies:
            for packages in ("one", "each"):
                policies = directory / f"{packages}-{count}"
                if not policies.exists():
                    write_policies(policies, count, packages)
                others = megabytes <= arguments.others_up_to
                measure(plan, policies, packages, count, megabytes, programs(builds, plan, policies, packages, others),
                        arguments.rounds)


def programs(builds, plan, policies, packages, others):
    """Command lines that evaluate the same policies, by name. Built-in guardrails are off."""
    namespaces = ["--all-namespaces"] if packages == "each" else []
    found = {}
    for number, build in enumerate(builds):
        name = "planguard" if number == 0 else f"planguard ({number + 1})"
        found[name] = [build, "check", "--no-builtin", "--format", "json", "-p", policies, *namespaces, plan]
    if others and shutil.which("opa"):
        found["opa"] = ["opa", "eval", "-d", policies, "-i", plan, "data.main"]
    if others and importlib.util.find_spec("opa_bindings"):
        found["opa (binding)"] = [sys.executable, __file__, "--opa-binding", policies, plan]
    if others and shutil.which("conftest"):
        found["conftest"] = ["conftest", "test", "-o", "json", "-p", policies, *namespaces, plan]
    return found


def write_policies(directory, count, packages):
    directory.mkdir()
    for number in range(count):
        package = "main" if packages == "one" else f"main.p{number}"
        (directory / f"policy_{number:03}.rego").write_text(rego_rows.scan(number, package))


def evaluate_with_binding(policies, plan):
    """Runs in a process of its own: OPA's library, as the package opa-golib-python-bindings brings it."""
    from opa_bindings import engine as binding

    engine = binding.OpaEngine()
    for path in sorted(pathlib.Path(policies).glob("*.rego")):
        engine.add_policy(path.name, path.read_text())
    # Past the wrapper, which would parse the plan and write it again.
    text = pathlib.Path(plan).read_bytes()
    answer = engine._call(engine._lib.OpaEvalDocument, b"main", text, 0, 0)
    print(json.dumps(answer["result"]))


def measure(plan, policies, packages, count, megabytes, commands, rounds):
    findings = {name: count_findings(name, command) for name, command in commands.items()}
    runs = {name: [] for name in commands}
    # In turn, so that whatever else the machine does meets all of them alike.
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    reference = [statistics.median(column) for column in zip(*next(iter(runs.values())))]
    for name, own in runs.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*own))
        fastest = min(one[0] for one in own)
        ratios = ", ".join(f"{value / base:.2f}" for value, base in zip((wall, cpu, peak), reference))
        print(f"{megabytes:>4}MB {count:>8} {packages:8} {name:14} {fastest * 1e3:7.0f}ms {wall * 1e3:7.0f}ms"
              f" {cpu * 1e3:7.0f}ms {peak:8.0f}  {ratios}; {findings[name]}", flush=True)


def count_findings(name, command):
    """How many messages a program finds: all of them have to find the same. This also warms up."""
    text = subprocess.run(command, capture_output=True, check=False).stdout
    answer = json.loads(text)
    if name.startswith("planguard"):
        return sum(len(plan["findings"]) for plan in answer["plans"])
    if name == "conftest":
        return sum(len(result.get("failures", [])) for result in answer)
    document = (answer["result"] if name == "opa" else answer)[0]["expressions"][0]["value"]
    packages = [document, *(value for value in document.values() if isinstance(value, dict))]
    return sum(len(package.get("deny", [])) for package in packages)


if __name__ == "__main__":
    main()
