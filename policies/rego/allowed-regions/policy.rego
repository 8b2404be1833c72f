# METADATA
# title: Allowed regions
# description: |
#   Resources lie in regions that are allowed. The region is the resource's own, or that of its availability zone, or else
#   the one that its provider is configured for. Azure's regions may be written as `West Europe` or `westeurope`, and the
#   zones of Google Cloud count as their regions.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     required: [regions]
#     properties:
#       regions:
#         type: object
#         minProperties: 1
#         description: Wildcards of the regions that are allowed, by provider (aws, azurerm, google). Other providers are not judged.
#         additionalProperties:
#           type: array
#           items: { type: string }
#       global_types:
#         type: array
#         items: { type: string }
#         default: ["aws_iam_*", "aws_route53_*", "aws_cloudfront_*", "aws_organizations_*", "aws_globalaccelerator_*"]
#         description: Wildcards of the types whose resources lie nowhere, so that the region of their provider means nothing.
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

_judged := [change |
	some change in selection.resulting(settings)
	settings.regions[_provider(change)]
]

_provider(change) := split(change.type, "_")[0]

# The attributes that tell where a resource lies, the surest first.
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

# A link to a region ends in its name.
_last(text) := parts[count(parts) - 1] if parts := split(text, "/")

_is_own_unknown(change) if {
	count(_own(change)) == 0
	some attribute in _places_of(change)
	unknown.is_unknown(change, [attribute])
}

_is_global(change) if wildcards.matches_any(settings.global_types, change.type)

# The regions that the provider of a resource is configured for; the key of a provider may name its module.
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

# What is in force: a resource's own place, or else that of its provider.
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
# title: A resource lies in a region that is not allowed
# description: The region of a resource is not among those that are allowed for its provider.
# custom:
#   severity: high
#   remediation: Put the resource into a region that is allowed, or use a provider that is configured for one.
deny_region contains findings.about(change, "high", sprintf("lies in %s, which is not allowed", [region])) if {
	some change in _judged
	some region in _effective(change)
	not _is_allowed(change, region)
}

# METADATA
# title: The region of a resource is not known
# description: |
#   Where a resource lies is known only after apply, or its provider takes the region from its environment.
# custom:
#   severity: low
#   remediation: Write the region into the configuration of the provider or the resource.
warn_unknown contains findings.about(change, "low", "lies in a region that the plan does not tell") if {
	some change in _judged
	not _is_global(change)
	count(_effective(change)) == 0
	_is_somewhere(change)
}

# Without an attribute for it, a resource of Azure lies where its parent does.
_is_somewhere(change) if _provider(change) == "aws"

_is_somewhere(change) if _is_own_unknown(change)
