#!/usr/bin/env python3
"""Writes a made-up plan for the tests of the HTML page: python3 plan.py RESOURCES > plan.json

Modules that depend on each other, every action, drift, an output, a sensitive value, and some findings. The same for the same
number.
"""

import json
import sys

# Type, attributes of an object before and after an update, and what its block refers to.
KINDS = [
    ("aws_s3_bucket", {"bucket": "data-{n}", "force_destroy": False, "tags": {"team": "core"}}, {"tags": {"team": "platform"}}),
    ("aws_instance", {"ami": "ami-0a1b2c3d", "instance_type": "t3.small", "subnet_id": "subnet-{n}", "ebs_optimized": False}, {"instance_type": "t3.large"}),
    ("aws_db_instance", {"identifier": "db-{n}", "engine": "postgres", "engine_version": "15.4", "instance_class": "db.t4g.medium", "storage_encrypted": True, "publicly_accessible": False, "password": "correct-horse-{n}"}, {"instance_class": "db.t4g.large"}),
    ("aws_security_group_rule", {"type": "ingress", "from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"], "security_group_id": "sg-{n}"}, {"cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22}),
    ("aws_iam_role_policy", {"name": "policy-{n}", "role": "role-{n}", "policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::data/*"}]})}, {"policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/*"}]})}),
    ("aws_sqs_queue", {"name": "queue-{n}", "sqs_managed_sse_enabled": True, "message_retention_seconds": 345600}, {"message_retention_seconds": 60}),
    ("aws_lambda_function", {"function_name": "worker-{n}", "handler": "main.handler", "runtime": "python3.11", "memory_size": 256}, {"runtime": "python3.12", "memory_size": 512}),
    ("aws_cloudwatch_log_group", {"name": "/app/{n}", "retention_in_days": 90}, {"retention_in_days": 30}),
]
# What each module depends on.
MODULES = {
    "network": [], "dns": ["network"], "security": ["network"], "data": ["network", "security"], "cache": ["network", "security"],
    "queue": ["security"], "api": ["data", "cache", "queue", "dns"], "workers": ["data", "queue"], "frontend": ["api", "dns"],
    "monitoring": ["api", "workers"], "backup": ["data"], "batch": ["data", "queue"],
}


def action_of(number):
    """Mostly nothing and creations, and few of what takes something away."""
    step = number % 50
    if step < 1:
        return ["delete"]
    if step < 3:
        return ["delete", "create"]
    if step < 10:
        return ["update"]
    return ["create"] if step < 30 else ["no-op"]


def filled(value, number):
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {key: filled(member, number) for key, member in value.items()}
    return value


def change_of(number, actions):
    kind, attributes, changed = KINDS[number % len(KINDS)]
    before = filled({"tags": {"team": "core"}, **attributes}, number)
    after = {**before, **filled(changed, number)}
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}
    for side in ("before_sensitive", "after_sensitive"):
        if "password" in before:
            change[side] = {"password": True}
    if actions == ["create"]:
        change.update(before=None, after=before, after_unknown={"id": True, "arn": True}, before_sensitive=False)
    elif actions == ["delete"]:
        change.update(after=None, after_sensitive=False)
    elif actions == ["no-op"]:
        change["after"] = before
    elif "create" in actions:
        change.update(after_unknown={"id": True, "arn": True}, replace_paths=[[next(iter(changed))]])
    return kind, change


def plan(resources):
    modules = list(MODULES)[: max(3, min(len(MODULES), resources // 6))]
    changes, blocks = [], {module: {} for module in modules}
    for number in range(resources):
        module = modules[number % len(modules)]
        actions = action_of((number * 7) % 50)
        kind, change = change_of(number, actions)
        name = f"r{number % 9}"
        blocks[module].setdefault((kind, name), None)
        index = f"item-{number}"
        resource = {
            "address": f'module.{module}.{kind}.{name}["{index}"]', "module_address": f"module.{module}", "mode": "managed",
            "type": kind, "name": name, "index": index, "provider_name": "registry.terraform.io/hashicorp/aws", "change": change,
        }
        if actions == ["delete"]:
            resource["action_reason"] = "delete_because_each_key"
        elif "create" in actions and len(actions) > 1:
            resource["action_reason"] = "replace_because_cannot_update"
        changes.append(resource)
    calls = {}
    for module in modules:
        needs = [need for need in MODULES[module] if need in modules]
        of_module = [
            {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name,
             "expressions": {"tags": {"references": [f"var.{need}" for need in needs]}}, "for_each_expression": {"references": ["var.items"]}}
            for kind, name in blocks[module]
        ]
        first = of_module[0]["address"] if of_module else None
        calls[module] = {
            "source": f"./modules/{module}",
            "expressions": {need: {"references": [f"module.{need}.id", f"module.{need}"]} for need in needs},
            "module": {
                "resources": of_module,
                "outputs": {"id": {"expression": {"references": [f"{first}.id", first] if first else []}}},
                "variables": {need: {} for need in [*needs, "items"]},
            },
        }
    drifted = [change for change in changes if change["type"] == "aws_security_group_rule" and change["change"]["before"]][:2]
    drift = [
        {**{key: resource[key] for key in ("address", "module_address", "mode", "type", "name", "index", "provider_name")},
         "change": {"actions": ["update"], "before": resource["change"]["before"],
                    "after": {**resource["change"]["before"], "cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22},
                    "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}}
        for resource in drifted
    ]
    return {
        "format_version": "1.2", "terraform_version": "1.11.4", "variables": {}, "planned_values": {"root_module": {}},
        "resource_changes": changes, "resource_drift": drift,
        "output_changes": {"endpoint": {"actions": ["update"], "before": "https://a.example", "after": "https://b.example",
                                        "after_unknown": False, "before_sensitive": False, "after_sensitive": False}},
        "configuration": {"provider_config": {"aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws"}},
                          "root_module": {"module_calls": calls}},
        "timestamp": "2026-03-05T07:30:00Z", "applyable": True, "complete": True, "errored": False,
    }


if __name__ == "__main__":
    json.dump(plan(int(sys.argv[1])), sys.stdout)
