# METADATA
# title: Instance types
# description: |
#   Requires instances, databases, caches and node pools to have allowed instance types or sizes. The comparison
#   ignores case.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [allowed]
#     properties:
#       allowed:
#         type: object
#         minProperties: 1
#         description: Wildcards of the allowed instance types, by wildcards of resource types.
#         additionalProperties:
#           type: array
#           items: { type: string }
#       denied:
#         type: object
#         default: {}
#         description: Wildcards of instance types to deny although they match `allowed`, by wildcards of resource types.
#         additionalProperties:
#           type: array
#           items: { type: string }
#       attributes:
#         type: object
#         default: {}
#         description: The attribute with the instance type, such as `config.0.size`, for resource types that the pack does not know.
#         additionalProperties: { type: string }
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
package planguard.packs.instance_types

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.selection
import data.planguard.lib.unknown
import data.planguard.lib.wildcards

defaults := {"scope": "all", "types": ["*"], "except_types": [], "except": [], "denied": {}, "attributes": {}}

settings := object.union(defaults, data.planguard.params["instance-types"])

# The attribute with the instance type.
known := {
	"aws_db_instance": "instance_class",
	"aws_docdb_cluster_instance": "instance_class",
	"aws_eks_node_group": "instance_types",
	"aws_elasticache_cluster": "node_type",
	"aws_elasticache_replication_group": "node_type",
	"aws_emr_instance_group": "instance_type",
	"aws_instance": "instance_type",
	"aws_launch_configuration": "instance_type",
	"aws_launch_template": "instance_type",
	"aws_neptune_cluster_instance": "instance_class",
	"aws_rds_cluster_instance": "instance_class",
	"aws_redshift_cluster": "node_type",
	"aws_sagemaker_notebook_instance": "instance_type",
	"aws_spot_instance_request": "instance_type",
	"azurerm_kubernetes_cluster": "default_node_pool.0.vm_size",
	"azurerm_kubernetes_cluster_node_pool": "vm_size",
	"azurerm_linux_virtual_machine": "size",
	"azurerm_linux_virtual_machine_scale_set": "sku",
	"azurerm_virtual_machine": "vm_size",
	"azurerm_windows_virtual_machine": "size",
	"azurerm_windows_virtual_machine_scale_set": "sku",
	"google_compute_instance": "machine_type",
	"google_compute_instance_template": "machine_type",
	"google_container_cluster": "node_config.0.machine_type",
	"google_container_node_pool": "node_config.0.machine_type",
	"google_sql_database_instance": "settings.0.tier",
}

_attributes := object.union(known, settings.attributes)

_checked := [[change, path] |
	some change in selection.resulting(settings)
	count(_patterns("allowed", change)) > 0
	path := [_step(step) | some step in split(_attributes[change.type], ".")]
]

_step(text) := to_number(text) if {
	regex.match(`^[0-9]+$`, text)
} else := text

_patterns(kind, change) := {lower(pattern) |
	some type, patterns in settings[kind]
	wildcards.matches(type, change.type)
	some pattern in array.concat(patterns, [_nothing])
}

# An empty list allows nothing: no instance type is a space.
_nothing := " "

# The value is a type or a list of types; a self link ends with the type.
_instances(change, path) := {instance |
	value := changes.attribute(change, path, [])
	some text in _list(value)
	is_string(text)
	parts := split(lower(text), "/")
	instance := parts[count(parts) - 1]
}

_list(value) := value if {
	is_array(value)
} else := [value]

_is_allowed(change, instance) if {
	wildcards.matches_any(_patterns("allowed", change), instance)
	not wildcards.matches_any(_patterns("denied", change), instance)
}

# METADATA
# title: Instance type is not allowed
# description: The instance type of the resource is not one of the allowed types of its resource type.
# custom:
#   severity: medium
#   remediation: Use an allowed instance type.
deny_type contains findings.about(change, "medium", sprintf("has instance type `%s`, which is not allowed", [instance])) if {
	some [change, path] in _checked
	some instance in _instances(change, path)
	not _is_allowed(change, instance)
}

# METADATA
# title: Instance type is known only after apply
# description: The pack cannot check the instance type of the resource.
# custom:
#   severity: low
#   remediation: Set the instance type to a value that is known at plan time.
deny_unknown contains findings.undetermined(findings.about(change, "low", "has an instance type that is known only after apply")) if {
	some [change, path] in _checked
	unknown.has_unknown(change, path)
}
