#!/usr/bin/env python3
"""Measures planguard beside other tools on the same plans, and writes docs/benchmarks.md.

    python3 benches/peers.py --checkov PATH --planguard PATH --generate PATH --real PLAN... --write docs/benchmarks.md

The second series replicates real plans, which the repository does not hold: `--real` names them.

Each run is a process from start to exit; the programs alternate. conftest, opa, trivy and terraform-compliance are measured
where they are on the PATH, OPA's library where the Python package `opa-golib-python-bindings` is installed. Nothing here
passes or fails. See README.md beside this file.
"""

import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is left beside the scripts
from measured import run

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The addresses of the copies of a real plan: its root module, as a module call of this name with an index.
COPY = "copy"

# What each policy of the comparison with OPA looks at.
POLICIES = [
    ("aws_s3_bucket", "force_destroy", "true"),
    ("aws_kms_key", "enable_key_rotation", "false"),
    ("aws_db_instance", "publicly_accessible", "true"),
    ("azurerm_storage_account", "https_traffic_only_enabled", "false"),
    ("google_compute_instance", "can_ip_forward", "true"),
]


def main():
    arguments = parse_arguments()
    if arguments.opa_binding:
        return evaluate_with_binding(*arguments.opa_binding)
    with tempfile.TemporaryDirectory(prefix="planguard-bench-") as directory:
        text = measured(pathlib.Path(directory), arguments)
    if arguments.write:
        arguments.write.write_text(text)
    else:
        print(text)


def parse_arguments():
    target = ROOT / "target/release"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planguard", default=target / "planguard", metavar="PROGRAM")
    parser.add_argument("--generate", default=target / "examples/generate-plan", metavar="PROGRAM")
    parser.add_argument("--checkov", default=shutil.which("checkov"), metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument("--megabytes", type=int, nargs="*", default=[1, 10], help="default: 1 10, beside 168 kB")
    parser.add_argument("--real", type=pathlib.Path, nargs="*", default=[], metavar="PLAN",
                        help="real plans in JSON, as they are and replicated to --real-megabytes")
    parser.add_argument("--real-megabytes", type=int, default=10)
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="the page; default: standard output")
    parser.add_argument("--commit", default="", help="the commit of the planguard that is measured")
    parser.add_argument("--opa-binding", nargs=2, metavar=("POLICIES", "PLAN"), help=argparse.SUPPRESS)
    return parser.parse_args()


def built_in(arguments, plan):
    """The programs that bring rules of their own, with the command for a plan."""
    commands = [("planguard", [arguments.planguard, "check", plan])]
    if arguments.checkov:
        words = ["-f", plan, "--framework", "terraform_plan", "--compact", "--quiet", "--skip-download"]
        commands.append(("Checkov", [arguments.checkov, *words]))
    if trivy := shutil.which("trivy"):
        commands.append(("Trivy", [trivy, "config", "--skip-check-update", "--offline-scan", plan]))
    return commands


def with_policies(arguments, plan, policies):
    """The programs that run policies, with the command for a plan."""
    commands = [("planguard", [arguments.planguard, "check", "--no-builtin", "-p", policies, plan])]
    if conftest := shutil.which("conftest"):
        commands.append(("conftest", [conftest, "test", "-p", policies, plan]))
    if opa := shutil.which("opa"):
        commands.append(("OPA", [opa, "eval", "-f", "json", "-d", policies, "-i", plan, "data.main"]))
    if importlib.util.find_spec("opa_bindings"):
        commands.append(("OPA (binding)", [sys.executable, __file__, "--opa-binding", policies, plan]))
    return commands


