/// Name, policy, and what a reader expects.
const CORPUS: &[(&str, &str, &[&str])] = &[
    // Positive comparisons.
    ("equality", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("membership", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl in {"public-read", "public-read-write"}
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("inequality", r#"deny contains {"msg": "not private", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl != "private"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("negated equality", r#"deny contains {"msg": "not private", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        not rc.change.after.acl == "private"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("truth", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_db_instance"
        rc.change.after.publicly_accessible
    }"#, &["? aws_db_instance.later publicly_accessible"]),
    ("equal to true", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_db_instance"
        rc.change.after.publicly_accessible == true
    }"#, &["? aws_db_instance.later publicly_accessible"]),
    ("negated truth", r#"deny contains {"msg": "not encrypted", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_sqs_queue"
        not rc.change.after.sqs_managed_sse_enabled
    }"#, &["? aws_sqs_queue.later sqs_managed_sse_enabled"]),
    ("another condition fails for certain", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_db_instance"
        rc.change.after.publicly_accessible
        rc.change.after.storage_encrypted == false
    }"#, &[]),
    ("another condition fails for certain, in the other order", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_db_instance"
        rc.change.after.storage_encrypted == false
        rc.change.after.publicly_accessible
    }"#, &[]),
    ("nothing unknown is read", r#"deny contains {"msg": "small", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        rc.change.after.instance_type == "t3.micro"
    }"#, &["! aws_instance.all_tags_later", "! aws_instance.later"]),
    // What the provider fills in.
    ("a key that nobody sets", r#"deny contains {"msg": "default key", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        not rc.change.after.kms_key_id
    }"#, &["! aws_ebs_volume.default_key", "! aws_ebs_volume.plain", "? aws_ebs_volume.later_key kms_key_id"]),
    ("a key that nobody sets, by object.get", r#"deny contains {"msg": "default key", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        object.get(rc.change.after, "kms_key_id", "") == ""
    }"#, &["! aws_ebs_volume.default_key", "! aws_ebs_volume.plain", "? aws_ebs_volume.later_key kms_key_id"]),
    ("encryption that nobody sets", r#"deny contains {"msg": "not encrypted", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        not rc.change.after.encrypted
    }"#, &["! aws_ebs_volume.plain"]),
    ("encryption that is off", r#"deny contains {"msg": "not encrypted", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        rc.change.after.encrypted == false
    }"#, &["? aws_ebs_volume.plain encrypted"]),
    ("a block that nobody sets", r#"deny contains {"msg": "not encrypted", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        some device in rc.change.after.ebs_block_device
        not device.encrypted
    }"#, &[]),
    ("a zone that the provider chooses", r#"deny contains {"msg": "wrong zone", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_db_instance"
        rc.change.after.availability_zone == "eu-central-1b"
    }"#, &["? aws_db_instance.later availability_zone"]),
    // Helpers.
    ("a helper function", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        is_public(rc)
    }
    is_public(rc) if {
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }
    is_public(rc) if {
        rc.type == "aws_db_instance"
        rc.change.after.publicly_accessible
    }"#, &["! aws_s3_bucket_acl.public", "? aws_db_instance.later publicly_accessible", "? aws_s3_bucket_acl.later acl"]),
    ("a negated helper", r#"deny contains {"msg": "no TLS", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_policy"
        not refuses_http(rc)
    }
    refuses_http(rc) if {
        some s in json.unmarshal(rc.change.after.policy).Statement
        s.Effect == "Deny"
        s.Condition.Bool["aws:SecureTransport"] == "false"
    }"#, &["? aws_s3_bucket_policy.later policy"]),
    ("a helper with a value", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        acl(rc) == "public-read"
    }
    acl(rc) := rc.change.after.acl"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a helper with else", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        level(rc.change.after) == "bad"
    }
    level(after) := "good" if {
        after.acl == "private"
    } else := "bad""#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a helper with a default", r#"deny contains {"msg": "not private", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        not private(rc)
    }
    default private(_) := false
    private(rc) if rc.change.after.acl == "private""#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a helper that passes the object on", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        bad(rc.type, rc.change.after)
    }
    bad("aws_s3_bucket_acl", after) if after.acl == "public-read"
    bad("aws_db_instance", after) if after.publicly_accessible == true"#,
        &["! aws_s3_bucket_acl.public", "? aws_db_instance.later publicly_accessible", "? aws_s3_bucket_acl.later acl"]),
    ("a set of resources", r#"acls contains rc if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
    }
    public contains rc if {
        some rc in acls
        rc.change.after.acl == "public-read"
    }
    deny contains {"msg": "public", "address": rc.address} if some rc in public"#,
        &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("the size of a set of resources", r#"public contains rc.address if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }
    deny contains "two are public" if count(public) == 2"#, &["? aws_s3_bucket_acl.later acl"]),
    ("an array of resources", r#"deny contains {"msg": "public", "address": bad[_]} if {
        bad := [rc.address |
            some rc in input.resource_changes
            rc.type == "aws_s3_bucket_acl"
            rc.change.after.acl == "public-read"
        ]
        count(bad) > 0
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a map of resources", r#"levels[rc.address] := rc.change.after.acl if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
    }
    deny contains {"msg": "public", "address": address} if {
        some address, acl in levels
        acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    // Lists and blocks.
    ("an element of a list", r#"deny contains {"msg": "open", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        some rule in rc.change.after.ingress
        some cidr in rule.cidr_blocks
        cidr == "0.0.0.0/0"
    }"#, &["? aws_security_group.dynamic ingress[0].cidr_blocks", "? aws_security_group.later ingress[0].cidr_blocks", "? aws_security_group.open ingress[0].cidr_blocks"]),
    ("membership in a list", r#"deny contains {"msg": "open", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        "0.0.0.0/0" in rc.change.after.ingress[_].cidr_blocks
    }"#, &["? aws_security_group.dynamic ingress[0].cidr_blocks", "? aws_security_group.later ingress[0].cidr_blocks", "? aws_security_group.open ingress[0].cidr_blocks"]),
    ("every element of a list", r#"deny contains {"msg": "not internal", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        some rule in rc.change.after.ingress
        not internal(rule)
    }
    internal(rule) if {
        every cidr in rule.cidr_blocks { startswith(cidr, "10.") }
    }"#, &["? aws_security_group.dynamic ingress[0].cidr_blocks", "? aws_security_group.later ingress[0].cidr_blocks", "? aws_security_group.open ingress[0].cidr_blocks"]),
    ("an old search", r#"package main
    deny[{"msg": "open", "address": rc.address}] {
        rc := input.resource_changes[_]
        rc.type == "aws_security_group"
        rc.change.after.ingress[i].cidr_blocks[_] == "0.0.0.0/0"
        rc.change.after.ingress[i].from_port <= 22
    }"#, &["? aws_security_group.dynamic ingress[0].cidr_blocks", "? aws_security_group.later ingress[0].cidr_blocks", "? aws_security_group.open ingress[0].cidr_blocks"]),
    ("a port that is known", r#"deny contains {"msg": "ssh", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        some rule in rc.change.after.ingress
        rule.from_port <= 22
        rule.to_port >= 22
    }"#, &["! aws_security_group.dynamic", "! aws_security_group.later", "! aws_security_group.open"]),
    ("a port that is known and does not match", r#"deny contains {"msg": "http", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        some rule in rc.change.after.ingress
        rule.from_port == 80
        "0.0.0.0/0" in rule.cidr_blocks
    }"#, &[]),
    ("a network function", r#"deny contains {"msg": "open", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        some rule in rc.change.after.ingress
        some cidr in rule.cidr_blocks
        not net.cidr_contains("10.0.0.0/8", cidr)
    }"#, &["? aws_security_group.dynamic ingress[0].cidr_blocks", "? aws_security_group.later ingress[0].cidr_blocks", "? aws_security_group.open ingress[0].cidr_blocks"]),
    ("the number of blocks", r#"deny contains {"msg": "no rule", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        count(rc.change.after.ingress) == 0
    }"#, &[]),
    // Tags.
    ("a tag that is unknown", r#"deny contains {"msg": "wrong owner", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        rc.change.after.tags.Owner != "me"
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("a tag that is missing", r#"deny contains {"msg": "no owner", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        not rc.change.after.tags.Owner
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("keys of tags", r#"required := {"Owner", "Team"}
    deny contains {"msg": sprintf("lacks %v", [missing]), "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        missing := required - object.keys(rc.change.after.tags)
        count(missing) > 0
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("keys of tags by search", r#"required := {"Owner", "Team"}
    deny contains {"msg": sprintf("lacks %v", [required - have]), "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        have := {key | some key, _ in rc.change.after.tags}
        count(required - have) > 0
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("a tag by object.get with a path", r#"deny contains {"msg": "no owner", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        object.get(rc.change.after, ["tags", "Owner"], "") == ""
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("a tag that is known beside one that is not", r#"deny contains {"msg": "wrong team", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        rc.change.after.tags.Team != "core"
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("tags as text", r#"deny contains {"msg": "secret tag", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        contains(json.marshal(rc.change.after.tags), "secret")
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("a pattern", r#"deny contains {"msg": "wrong image", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        not regex.match("^ami-[0-9]+$", rc.change.after.ami)
    }"#, &["? aws_instance.later ami"]),
    // Messages.
    ("an unknown value in the message only", r#"deny contains {"msg": sprintf("image %s is old", [rc.change.after.ami]), "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        rc.change.after.instance_type == "t3.micro"
    }"#, &["! aws_instance.all_tags_later", "? aws_instance.later ami"]),
    ("a message without an address", r#"deny contains msg if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
        msg := sprintf("%s is public", [rc.address])
    }"#, &["! aws_s3_bucket_acl.public is public", "? aws_s3_bucket_acl.later acl"]),
    ("a template", r#"deny contains msg if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
        msg := $"{rc.address} is public"
    }"#, &["! aws_s3_bucket_acl.public is public", "? aws_s3_bucket_acl.later acl"]),
    ("a list in a template", r#"deny contains {"msg": $"tags: {[rc.change.after.tags]}", "address": rc.address} if {
        some rc in input.resource_changes
        rc.address == "aws_instance.later"
    }"#, &["! aws_instance.later"]),
    ("a complete rule", r#"package main
    deny = msg {
        rc := input.resource_changes[_]
        rc.type == "aws_db_instance"
        rc.change.after.publicly_accessible
        msg := ["the database is public"]
    }"#, &["? aws_db_instance.later publicly_accessible"]),
    // A policy that looks itself.
    ("a policy that refuses unknown values", r#"deny contains {"msg": "public or unknown", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        not known_private(rc)
    }
    known_private(rc) if {
        not rc.change.after_unknown.acl
        rc.change.after.acl == "private"
    }"#, &["! aws_s3_bucket_acl.later", "! aws_s3_bucket_acl.public"]),
    ("a policy that accepts unknown values", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        not rc.change.after_unknown.acl
        rc.change.after.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public"]),
    ("a policy with a rule of its own for unknown values", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }
    deny contains {"msg": "not known yet", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after_unknown.acl
    }"#, &["! aws_s3_bucket_acl.later", "! aws_s3_bucket_acl.public"]),
    ("the library", r#"import data.planguard.lib.changes
    import data.planguard.lib.unknown
    deny contains {"msg": "public", "address": rc.address} if {
        some rc in changes.resulting_of("aws_s3_bucket_acl")
        not unknown.is_unknown(rc, ["acl"])
        rc.change.after.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public"]),
    ("the library, blindly", r#"import data.planguard.lib.changes
    deny contains {"msg": "public", "address": rc.address} if {
        some rc in changes.resulting_of("aws_s3_bucket_acl")
        rc.change.after.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    // Other places of the plan.
    ("planned values", r#"deny contains {"msg": "public", "address": r.address} if {
        some r in input.planned_values.root_module.resources
        r.type == "aws_s3_bucket_acl"
        r.values.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("planned values by walk", r#"resources contains r if {
        walk(input.planned_values, [_, r])
        r.type == "aws_s3_bucket_acl"
        r.values
    }
    deny contains {"msg": "public", "address": r.address} if {
        some r in resources
        r.values.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a walk over the object", r#"deny contains {"msg": "open", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_security_group"
        walk(rc.change.after, [path, value])
        path[count(path) - 1] == "from_port"
        value == 22
    }"#, &["! aws_security_group.dynamic", "! aws_security_group.later", "! aws_security_group.open"]),
    ("by type", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.planguard.by_type.aws_s3_bucket_acl
        rc.change.after.acl == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("an attribute by a variable", r#"forbidden := {"acl": "public-read"}
    deny contains {"msg": "forbidden", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        some name, value in forbidden
        rc.change.after[name] == value
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a relation between two resources", r#"deny contains {"msg": "no policy", "address": bucket.address} if {
        some bucket in input.resource_changes
        bucket.type == "aws_s3_bucket"
        not has_policy(bucket.change.after.bucket)
    }
    has_policy(name) if {
        some policy in input.resource_changes
        policy.type == "aws_s3_bucket_policy"
        policy.change.after.bucket == name
    }"#, &["? aws_s3_bucket.logs bucket"]),
    // Reordered, with, arithmetic.
    ("statements in an unusual order", r#"deny contains {"msg": msg, "address": address} if {
        msg = sprintf("%s is public", [address])
        address = rc.address
        acl = "public-read"
        acl = rc.change.after.acl
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("with", r#"deny contains {"msg": "public", "address": address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        some address in public with input.only as rc
    }
    public contains input.only.address if input.only.change.after.acl == "public-read""#,
        &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("arithmetic on what is known", r#"deny contains {"msg": "large", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        rc.change.after.size * 2 > 100
    }"#, &["! aws_ebs_volume.plain"]),
    ("a sum over resources", r#"deny contains "too much storage" if {
        sum([rc.change.after.size | some rc in input.resource_changes; rc.type == "aws_ebs_volume"]) > 100
    }"#, &["! too much storage"]),
    ("a sum with an unknown number", r#"deny contains "too many IOPS" if {
        sum([rc.change.after.iops | some rc in input.resource_changes; rc.type == "aws_ebs_volume"]) > 100
    }"#, &["? too many IOPS iops iops iops"]),
    ("an action that is known", r#"deny contains {"msg": "created", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_kms_key"
        "create" in rc.change.actions
        object.get(rc.change.after, "enable_key_rotation", false) == false
    }"#, &["! aws_kms_key.this"]),
    ("a type test", r#"deny contains {"msg": "no text", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        not is_string(rc.change.after.acl)
    }"#, &["? aws_s3_bucket_acl.later acl"]),
    ("null", r#"deny contains {"msg": "null", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == null
    }"#, &["? aws_s3_bucket_acl.later acl"]),
    // Kinds that were missed at first.
    ("missing tags in the message", r#"required := {"Owner", "Team"}
    deny contains msg if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        missing := required - {key | some key, _ in rc.change.after.tags}
        count(missing) > 0
        msg := sprintf("%s lacks %d tags: %v", [rc.address, count(missing), missing])
    }"#, &["? aws_instance.all_tags_later lacks 2 tags: {\"Owner\", \"Team\"} tags", "? aws_instance.later lacks 2 tags: {\"Owner\", \"Team\"} tags"]),
    ("the elements of a difference", r#"public contains rc.address if {
        some rc in input.resource_changes
        rc.change.after.acl == "public-read"
    }
    all contains rc.address if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
    }
    deny contains {"msg": "not public", "address": address} if some address in all - public"#,
        &["! aws_s3_bucket_acl.private", "? aws_s3_bucket_acl.later acl"]),
    ("a difference that is not empty", r#"deny contains {"msg": "other tags", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        object.keys(rc.change.after.tags) - {"Owner", "Team"} != set()
    }"#, &["? aws_instance.all_tags_later tags", "? aws_instance.later tags"]),
    ("a walk through an unknown document", r#"deny contains {"msg": "no TLS", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_policy"
        walk(json.unmarshal(rc.change.after.policy), [path, value])
        path[count(path) - 1] == "Principal"
        value == "*"
    }"#, &["? aws_s3_bucket_policy.later policy"]),
    ("an unknown value beside several known ones", r#"deny contains msg if {
        some acl, bucket in {"public-read": "a", "authenticated-read": "b"}
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == acl
        msg := sprintf("%s: %s", [rc.address, bucket])
    }"#, &["! aws_s3_bucket_acl.public: a", "? aws_s3_bucket_acl.later acl", "? aws_s3_bucket_acl.later acl"]),
    ("an alternative that the provider fills in", r#"deny contains {"msg": "default key", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_ebs_volume"
        not good(rc.change.after)
    }
    good(after) if after.snapshot_id == "snap-1"
    good(after) if after.kms_key_id != null"#,
        &["! aws_ebs_volume.default_key", "! aws_ebs_volume.plain", "? aws_ebs_volume.later_key kms_key_id snapshot_id"]),
    ("an object without one of its members", r#"deny contains {"msg": "team", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_instance"
        small := object.remove(rc.change.after, ["tags"])
        small.instance_type == "t3.micro"
    }"#, &["! aws_instance.all_tags_later", "! aws_instance.later"]),
    // Names that are told.
    ("a name from a list", r#"deny contains {"msg": name, "address": rc.address} if {
        some name in ["acl", "tags"]
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after[name] == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a function that is told the name", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        read(after_of(rc), "acl") == "public-read"
    }
    after_of(rc) := rc.change.after
    read(after, name) := object.get(after, [name], null)"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("a name that is computed", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        read(rc, concat("", ["a", "cl"])) == "public-read"
    }
    read(rc, name) := rc.change.after[name]"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("the library is told the name", r#"import data.planguard.lib.changes
    deny contains {"msg": "public", "address": rc.address} if {
        some rc in changes.resulting_of("aws_s3_bucket_acl")
        changes.attribute(rc, ["acl"], null) == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl"]),
    ("every attribute of the library's object", r#"import data.planguard.lib.changes
    deny contains {"msg": "public", "address": rc.address} if {
        some rc in changes.resulting_of("aws_s3_bucket_acl")
        some value in changes.after(rc)
        value == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl bucket id", "? aws_s3_bucket_acl.private id"]),
    ("every attribute of an object in a variable", r#"deny contains {"msg": "public", "address": rc.address} if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        after := object.get(rc, ["change", "after"], {})
        after[_] == "public-read"
    }"#, &["! aws_s3_bucket_acl.public", "? aws_s3_bucket_acl.later acl bucket id", "? aws_s3_bucket_acl.private id"]),
    // Findings that several resources share.
    ("a finding that a known resource has as well", r#"deny contains "something is public" if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "public-read"
    }"#, &["! something is public"]),
    ("a finding that only an unknown value may bring", r#"deny contains "something is secret" if {
        some rc in input.resource_changes
        rc.type == "aws_s3_bucket_acl"
        rc.change.after.acl == "secret"
    }"#, &["? aws_s3_bucket_acl.later acl"]),
];
