# METADATA
# title: Allowed regions
# description: |
#   Requires resources to be in allowed regions. The region is that of the resource, or of its availability zone, or
#   else of its provider configuration. Azure regions can be written as `West Europe` or `westeurope`. Google Cloud
#   zones count as their region.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [regions]
#     properties:
#       regions:
#         type: object
#         minProperties: 1
#         description: Wildcards of the allowed regions, by provider (aws, azurerm, google). Resources of other providers are skipped.
#         additionalProperties:
#           type: array
#           items: { type: string }
#       global_types:
#         type: array
#         items: { type: string }
#         default: ["aws_iam_*", "aws_route53_*", "aws_cloudfront_*", "aws_organizations_*", "aws_globalaccelerator_*"]
#         description: Wildcards of the resource types that are global, so that the region of their provider does not apply.
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
package planguard.packs.allowed_regions

import data.planguard.lib.addresses
import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.references
import data.planguard.lib.selection
import data.planguard.lib.unknown
import data.planguard.lib.wildcards

defaults := {
	"scope": "all", "types": ["*"], "except_types": [], "except": [],
	"global_types": ["aws_iam_*", "aws_route53_*", "aws_cloudfront_*", "aws_organizations_*", "aws_globalaccelerator_*"],
}

settings := object.union(defaults, data.planguard.params["allowed-regions"])

_checked := [change |
	some change in selection.resulting(settings)
	settings.regions[_provider(change)]
]

_provider(change) := split(change.type, "_")[0]

# The attributes with the region of a resource, the most reliable first.
_attributes := {
	"aws": ["region", "availability_zone"],
	"azurerm": ["location"],
	"google": ["region", "zone", "location"],
}

_places_of(change) := object.get(_attributes, _provider(change), ["region", "location"])

_own(change) := [region |
	some attribute in _places_of(change)
	value := changes.attribute(change, [attribute], null)
	is_string(value)
	value != ""
	region := _region(_provider(change), value)
]

# `eu-west-1a` is a zone of `eu-west-1`, and `europe-west3-a` one of `europe-west3`.
_region("aws", text) := regex.replace(lower(text), `^([a-z]+-[a-z-]+-[0-9]+)[a-z]$`, "$1")

_region("google", text) := regex.replace(lower(_last(text)), `^([a-z]+-[a-z]+[0-9]+)-[a-z]$`, "$1")

_region(provider, text) := replace(lower(text), " ", "") if not provider in {"aws", "google"}

# A self link of a region ends with its name.
_last(text) := parts[count(parts) - 1] if parts := split(text, "/")

_is_own_unknown(change) if {
	count(_own(change)) == 0
	some attribute in _places_of(change)
	unknown.is_unknown(change, [attribute])
}

_is_global(change) if wildcards.matches_any(settings.global_types, change.type)

# The regions in the provider configuration of a resource. The key of a provider can start with its module.
_configured(change) := [region |
	key := references.configured[addresses.without_keys(change.address)].provider_config_key
	some name in {key, _unqualified(key)}
	expression := references.providers[name].expressions.region
	some value in _values(expression)
	is_string(value)
	region := _region(_provider(change), value)
]

_unqualified(key) := parts[count(parts) - 1] if parts := split(key, ":")

_values(expression) := [expression.constant_value] if {
	expression.constant_value
} else := [value |
	some reference in object.get(expression, "references", [])
	startswith(reference, "var.")
	value := input.variables[substring(reference, 4, -1)].value
]

# The region of the resource, or else of its provider.
_effective(change) := _own(change) if {
	count(_own(change)) > 0
} else := _configured(change) if {
	not _is_own_unknown(change)
	not _is_global(change)
} else := []

_is_allowed(change, region) if {
	provider := _provider(change)
	some pattern in settings.regions[provider]
	wildcards.matches(_region(provider, pattern), region)
}

# METADATA
# title: Resource is in a region that is not allowed
# description: The region of the resource is not one of the allowed regions of its provider.
# custom:
#   severity: high
#   remediation: Set the region of the resource or of its provider to an allowed region.
deny_region contains findings.about(change, "high", sprintf("is in region `%s`, which is not allowed", [region])) if {
	some change in _checked
	some region in _effective(change)
	not _is_allowed(change, region)
}

# METADATA
# title: Region of a resource is unknown
# description: |
#   The region of the resource is known only after apply, or its provider takes the region from the environment.
# custom:
#   severity: low
#   remediation: Set the region in the configuration of the provider or the resource.
deny_unknown contains findings.undetermined(findings.about(change, "low", "has a region that is not in the plan")) if {
	some change in _checked
	not _is_global(change)
	count(_effective(change)) == 0
	_is_somewhere(change)
}

# An Azure resource without a location attribute is in the region of its parent.
_is_somewhere(change) if _provider(change) == "aws"

_is_somewhere(change) if _is_own_unknown(change)