def measured(directory, arguments):
    sizes = [("168 kB", ["--resources", "55"])]
    sizes += [(f"{size} MB", ["--bytes", f"{size}000000"]) for size in arguments.megabytes]
    plans = []
    for name, wanted in sizes:
        path = directory / f"{name.replace(' ', '-')}.json"
        with path.open("wb") as out:
            subprocess.run([arguments.generate, *wanted], stdout=out, check=True)
        plans.append((name, path))
    real = []
    for number, source in enumerate(arguments.real):
        size = source.stat().st_size
        real.append((f"real {number + 1}, {megabytes(size)}", source.resolve()))
        if size < arguments.real_megabytes * 1_000_000:
            path = directory / f"real-{number + 1}.json"
            times = replicate(source, arguments.real_megabytes * 1_000_000, path)
            real.append((f"real {number + 1} × {times}, {megabytes(path.stat().st_size)}", path))
    policies = directory / "policies"
    write_policies(policies, 100)
    load = os.getloadavg()[0]
    tables = [
        table("Rules that come with the tool", [(name, built_in(arguments, path)) for name, path in plans], arguments),
        table("A hundred policies in Rego", [(name, with_policies(arguments, path, policies)) for name, path in plans],
              arguments),
    ]
    if real:
        tables.append(table("Real plans, and replicated", [(name, built_in(arguments, path)) for name, path in real], arguments))
    return page(arguments, load, tables)


def megabytes(size):
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def replicate(source, wanted, path):
    """Writes a plan of about so many bytes: the resources of a plan again and again, each copy as an instance of a module
    call. The configuration of the copies is the same, as that of `count` is."""
    plan = json.loads(source.read_bytes())
    changes = plan.get("resource_changes", [])
    resources = plan.get("planned_values", {}).get("root_module", {})
    one = len(json.dumps([changes, resources], separators=(",", ":")))
    times = max(1, round((wanted - source.stat().st_size) / max(one, 1)) + 1)
    copies = [f"module.{COPY}[{number}]" for number in range(times)]
    plan["resource_changes"] = [moved(change, copy) for copy in copies for change in changes]
    plan.setdefault("planned_values", {})["root_module"] = {
        "child_modules": [dict(moved(resources, copy), address=copy) for copy in copies]
    }
    configuration = plan.get("configuration", {})
    root = configuration.get("root_module", {})
    call = {"source": "./copy", "count_expression": {"constant_value": times}, "module": root}
    configuration["root_module"] = {"module_calls": {COPY: call}}
    # What the state and drift have is of the objects before they were copied.
    for section in ("prior_state", "resource_drift", "relevant_attributes", "output_changes"):
        plan.pop(section, None)
    path.write_text(json.dumps(plan, separators=(",", ":")))
    return times


def moved(value, module):
    """A resource change or a module of planned values, in a module."""
    inside = dict(value)
    for key in ("address", "module_address", "previous_address"):
        if inside.get(key):
            inside[key] = f"{module}.{inside[key]}"
    if "change" in inside:
        inside.setdefault("module_address", module)
    for key in ("resources", "child_modules"):
        if key in inside:
            inside[key] = [moved(member, module) for member in inside[key]]
    return inside


def write_policies(directory, count):
    directory.mkdir()
    for number in range(count):
        kind, attribute, wrong = POLICIES[number % len(POLICIES)]
        (directory / f"policy_{number:03}.rego").write_text(
            "package main\n\n"
            "deny contains message if {\n"
            "\tsome change in input.resource_changes\n"
            f'\tchange.type == "{kind}"\n'
            f"\tchange.change.after.{attribute} == {wrong}\n"
            f'\tmessage := sprintf("%s: {attribute} is {wrong} (rule {number})", [change.address])\n'
            "}\n"
        )


