"""Policies for rego-engines.py: one directory of policies for each row of its table. The same row is always the same bytes."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "policies" / "rego" / "lib"
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
TYPES = ["aws_instance", "aws_s3_bucket", "aws_iam_role", "aws_kms_key", "aws_lambda_function", "google_storage_bucket"]


class Row:
    """One row: a name, the size of the plan in bytes, and what to evaluate on it."""

    def __init__(self, name, plan_bytes, policies=None, needs_library=False, pack=None, parameters=None):
        self.name, self.plan_bytes = name, plan_bytes
        self.policies, self.needs_library = policies or {}, needs_library
        self.pack, self.parameters = pack, parameters

    def write(self, directory):
        """Writes the policies, or the parameters of a pack. Returns planguard's arguments."""
        directory.mkdir()
        if self.pack:
            parameters = directory / "parameters.json"
            parameters.write_text(json.dumps({self.pack: self.parameters}))
            return ["--pack", self.pack, "--params", parameters]
        policies = directory / "policies"
        policies.mkdir()
        for name, text in self.policies.items():
            (policies / name).write_text(text)
        return ["-p", policies, "--all-namespaces"]

    def sources(self, directory):
        """What OPA loads: the files of policies, and data. planguard brings its library and packs itself."""
        files = sorted((directory / "policies").glob("*.rego"))
        if self.pack:
            files.append(ROOT / "policies" / "rego" / self.pack / "policy.rego")
        if self.pack or self.needs_library:
            files += [path for path in sorted(LIBRARY.glob("*.rego")) if not path.name.endswith("_test.rego")]
        data = {"planguard": {"params": {self.pack: self.parameters}}} if self.pack else {}
        return files, data

    def package(self):
        """The package whose results count, with all packages below it."""
        return f"planguard.packs.{self.pack.replace('-', '_')}" if self.pack else "main"


def scan(number, package="main"):
    """A policy of the usual form: a scan, a test of the type, and what is wrong with a resource."""
    resource_type, attribute, wrong = LOOKS[number % len(LOOKS)]
    return (
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


def messages(number):
    """A policy that finds most resources of a type."""
    return (
        "package main\n\n"
        "deny contains message if {\n"
        "\tsome change in input.resource_changes\n"
        f'\tchange.type == "{TYPES[number % len(TYPES)]}"\n'
        '\tchange.change.actions[0] != "create"\n'
        f'\tmessage := sprintf("%s is not new (policy {number})", [change.address])\n'
        "}\n"
    )


def tags(number):
    """A policy on the tags of resources of all types."""
    return (
        "package main\n\n"
        "deny contains message if {\n"
        "\tsome change in input.resource_changes\n"
        "\tchange.change.after.tags\n"
        f"\tnot change.change.after.tags.Key{number % 10}\n"
        '\tchange.change.actions == ["delete", "create"]\n'
        f'\tmessage := sprintf("%s has no tag (policy {number})", [change.address])\n'
        "}\n"
    )


def walks(number):
    """A policy that searches the whole plan."""
    _, attribute, wrong = LOOKS[number % len(LOOKS)]
    return (
        f"package main.walks{number}\n\n"
        "deny contains message if {\n"
        "\twalk(input, [path, value])\n"
        f'\tpath[count(path) - 1] == "{attribute}"\n'
        f"\tvalue == {wrong}\n"
        f'\tmessage := sprintf("%v is {wrong}", [path])\n'
        "}\n"
    )


def chains(number):
    """A policy that guards each step with `object.get`."""
    _, attribute, wrong = LOOKS[number % len(LOOKS)]
    return (
        f"package main.chains{number}\n\n"
        "deny contains message if {\n"
        "\tsome change in input.resource_changes\n"
        '\tafter := object.get(object.get(change, "change", {}), "after", {})\n'
        "\tafter != null\n"
        f'\tobject.get(object.get(after, "defaults", after), "{attribute}", null) == {wrong}\n'
        f'\tmessage := sprintf("%s: {attribute} is {wrong}", [change.address])\n'
        "}\n"
    )


def helpers(number):
    """A policy with functions of its own."""
    _, attribute, wrong = LOOKS[number % len(LOOKS)]
    return (
        f"package main.helpers{number}\n\n"
        "is_managed(change) if change.mode == \"managed\"\n\n"
        "is_changed(change) if {\n"
        "\tsome action in change.change.actions\n"
        '\taction in ["create", "update"]\n'
        "}\n\n"
        "after(change) := change.change.after\n\n"
        "deny contains message if {\n"
        "\tsome change in input.resource_changes\n"
        "\tis_managed(change)\n"
        "\tis_changed(change)\n"
        f"\tafter(change).{attribute} == {wrong}\n"
        f'\tmessage := sprintf("%s: {attribute} is {wrong}", [change.address])\n'
        "}\n"
    )


def library(number):
    """A policy that uses planguard's library."""
    _, attribute, wrong = LOOKS[number % len(LOOKS)]
    return (
        f"package main.library{number}\n\n"
        "import data.planguard.lib.changes\n"
        "import data.planguard.lib.findings\n\n"
        'deny contains findings.about(change, "medium", "is wrong") if {\n'
        "\tsome change in changes.resulting\n"
        "\tchanges.is_touched(change)\n"
        f'\tchanges.attribute(change, ["{attribute}"], null) == {wrong}\n'
        "}\n"
    )


def join(number):
    """A policy that looks for what belongs together, by a name: a comprehension for each resource."""
    return (
        f"package main.join{number}\n\n"
        "deny contains message if {\n"
        "\tsome change in input.resource_changes\n"
        "\tname := change.address\n"
        "\tsame := [other.type |\n"
        "\t\tsome other in input.resource_changes\n"
        "\t\tother.address == name\n"
        "\t]\n"
        f"\tcount(same) > {number % 2}\n"
        '\tchange.type == "aws_kms_key"\n'
        '\tmessage := sprintf("%s has %v", [change.address, same])\n'
        "}\n"
    )


def files(policy, count):
    return {f"policy_{number:03}.rego": policy(number) for number in range(count)}


MB = 1_000_000
TAGS = {"Name": {}, "team": {"types": ["aws_*"]}, "Team": {"optional": True, "values": ["platform", "data", "web"]}}
ROWS = [
    Row("scans ×500", 168_000, files(scan, 500)),
    Row("scans ×500", MB, files(scan, 500)),
    Row("many findings ×500", 10 * MB, files(messages, 500)),
    Row("tags on all types ×100", 10 * MB, files(tags, 100)),
    Row("tags on all types ×500", 10 * MB, files(tags, 500)),
    Row("walk(input) ×10", MB, files(walks, 10)),
    Row("object.get chains ×100", 10 * MB, files(chains, 100)),
    Row("helper functions ×100", 10 * MB, files(helpers, 100)),
    Row("library calls ×100", 10 * MB, files(library, 100), needs_library=True),
    Row("join by key ×2", 10 * MB, files(join, 2)),
    Row("pack required-tags", 10 * MB, pack="required-tags", parameters={"tags": TAGS}),
    Row("pack naming", 10 * MB, pack="naming", parameters={
        "patterns": {"aws_*": "[a-z][a-z0-9-]*", "google_storage_bucket": "[a-z0-9-]+-(dev|prod)"},
        "labels": "[a-z][a-z0-9_]{0,20}", "modules": "[a-z][a-z0-9_]*",
    }),
    Row("pack module-sources", 10 * MB, pack="module-sources", parameters={"allowed": ["app.terraform.io/*", "git::*"]}),
]
