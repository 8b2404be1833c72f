//! The attributes that only mirror what separate resources give an object.

/// An attribute of an object that the provider fills in from separate resources where the configuration does not set it.
pub(crate) struct Mirror {
    /// The type of the object.
    pub(crate) object: &'static str,
    /// The attribute that mirrors.
    pub(crate) attribute: &'static str,
    /// How a part of the attribute is known to come from a separate resource.
    pub(crate) parts: Parts,
    /// The separate resources.
    pub(crate) fillers: &'static [Filler],
}

/// How a part of a mirror is known to come from a separate resource.
pub(crate) enum Parts {
    /// It has the same protocol, ports and sources.
    Rules,
    /// It is a text that this attribute of the separate resource has as well.
    Texts(&'static str),
    /// It is a block whose first attribute is the same as the second one of the separate resource.
    Blocks(&'static str, &'static str),
    /// There are no parts: the whole attribute comes from the separate resource.
    Whole,
}

/// A type of separate resources.
pub(crate) struct Filler {
    /// The type.
    pub(crate) resource_type: &'static str,
    /// The attribute that names the objects, as a text or a list of texts.
    pub(crate) names: &'static str,
    /// The attributes of the object that may be the name.
    pub(crate) identities: &'static [&'static str],
    /// An attribute that must be the same on both, because the name alone does not tell objects apart.
    pub(crate) within: Option<&'static str>,
    /// An attribute and the text of its value, if only resources that have it fill in the mirror.
    pub(crate) when: Option<(&'static str, &'static str)>,
}

/// A type whose resources name the object by one attribute, and all fill in the mirror.
const fn filler(
    resource_type: &'static str,
    names: &'static str,
    identities: &'static [&'static str],
) -> Filler {
    Filler { resource_type, names, identities, within: None, when: None }
}

/// A policy of an object that a resource of its own sets.
const fn policy(object: &'static str, attribute: &'static str, fillers: &'static [Filler]) -> Mirror {
    Mirror { object, attribute, parts: Parts::Whole, fillers }
}

const ID: &[&str] = &["id"];
const ID_OR_ARN: &[&str] = &["id", "arn"];