def table(title, cases, arguments):
    lines = [f"## {title}", "", "| plan | program | wall | user+sys | peak MB | times planguard: wall, user+sys, peak |",
             "|---|---|--:|--:|--:|---|"]
    for name, commands in cases:
        for _, command in commands:
            run(command)
        rounds = [[run(command) for _, command in commands] for _ in range(arguments.rounds)]
        medians = [[statistics.median(values) for values in zip(*runs)] for runs in zip(*rounds)]
        for (program, _), own in zip(commands, medians):
            ratios = ", ".join(f"{mine / max(reference, 1e-6):.0f}" for mine, reference in zip(own, medians[0]))
            shown = "" if own is medians[0] else ratios
            wall, cpu, peak = own
            print(f"{name} {program}: {wall:.3f} s, {cpu:.3f} s, {peak:.0f} MB", flush=True)
            lines.append(f"| {name} | {program} | {seconds(wall)} | {seconds(cpu)} | {peak:.0f} | {shown} |")
    return "\n".join(lines)


def seconds(value):
    return f"{value * 1e3:.0f} ms" if value < 10 else f"{value:.1f} s"


def evaluate_with_binding(policies, plan):
    """OPA's library in a Python process."""
    from opa_bindings import engine as binding

    engine = binding.OpaEngine()
    for file in sorted(pathlib.Path(policies).iterdir()):
        engine.add_policy(str(file), file.read_text())
    engine._call(engine._lib.OpaEvalDocument, b"main", pathlib.Path(plan).read_bytes(), 0, 0)


def version(program, *words):
    answer = subprocess.run([program, *words], capture_output=True, text=True, check=False).stdout.split()
    return answer[-1] if answer else "?"


def page(arguments, load, tables):
    processor = platform.processor() or "unknown processor"
    if (info := pathlib.Path("/proc/cpuinfo")).exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0] if names else processor
    tools = [f"planguard {version(arguments.planguard, '--version')}" + (f" ({arguments.commit})" if arguments.commit else "")]
    if arguments.checkov:
        tools.append(f"Checkov {version(arguments.checkov, '--version')}")
    if importlib.util.find_spec("opa_bindings"):
        tools.append("OPA's library by opa-golib-python-bindings")
    missing = [name for name in ("conftest", "opa", "trivy", "terraform-compliance") if not shutil.which(name)]
    today = datetime.date.today().isoformat()
    return f"""# Benchmarks

planguard beside other tools, on the same plans. `python3 benches/peers.py --write docs/benchmarks.md` writes this page;
`benches/README.md` has more figures of planguard alone, and how the plans are made.

Measured on {today}: {os.cpu_count()} cores ({processor}), {platform.system()} {platform.machine()}, load {load:.1f}, Python {platform.python_version()};
{', '.join(tools)}. Each figure is the median of {arguments.rounds} processes from start to exit, after one run that does not count; the programs
alternate, so that other load meets all of them alike.

{(chr(10) * 2).join(tables)}

## What each tool did

- `planguard check PLAN` reads the whole plan, applies its built-in rules to planned values and to changes, resolves references,
  looks for credentials, replaces sensitive values and writes its text report.
- Checkov (`--framework terraform_plan --compact --quiet`) builds a graph of the planned resources, applies its own checks
  and writes failed checks. Most of its checks have no counterpart in planguard, and the other way round.
- With policies in Rego, each tool loads the same hundred policies and evaluates them on the plan. planguard makes a report of
  findings with addresses and redaction; OPA writes a value, and its library none.

## What these figures are not

- The tools do different work. Checkov has more checks for more kinds of files, and looks at the planned state; planguard looks at
  the change as well. Neither finds what the other does. The time is what a pipeline waits for.
- The generated plans have 20 types of AWS, Azure and Google, in the proportions that `benches/README.md` says. Real plans
  differ; those that were replicated have the same few resources many times, each copy as an instance of a module.
- The machine was shared with other work. CPU time suffers less from that than wall time does.
- `OPA (binding)` is OPA's library in a Python process that starts for each run (about 20 ms), and not `opa eval`.
- The start of Checkov, about the same for every plan, is most of its time on small plans. It is paid in every run.
- Not on this machine, and therefore not measured: {', '.join(missing) or 'nothing'}.
"""


if __name__ == "__main__":
    main()
