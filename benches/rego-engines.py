#!/usr/bin/env python3
"""Measures many scanning policies on a large plan: planguard beside OPA and conftest, as far as they are there.

Each run is a process of its own, from start to exit. Nothing here passes or fails. See README.md beside this file.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOOKS = [
    ("aws_s3_bucket", "force_destroy", "true"),
    ("aws_kms_key", "enable_key_rotation", "false"),
    ("aws_db_instance", "publicly_accessible", "true"),
    ("azurerm_storage_account", "https_traffic_only_enabled", "false"),
    ("google_compute_instance", "can_ip_forward", "true"),
    ("aws_instance", "monitoring", "false"),
    ("aws_ebs_volume", "encrypted", "false"),
    ("aws_security_group", "revoke_rules_on_delete", "true"),
    ("aws_lambda_function", "publish", "true"),
    ("aws_sqs_queue", "fifo_queue", "true"),
]


def main():
    arguments = parse_arguments()
    if arguments.opa_binding:
        return evaluate_with_binding(*arguments.opa_binding)
    with tempfile.TemporaryDirectory(prefix="planguard-bench-") as directory:
        measure_all(pathlib.Path(directory), arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    parser.add_argument("--planguard", metavar="PROGRAM", action="append", help="measure this build; can be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument("--policies", type=int, nargs="+", default=[100, 500], help="default: 100 500")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100], help="sizes of plans (default: 10 100)")
    parser.add_argument("--others-up-to", type=int, default=10, metavar="MB", help="largest plan for OPA and conftest")
    parser.add_argument("--opa-binding", nargs=2, metavar=("POLICIES", "PLAN"), help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_all(directory, arguments):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    if not arguments.no_build:
        command = ["cargo", "build", "--release", "--locked", "--bins", "--examples"]
        subprocess.run(command, cwd=ROOT, check=True)
    builds = arguments.planguard or [target / "planguard"]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}\n")
    print(f"{'plan':>6} {'policies':>8} {'of':8} {'program':14} {'wall min':>9} {'median':>9} {'user+sys':>9}"
          f" {'peak MB':>8}  this / planguard: wall, user+sys, peak; findings")
    for megabytes in arguments.megabytes:
        plan = directory / f"{megabytes}.json"
        with plan.open("wb") as out:
            generator = target / "examples" / "generate-plan"
            subprocess.run([generator, "--bytes", f"{megabytes}000000"], stdout=out, check=True)
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
    """Writes policies in the usual form: a scan, a test of the type, and what is wrong with a resource."""
    directory.mkdir()
    for number in range(count):
        resource_type, attribute, wrong = LOOKS[number % len(LOOKS)]
        package = "main" if packages == "one" else f"main.p{number}"
        (directory / f"policy_{number:03}.rego").write_text(
            f"package {package}\n\n"
            "deny contains message if {\n"
            "\tsome change in input.resource_changes\n"
            f'\tchange.type == "{resource_type}"\n'
            '\tsome action in change.change.actions\n\taction in ["create", "update"]\n'
            f"\tchange.change.after.{attribute} == {wrong}\n"
            f'\tmessage := sprintf("%s: {attribute} is {wrong} (policy {number})", [change.address])\n'
            "}\n\n"
            "deny contains message if {\n"
            "\tchange := input.resource_changes[_]\n"
            f'\tchange.type == "{resource_type}"\n'
            '\tchange.change.actions[_] == "delete"\n'
            f'\tmessage := sprintf("%s: is deleted (policy {number})", [change.address])\n'
            "}\n"
        )


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


def run(command):
    with open(os.devnull, "r+b") as null:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


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
