"""Corpora of policies with tests for rego-engines.py, in the styles of public libraries. The same corpus is always the same
bytes."""

import json

LOOKS = [
    ("aws_s3_bucket", "force_destroy", True),
    ("aws_kms_key", "enable_key_rotation", False),
    ("aws_db_instance", "publicly_accessible", True),
    ("azurerm_storage_account", "https_traffic_only_enabled", False),
    ("google_compute_instance", "can_ip_forward", True),
    ("aws_instance", "monitoring", False),
    ("aws_ebs_volume", "encrypted", False),
    ("aws_security_group", "revoke_rules_on_delete", True),
]


def change(resource_type, name, after, actions=("create",)):
    return {
        "address": f"{resource_type}.{name}", "mode": "managed", "type": resource_type, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": list(actions), "before": None, "after": after, "after_unknown": {"id": True}},
    }


def written(value):
    """A value with a line for each of its members, as authors copy it from a plan."""
    return json.dumps(value, indent=1)


LIBRARY = """package lib.tfplan

import rego.v1

resources(type) := [resource |
\tsome resource in input.resource_changes
\tresource.type == type
\tis_create_or_update(resource.change.actions)
]

is_create_or_update(actions) if "create" in actions

is_create_or_update(actions) if "update" in actions

has_key(object, key) if _ = object[key]

message(resource, text) := sprintf("%s: %s", [resource.address, text])
"""


def small_tests():
    """A package for each rule, a library of helpers, and six tests for each rule, with the input written out."""
    files = {"lib/tfplan.rego": LIBRARY}
    for number in range(120):
        resource_type, attribute, wrong = LOOKS[number % len(LOOKS)]
        name = f"rule_{number:03}"
        files[f"{name}.rego"] = f"""package rules.{name}

import data.lib.tfplan
import rego.v1

is_wrong(resource) if resource.change.after.{attribute} == {json.dumps(wrong)}

is_wrong(resource) if not tfplan.has_key(resource.change.after, "{attribute}")

deny contains message if {{
\tsome resource in tfplan.resources("{resource_type}")
\tis_wrong(resource)
\tmessage := tfplan.message(resource, "{attribute} is wrong (R{number:03})")
}}
"""
        tests = [f"package rules.{name}_test\n\nimport data.rules.{name}\nimport rego.v1\n"]
        for case in range(6):
            after = {"name": f"x{case}", attribute: wrong if case % 2 else not wrong, "tags": {"team": "a"}}
            if case == 4:
                del after[attribute]
            plan = {"format_version": "1.2", "resource_changes": [
                change(resource_type, f"r{case}", after), change("aws_iam_role", "other", {"name": "r"}),
                change(resource_type, "gone", None, ("delete",)),
            ]}
            count = 1 if case in (1, 3, 4, 5) else 0
            tests.append(f"test_case_{case} if {{\n\tcount({name}.deny) == {count} with input as {written(plan)}\n}}\n")
        files[f"{name}_test.rego"] = "\n".join(tests)
    return files


