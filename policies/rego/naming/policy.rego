# METADATA
# title: Naming
# description: |
#   Resources have names that match patterns, by resource type: the names that the cloud shows, and the names in the
#   configuration.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     minProperties: 1
#     properties:
#       patterns:
#         type: object
#         default: {}
#         description: Regular expressions that all of a name has to match, by wildcards of resource types. A type that is written out goes before wildcards.
#         additionalProperties: { type: string, format: regex }
#       attributes:
#         type: object
#         default: {}
#         description: The attribute that holds the name, such as `tags.Name`, by resource type, where it is another one than the pack takes.
#         additionalProperties: { type: string }
#       labels:
#         type: string
#         format: regex
#         default: '(?s).*'
#         description: A regular expression that all of the names of resources in the configuration has to match, such as `[a-z][a-z0-9_]*`.
#       modules:
#         type: string
#         format: regex
#         default: '(?s).*'
#         description: A regular expression that all of the names of module calls has to match.
#       scope:
#         type: string
#         enum: [all, touched]
#         default: all
#         description: Whether all resources are judged that exist afterwards, or those only that the plan touches.
#       types:
#         type: array
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the resource types that are judged.
#       except_types:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the resource types that are not judged.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses that are not judged.
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

# Where a name stands that is not in `name`.
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

_path(change) := split(object.get(_attributes, change.type, "name"), ".")

_patterns(change) := {settings.patterns[change.type]} if {
	settings.patterns[change.type]
} else := {pattern |
	some type, pattern in settings.patterns
	wildcards.matches(type, change.type)
}

_chosen := selection.resulting(settings)

_fits(pattern, name) if regex.match(concat("", ["^(?:", pattern, ")$"]), name)

# METADATA
# title: A name does not match
# description: The name of a resource does not match the pattern for its type.
# custom:
#   severity: medium
#   remediation: Give the resource a name that matches.
deny_name contains findings.about(change, "medium", message) if {
	some change in _chosen
	some pattern in _patterns(change)
	name := changes.attribute(change, _path(change), null)
	is_string(name)
	not _fits(pattern, name)
	message := sprintf("is called `%s`, which does not match %s", [name, pattern])
}

# METADATA
# title: A name in the configuration does not match
# description: The name of a resource in the configuration does not match the pattern for labels.
# custom:
#   severity: low
#   remediation: Rename the resource, with a `moved` block so that it is not replaced.
deny_label contains findings.about(change, "low", sprintf("does not match %s", [settings.labels])) if {
	some change in _chosen
	not _fits(settings.labels, change.name)
}

# METADATA
# title: The name of a module does not match
# description: The name of a module call does not match the pattern for modules.
# custom:
#   severity: low
#   remediation: Rename the module, with a `moved` block so that its resources are not replaced.
deny_module contains findings.about(call, "low", sprintf("does not match %s", [settings.modules])) if {
	some call in references.calls
	not wildcards.matches_any(settings.except, call.address)
	not _fits(settings.modules, call.name)
}

# METADATA
# title: A name is known only after apply
# description: Whether the name of a resource matches cannot be told from the plan.
# custom:
#   severity: low
#   remediation: Make the name from values that are known when planning.
warn_unknown contains findings.about(change, "low", "has a name that is known only after apply") if {
	some change in _chosen
	count(_patterns(change)) > 0
	unknown.is_unknown(change, _path(change))
}
