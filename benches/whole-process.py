#!/usr/bin/env python3
"""Measures planguard as its user starts it, against a program that only parses the same file.

Nothing here passes or fails: the figures are printed for people to read. See README.md beside this file.
"""

import argparse
import functools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

sys.dont_write_bytecode = True  # nothing is left beside the scripts
from measured import Run, run

ROOT = pathlib.Path(__file__).resolve().parent.parent
YARDSTICKS = ("yardstick", "yardstick-mimalloc", "sonic-tree", "sonic-skip")


class Program(NamedTuple):
    """A command line under a short name."""

    name: str
    command: list


def main():
    arguments = parse_arguments()
    programs = build(arguments)
    with tempfile.TemporaryDirectory(prefix="planguard-bench-") as directory:
        measure_all(pathlib.Path(directory), programs, arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    parser.add_argument("--rounds", type=int, default=31, help="runs of each small case (default: 31)")
    parser.add_argument("--large-rounds", type=int, default=7, help="runs of each case from 10 MB on (default: 7)")
    parser.add_argument("--largest", type=int, default=100, metavar="MB", help="leave out larger plans (default: 100)")
    return parser.parse_args()


def build(arguments):
    if not arguments.no_build:
        command = ["cargo", "build", "--release", "--locked", "--bins", "--examples"]
        subprocess.run(command, cwd=ROOT, check=True)
        # A workspace of its own: nothing else of planguard depends on it.
        command = ["cargo", "build", "--release", "--manifest-path", "benches/sonic/Cargo.toml"]
        command += ["--target-dir", "target"]
        subprocess.run(command, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    return {
        "planguard": target / "planguard",
        "generate": target / "examples" / "generate-plan",
        "yardstick": target / "examples" / "yardstick",
        "yardstick-mimalloc": target / "examples" / "yardstick-mimalloc",
        "sonic-tree": target / "sonic-tree",
        "sonic-skip": target / "sonic-skip",
    }


def measure_all(directory, programs, arguments):
    def planguard(*words):
        return Program("planguard", [programs["planguard"], *words])

    # A process inherits the peak of the one that starts it: lower ones than Python's own cannot be seen.
    floor = run([shutil.which("true")]).peak * 1.05
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}\n")
    heading()
    measure = functools.partial(measure_case, floor)
    rounds = arguments.rounds
    measure("start-up", [planguard("--version"), Program("/bin/true", [shutil.which("true")])], rounds)
    measure("list of rules", [planguard("rules")], rounds)

    sizes = [("160 kB", ["--resources", "55"]), ("1 MB", ["--bytes", "1000000"])]
    sizes += [(f"{megabytes} MB", ["--bytes", f"{megabytes}000000"]) for megabytes in (10, 100)]
    plans = {}
    for size, wanted in sizes:
        megabytes = int(size.split()[0]) if size.endswith("MB") else 0
        if megabytes > arguments.largest:
            continue
        plan = directory / f"{size.replace(' ', '-')}.json"
        generate(programs, wanted, plan)
        plans[size] = plan
        yardsticks = [Program(name, [programs[name], plan]) for name in YARDSTICKS]
        case = f"{size} ({plan.stat().st_size:,} bytes)"
        runs = arguments.large_rounds if megabytes >= 10 else rounds
        measure(case, [planguard("check", plan), *yardsticks], runs)

    for count in (1, 100):
        policies = directory / f"policies-{count}"
        write_policies(policies, count)
        for size in ("160 kB", "10 MB"):
            if size in plans:
                with_policies = planguard("check", "--policy", policies, plans[size])
                runs = rounds if size == "160 kB" else arguments.large_rounds
                measure(f"{size}, Rego policies: {count}", [with_policies, planguard("check", plans[size])], runs)

    many = directory / "many"
    many.mkdir()
    for seed in range(64):
        generate(programs, ["--resources", "55", "--seed", str(seed)], many / f"{seed:02}.json")
    measure("64 plans of 160 kB", [planguard("check", many)], rounds)


def generate(programs, wanted, path):
    with path.open("wb") as out:
        subprocess.run([programs["generate"], *wanted], stdout=out, check=True)


def write_policies(directory, count):
    """Writes small policies as teams have them: each looks at one attribute of one resource type."""
    looks = [
        ("aws_s3_bucket", "force_destroy", "true"),
        ("aws_kms_key", "enable_key_rotation", "false"),
        ("aws_db_instance", "publicly_accessible", "true"),
        ("azurerm_storage_account", "https_traffic_only_enabled", "false"),
        ("google_compute_instance", "can_ip_forward", "true"),
    ]
    directory.mkdir()
    for number in range(count):
        resource_type, attribute, wrong = looks[number % len(looks)]
        (directory / f"policy_{number:03}.rego").write_text(
            "package main\n\n"
            f"changed_{number} contains change if {{\n"
            "\tsome change in input.resource_changes\n"
            f'\tchange.type == "{resource_type}"\n'
            '\tsome action in change.change.actions\n\taction in ["create", "update"]\n'
            "}\n\n"
            "deny contains message if {\n"
            f"\tsome change in changed_{number}\n"
            f"\tchange.change.after.{attribute} == {wrong}\n"
            f'\tmessage := sprintf("%s: {attribute} is {wrong} (rule {number})", [change.address])\n'
            "}\n"
        )


def measure_case(floor, case, programs, rounds):
    """Runs the programs in turn, so that whatever else the machine does meets all of them alike."""
    for program in programs:
        run(program.command)
    runs = [[run(program.command) for program in programs] for _ in range(rounds)]
    by_program = list(zip(*runs))
    for position, program in enumerate(programs):
        reference = by_program[0] if position > 0 else None
        print_row(case if position == 0 else "", program.name, by_program[position], reference, floor)


def median(runs, field):
    return statistics.median(getattr(one, field) for one in runs)


def heading():
    columns = f"{'case':32} {'program':20} {'wall min':>10} {'median':>10} {'user+sys':>10} {'peak MB':>8}"
    print(f"{columns}  planguard / this: wall, user+sys, peak")


def print_row(case, name, runs, reference, floor):
    fastest = min(one.wall for one in runs)
    peak = median(runs, "peak")
    columns = f"{case:32} {name:20} {fastest * 1e3:8.2f}ms {median(runs, 'wall') * 1e3:8.2f}ms"
    columns += f" {median(runs, 'cpu') * 1e3:8.2f}ms {f'<{floor:.0f}' if peak < floor else f'{peak:.1f}':>8}"
    if reference:
        fields = Run._fields if min(peak, median(reference, "peak")) >= floor else ("wall", "cpu")
        ratios = [median(reference, field) / max(median(runs, field), 1e-6) for field in fields]
        columns += "  " + ", ".join(f"{ratio:.2f}x" for ratio in ratios)
    print(columns, flush=True)


if __name__ == "__main__":
    main()