def fixtures():
    """Plans of sixty resources as rules, and policies with helper rules that several tests evaluate on them."""
    files = {}
    for number in range(30):
        resource_type, attribute, wrong = LOOKS[number % len(LOOKS)]
        changes = [
            change(LOOKS[at % len(LOOKS)][0], f"r{at}", {
                "name": f"n{at}", LOOKS[at % len(LOOKS)][1]: at % 3 == 0, "tags": {"team": "x", "Name": f"n{at}"},
                "ingress": [{"from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
            })
            for at in range(60)
        ]
        plan = written({"resource_changes": changes})
        files[f"fixture_{number:02}.rego"] = f"package fixtures.f{number:02}\n\nimport rego.v1\n\nplan := {plan}\n"
        files[f"topic_{number:02}.rego"] = f"""package topics.t{number:02}

import rego.v1

changes := [change | some change in input.resource_changes; "create" in change.change.actions]

by_type[type] contains change if {{
\tsome change in changes
\ttype := change.type
}}

open_ports contains port if {{
\tsome change in changes
\tsome rule in change.change.after.ingress
\t"0.0.0.0/0" in rule.cidr_blocks
\tsome port in numbers.range(rule.from_port, rule.to_port)
}}

deny contains message if {{
\tsome change in by_type["{resource_type}"]
\tchange.change.after.{attribute} == {json.dumps(wrong)}
\tmessage := sprintf("%s: {attribute}", [change.address])
}}

deny contains message if {{
\tsome change in changes
\tnot change.change.after.tags.owner
\tmessage := sprintf("%s: no owner", [change.address])
}}

deny contains message if {{
\tsome port in open_ports
\tport in {{22, 3389}}
\tmessage := sprintf("port %d is open", [port])
}}
"""
        tests = [
            f"package topics.t{number:02}_test\n\nimport data.fixtures.f{number:02} as fixture\n"
            f"import data.topics.t{number:02} as topic\nimport rego.v1\n"
        ]
        for case in range(10):
            tests.append([
                f"test_ports_{case} if topic.open_ports == {{22}} with input as fixture.plan\n",
                f"test_owner_{case} if {{\n\tresults := topic.deny with input as fixture.plan\n"
                "\tcount({result | some result in results; endswith(result, \"no owner\")}) == 60\n}\n",
                f"test_types_{case} if count(topic.by_type) == 8 with input as fixture.plan\n",
                f"test_nothing_{case} if count(topic.deny) == 0 with input as {{\"resource_changes\": []}}\n",
                f"test_patched_{case} if {{\n\tpatched := json.patch(fixture.plan, [{{\"op\": \"remove\", "
                f"\"path\": \"/resource_changes/{case}\"}}])\n\tresults := topic.deny with input as patched\n"
                "\tcount(results) > 0\n}\n",
            ][case % 5])
        files[f"topic_{number:02}_test.rego"] = "\n".join(tests)
    return files


def data_driven():
    """Functions that search documents of hundreds of entries, and tests that replace parameters in `data`."""
    tables = {
        "prices": {f"t3.{at}": at for at in range(400)},
        "teams": [{"name": f"team{at}", "accounts": [f"{at:012}"], "cidr": f"10.{at % 256}.0.0/16"} for at in range(300)],
    }
    files = {"tables/data.json": json.dumps(tables)}
    for number in range(60):
        package = f"package limits.l{number:02}\n\nimport rego.v1\n"
        files[f"limits_{number:02}.rego"] = package + """
default max_price := 100

max_price := data.parameters.max_price

team_of(account) := team.name if {
\tsome team in data.tables.teams
\taccount in team.accounts
}

price(change) := data.tables.prices[change.change.after.instance_type]

total := sum([price(change) | some change in input.resource_changes])

allowed(address) if {
\tsome team in data.tables.teams
\tnet.cidr_contains(team.cidr, address)
}

deny contains sprintf("costs %v", [total]) if total > max_price

deny contains message if {
\tsome change in input.resource_changes
\tnot allowed(change.change.after.private_ip)
\tmessage := sprintf("%s is outside", [change.address])
}

deny contains "no team" if not team_of(input.account)
"""
        tests = [package + """
plan(type, ip) := {"account": "000000000007", "resource_changes": [{
\t"address": "a.b",
\t"type": "aws_instance",
\t"change": {"actions": ["create"], "after": {"instance_type": type, "private_ip": ip}},
}]}
"""]
        for case in range(12):
            tests.append([
                f"test_price_{case} if total == {case + 3} with input as plan(\"t3.{case + 3}\", \"10.1.2.3\")\n",
                f"test_deny_{case} if count(deny) == 1 with input as plan(\"t3.{200 + case}\", \"10.1.2.3\")\n",
                f"test_parameters_{case} if {{\n\tdeny == set() with input as plan(\"t3.{200 + case}\", \"10.1.2.3\")"
                " with data.parameters.max_price as 1000\n}\n",
                f"test_team_{case} if team_of(\"{case:012}\") == \"team{case}\"\n",
            ][case % 4])
        files[f"limits_{number:02}_test.rego"] = "\n".join(tests)
    return files


CORPORA = {"small tests": small_tests, "fixtures": fixtures, "data-driven": data_driven}


def write(files, directory):
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