/// All mirrors. A configuration that sets one of them manages it itself, whatever resources there are beside it.
pub(crate) const MIRRORS: &[Mirror] = &[
    Mirror {
        object: "aws_security_group",
        attribute: "ingress",
        parts: Parts::Rules,
        fillers: &[
            Filler {
                when: Some(("type", "ingress")),
                ..filler("aws_security_group_rule", "security_group_id", ID)
            },
            filler("aws_vpc_security_group_ingress_rule", "security_group_id", ID),
        ],
    },
    Mirror {
        object: "aws_security_group",
        attribute: "egress",
        parts: Parts::Rules,
        fillers: &[
            Filler {
                when: Some(("type", "egress")),
                ..filler("aws_security_group_rule", "security_group_id", ID)
            },
            filler("aws_vpc_security_group_egress_rule", "security_group_id", ID),
        ],
    },
    Mirror {
        object: "aws_network_acl",
        attribute: "ingress",
        parts: Parts::Blocks("rule_no", "rule_number"),
        fillers: &[Filler {
            when: Some(("egress", "false")),
            ..filler("aws_network_acl_rule", "network_acl_id", ID)
        }],
    },
    Mirror {
        object: "aws_network_acl",
        attribute: "egress",
        parts: Parts::Blocks("rule_no", "rule_number"),
        fillers: &[Filler {
            when: Some(("egress", "true")),
            ..filler("aws_network_acl_rule", "network_acl_id", ID)
        }],
    },
    Mirror {
        object: "aws_iam_role",
        attribute: "inline_policy",
        parts: Parts::Blocks("name", "name"),
        fillers: &[filler("aws_iam_role_policy", "role", &["id", "name"])],
    },
    Mirror {
        object: "aws_iam_role",
        attribute: "managed_policy_arns",
        parts: Parts::Texts("policy_arn"),
        fillers: &[
            filler("aws_iam_role_policy_attachment", "role", &["id", "name"]),
            filler("aws_iam_policy_attachment", "roles", &["id", "name"]),
        ],
    },
    policy("aws_s3_bucket", "policy", &[filler("aws_s3_bucket_policy", "bucket", ID)]),
    policy("aws_s3_bucket", "acl", &[filler("aws_s3_bucket_acl", "bucket", ID)]),
    policy("aws_s3_bucket", "grant", &[filler("aws_s3_bucket_acl", "bucket", ID)]),
    policy(
        "aws_s3_bucket",
        "acceleration_status",
        &[filler("aws_s3_bucket_accelerate_configuration", "bucket", ID)],
    ),
    policy("aws_s3_bucket", "cors_rule", &[filler("aws_s3_bucket_cors_configuration", "bucket", ID)]),
    policy(
        "aws_s3_bucket",
        "lifecycle_rule",
        &[filler("aws_s3_bucket_lifecycle_configuration", "bucket", ID)],
    ),
    policy("aws_s3_bucket", "logging", &[filler("aws_s3_bucket_logging", "bucket", ID)]),
    policy(
        "aws_s3_bucket",
        "object_lock_configuration",
        &[filler("aws_s3_bucket_object_lock_configuration", "bucket", ID)],
    ),
    policy(
        "aws_s3_bucket",
        "replication_configuration",
        &[filler("aws_s3_bucket_replication_configuration", "bucket", ID)],
    ),
    policy(
        "aws_s3_bucket",
        "request_payer",
        &[filler("aws_s3_bucket_request_payment_configuration", "bucket", ID)],
    ),
    policy(
        "aws_s3_bucket",
        "server_side_encryption_configuration",
        &[filler("aws_s3_bucket_server_side_encryption_configuration", "bucket", ID)],
    ),
    policy("aws_s3_bucket", "versioning", &[filler("aws_s3_bucket_versioning", "bucket", ID)]),
    policy("aws_s3_bucket", "website", &[filler("aws_s3_bucket_website_configuration", "bucket", ID)]),
    policy("aws_sqs_queue", "policy", &[filler("aws_sqs_queue_policy", "queue_url", &["id", "url"])]),
    policy("aws_sns_topic", "policy", &[filler("aws_sns_topic_policy", "arn", ID_OR_ARN)]),
    policy("aws_kms_key", "policy", &[filler("aws_kms_key_policy", "key_id", &["id", "key_id", "arn"])]),
    policy(
        "aws_secretsmanager_secret",
        "policy",
        &[filler("aws_secretsmanager_secret_policy", "secret_arn", ID_OR_ARN)],
    ),
    policy(
        "aws_opensearch_domain",
        "access_policies",
        &[filler("aws_opensearch_domain_policy", "domain_name", &["domain_name"])],
    ),
    policy(
        "aws_elasticsearch_domain",
        "access_policies",
        &[filler("aws_elasticsearch_domain_policy", "domain_name", &["domain_name"])],
    ),
    policy(
        "aws_api_gateway_rest_api",
        "policy",
        &[filler("aws_api_gateway_rest_api_policy", "rest_api_id", ID)],
    ),
    policy("aws_vpc_endpoint", "policy", &[filler("aws_vpc_endpoint_policy", "vpc_endpoint_id", ID)]),
    Mirror {
        object: "azurerm_network_security_group",
        attribute: "security_rule",
        parts: Parts::Blocks("name", "name"),
        fillers: &[Filler {
            within: Some("resource_group_name"),
            ..filler("azurerm_network_security_rule", "network_security_group_name", &["name"])
        }],
    },
    Mirror {
        object: "azurerm_key_vault",
        attribute: "access_policy",
        parts: Parts::Blocks("object_id", "object_id"),
        fillers: &[filler("azurerm_key_vault_access_policy", "key_vault_id", ID)],
    },
    Mirror {
        object: "azurerm_route_table",
        attribute: "route",
        parts: Parts::Blocks("name", "name"),
        fillers: &[Filler {
            within: Some("resource_group_name"),
            ..filler("azurerm_route", "route_table_name", &["name"])
        }],
    },
    Mirror {
        object: "azurerm_virtual_network",
        attribute: "subnet",
        parts: Parts::Blocks("name", "name"),
        fillers: &[Filler {
            within: Some("resource_group_name"),
            ..filler("azurerm_subnet", "virtual_network_name", &["name"])
        }],
    },
    Mirror {
        object: "aws_route_table",
        attribute: "route",
        parts: Parts::Blocks("cidr_block", "destination_cidr_block"),
        fillers: &[filler("aws_route", "route_table_id", ID)],
    },
    // Everyone has the same name in both; who else may read is judged nowhere.
    Mirror {
        object: "google_bigquery_dataset",
        attribute: "access",
        parts: Parts::Blocks("special_group", "special_group"),
        fillers: &[filler("google_bigquery_dataset_access", "dataset_id", &["dataset_id"])],
    },
    Mirror {
        object: "google_bigquery_dataset",
        attribute: "access",
        parts: Parts::Blocks("special_group", "member"),
        fillers: &[filler("google_bigquery_dataset_iam_member", "dataset_id", &["dataset_id"])],
    },
];
