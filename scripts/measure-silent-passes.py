#!/usr/bin/env python3
"""Runs Checkov on the inputs of docs/silent-passes.md, and writes its exit codes to fixtures/silent-passes/measured.toml.

    scripts/measure-silent-passes.py [CHECKOV]

CHECKOV is the program, `checkov` by default. Nothing is downloaded. `UPDATE=1 cargo test --test suite silent_passes` renews
the page then.
"""

import os
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "fixtures/silent-passes/table.toml"
MEASURED = ROOT / "fixtures/silent-passes/measured.toml"


def main():
    checkov = sys.argv[1] if len(sys.argv) > 1 else "checkov"
    environment = {**os.environ, "CKV_PARSE_ERROR_FAIL": "", "LOG_LEVEL": "ERROR"}

    def run(*words):
        return subprocess.run([checkov, *words], cwd=ROOT, env=environment, capture_output=True, text=True)

    version = run("--version").stdout.strip()
    groups = tomllib.loads(TABLE.read_text())["group"]
    # Rows with policies are about Rego, which Checkov does not run.
    inputs = sorted({row["input"] for group in groups for row in group["row"] if "arguments" not in row})
    lines = ["# Written by scripts/measure-silent-passes.py: the exit codes of Checkov.", f'version = "{version}"', "", "[codes]"]
    for path in inputs:
        flag = "-d" if (ROOT / path).is_dir() else "-f"
        code = run(flag, path, "--framework", "terraform_plan", "--compact", "--quiet", "--skip-download").returncode
        lines.append(f'"{path}" = {code}')
        print(code, path, flush=True)
    MEASURED.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
