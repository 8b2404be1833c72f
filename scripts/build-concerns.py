#!/usr/bin/env python3
"""Writes policies/concerns/PROVIDER.tsv: what scanners look for, and the guardrail that finds it or the reason why none does.

usage: build-concerns.py CHECKS ANSWERS_DIR PLANGUARD

CHECKS is the inventory of checks of all scanners (checks.tsv). ANSWERS_DIR has *.tsv files with LINE, KIND and TEXT: the
line of CHECKS, `rule` or a reason, and the ids of rules or a sentence. PLANGUARD is the program with all rules: an answer
whose rules it does not have is left open, and a row without an answer has that of the rules with its ids.
"""
import csv, json, pathlib, subprocess, sys

COLUMNS = "row provider service types severity pack checkov trivy kics terrascan cis answer text".split()
TOOLS = "checkov trivy kics terrascan".split()
REASONS = ["not-in-plan", "obsolete", "noise", "no-schema", "format", "policy"]
SCHEMAS = ["aws", "azurerm", "google", "kubernetes", "github", "any", "azuread", "cloudflare", "digitalocean", "helm", "vault", "datadog"]
OWN_FILE = ["aws", "azurerm", "google", "kubernetes", "github", "any"]


def split(text):
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


checks, answers_dir, planguard = sys.argv[1:]
listed = json.loads(subprocess.run([planguard, "rules", "--format", "json"], capture_output=True, check=True).stdout)
rules = {rule["id"] for rule in listed}
by_foreign = {}
for rule in listed:
    for tool, ids in rule.get("also", {}).items():
        for foreign in ids:
            by_foreign.setdefault((tool, foreign.lower()), set()).add(rule["id"])

answers = {}
for file in sorted(pathlib.Path(answers_dir).glob("*.tsv")):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or not parts[0].isdigit():
            sys.exit(f"{file}:{number}: LINE, KIND and TEXT are wanted, parted by tabs")
        row, kind, text = (part.strip() for part in parts)
        if kind != "rule" and kind not in REASONS:
            sys.exit(f"{file}:{number}: `{kind}` is neither `rule` nor one of {', '.join(REASONS)}")
        answers[int(row)] = (kind, text)

files = {}
counts = {}
for number, check in enumerate(csv.DictReader(open(checks), delimiter="\t"), 2):
    ids = {tool: split(check[f"{tool}_ids"]) for tool in TOOLS}
    kind, text = answers.get(number, ("open", ""))
    if kind == "rule":
        known = [rule for rule in split(text) if rule in rules]
        kind, text = ("rule", ",".join(known)) if known else ("open", "")
    if kind == "open":
        found = sorted({rule for tool in TOOLS for foreign in ids[tool] for rule in by_foreign.get((tool, foreign.lower()), ())})
        if found:
            kind, text = "rule", ",".join(found)
        elif check["provider"] not in SCHEMAS:
            kind, text = "no-schema", "The schemas of this provider are not part of the project."
    line = [str(number), check["provider"], check["service"], ",".join(split(check["resource_types"])),
            check["consensus_severity"], check["pack"], *(",".join(ids[tool]) for tool in TOOLS), ";".join(part.strip() for part in check["cis"].split(";") if part.strip()),
            kind, text]
    name = check["provider"] if check["provider"] in OWN_FILE else "other"
    files.setdefault(name, []).append("\t".join(" ".join(cell.split()) for cell in line))
    counts[kind] = counts.get(kind, 0) + 1

directory = pathlib.Path(__file__).parent.parent / "policies/concerns"
directory.mkdir(exist_ok=True)
for name, lines in files.items():
    (directory / f"{name}.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n")
print(", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
