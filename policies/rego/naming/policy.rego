# METADATA
# title: Naming
# description: |
#   Requires names to match patterns by resource type: the names of resources in the cloud, and the names of resources
#   and modules in the configuration.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     minProperties: 1
#     properties:
#       patterns:
#         type: object
#         default: {}
#         description: Regular expressions that the whole name must match, by wildcards of resource types. An exact type takes precedence over wildcards.
#         additionalProperties: { type: string, format: regex }
#       attributes:
#         type: object
#         default: {}
#         description: The attribute with the name, such as `tags.Name`, by resource type, if it differs from the one that the pack uses.
#         additionalProperties: { type: string }
#       labels:
#         type: string
#         format: regex
#         default: '(?s).*'
#         description: A regular expression that the whole name of each resource in the configuration must match, such as `[a-z][a-z0-9_]*`.
#       modules:
#         type: string
#         format: regex
#         default: '(?s).*'
#         description: A regular expression that the whole name of each module call must match.
#       scope:
#         type: string
#         enum: [all, touched]
#         default: all
#         description: "`all` checks all resources that exist after apply, `touched` only those that the plan changes."
#       types:
#         type: array
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the resource types to check.
#       except_types:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the resource types to skip.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses to skip.
package planguard.packs.naming

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.references
import data.planguard.lib.selection
import data.planguard.lib.unknown
import data.planguard.lib.wildcards

defaults := {
	"patterns": {}, "attributes": {}, "labels": "(?s).*", "modules": "(?s).*",
	"scope": "all", "types": ["*"], "except_types": [], "except": [],
}

settings := object.union(defaults, data.planguard.params.naming)

# The attribute with the name, if it is not `name`.
known := {
	"aws_cloudwatch_metric_alarm": "alarm_name",
	"aws_db_instance": "identifier",
	"aws_docdb_cluster": "cluster_identifier",
	"aws_ebs_volume": "tags.Name",
	"aws_elasticache_cluster": "cluster_id",
	"aws_elasticache_replication_group": "replication_group_id",
	"aws_instance": "tags.Name",
	"aws_lambda_function": "function_name",
	"aws_neptune_cluster": "cluster_identifier",
	"aws_opensearch_domain": "domain_name",
	"aws_rds_cluster": "cluster_identifier",
	"aws_rds_cluster_instance": "identifier",
	"aws_redshift_cluster": "cluster_identifier",
	"aws_s3_bucket": "bucket",
	"aws_subnet": "tags.Name",
	"aws_vpc": "tags.Name",
	"google_bigquery_dataset": "dataset_id",
	"google_project": "project_id",
	"google_service_account": "account_id",
}

_attributes := object.union(known, settings.attributes)

_chosen := selection.resulting(settings)

_types := {change.type | some change in _chosen}

# The path of the attribute with the name, by type.
_paths := {type: split(object.get(_attributes, type, "name"), ".") | some type in _types}

# The patterns of names, by type.
_patterns := {type: _patterns_of(type) | some type in _types}

_patterns_of(type) := {settings.patterns[type]} if {
	settings.patterns[type]
} else := {pattern |
	some wildcard, pattern in settings.patterns
	wildcards.matches(wildcard, type)
}

_whole(pattern) := concat("", ["^(?:", pattern, ")$"])

_label := _whole(settings.labels)

# METADATA
# title: Resource name does not match
# description: The name of the resource does not match the pattern of its type.
# custom:
#   severity: medium
#   remediation: Change the name so that it matches the pattern.
deny_name contains findings.about(change, "medium", message) if {
	some change in _chosen
	some pattern in _patterns[change.type]
	name := changes.attribute(change, _paths[change.type], null)
	is_string(name)
	not regex.match(_whole(pattern), name)
	message := sprintf("has the name `%s`, which does not match `%s`", [name, pattern])
}

# METADATA
# title: Resource name in the configuration does not match
# description: The name of the resource in the configuration does not match `labels`.
# custom:
#   severity: low
#   remediation: Rename the resource and add a `moved` block, so that it is not replaced.
deny_label contains findings.about(change, "low", sprintf("has the name `%s` in the configuration, which does not match `%s`", [change.name, settings.labels])) if {
	some change in _chosen
	not regex.match(_label, change.name)
}

# METADATA
# title: Module name does not match
# description: The name of the module call does not match `modules`.
# custom:
#   severity: low
#   remediation: Rename the module call and add a `moved` block, so that its resources are not replaced.
deny_module contains findings.about(call, "low", sprintf("has the name `%s`, which does not match `%s`", [call.name, settings.modules])) if {
	some call in references.calls
	not wildcards.matches_any(settings.except, call.address)
	not regex.match(_whole(settings.modules), call.name)
}

# METADATA
# title: Resource name is known only after apply
# description: The pack cannot check the name of the resource.
# custom:
#   severity: low
#   remediation: Set the name to a value that is known at plan time.
deny_unknown contains findings.undetermined(findings.about(change, "low", "has a name that is known only after apply")) if {
	some change in _chosen
	count(_patterns[change.type]) > 0
	unknown.is_unknown(change, _paths[change.type])
}
