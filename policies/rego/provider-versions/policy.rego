# METADATA
# title: Provider versions
# description: |
#   Requires providers to be allowed and to have a version constraint in the root module. Providers have full names,
#   such as `registry.terraform.io/hashicorp/aws`. The host of the public registries can be omitted.
# custom:
#   parameters:
#     type: object
#     additionalProperties: false
#     properties:
#       allowed:
#         type: array
#         minItems: 1
#         items: { type: string }
#         default: ["*"]
#         description: Wildcards of the allowed providers, such as `hashicorp/*`.
#       constraint:
#         type: string
#         enum: [exact, bounded, present, any]
#         default: bounded
#         description: The required version constraints in the root module. `exact` is a single version, `bounded` has an upper bound, `present` is any constraint, `any` needs none.
#       except:
#         type: array
#         items: { type: string }
#         default: ["terraform.io/builtin/*"]
#         description: Wildcards of the providers that need no version constraint.
package planguard.packs.provider_versions

import data.planguard.lib.changes
import data.planguard.lib.findings
import data.planguard.lib.references
import data.planguard.lib.wildcards

defaults := {"allowed": ["*"], "constraint": "bounded", "except": ["terraform.io/builtin/*"]}

settings := object.union(defaults, given)

default given := {}

given := data.planguard.params["provider-versions"]

# The providers in the configuration and in the resource changes.
_named contains _full_name(provider) if some provider in references.providers

_named contains change.provider_name if some change in changes.entries

_full_name(provider) := object.get(provider, "full_name", object.get(provider, "name", ""))

_matches(patterns, name) if wildcards.matches_any(patterns, name)

_matches(patterns, name) if wildcards.matches_any(patterns, regex.replace(name, `^registry\.(terraform\.io|opentofu\.org)/`, ""))

# METADATA
# title: Provider is not allowed
# description: A provider of the configuration or the plan matches none of the allowed providers.
# custom:
#   severity: high
#   remediation: Use an allowed provider.
deny_provider contains findings.general("high", sprintf("provider `%s` is not allowed", [name])) if {
	some name in _named
	not _matches(settings.allowed, name)
}

# METADATA
# title: Provider version is not constrained
# description: The root module has no version constraint for the provider, or one that is too wide.
# custom:
#   severity: medium
#   remediation: Add a version constraint such as `~> 6.0` to `required_providers`.
deny_constraint contains findings.general("medium", sprintf("provider `%s` %s", [_full_name(provider), problem])) if {
	some provider in references.providers
	object.get(provider, "module_address", "") == ""
	not _matches(settings.except, _full_name(provider))
	problem := _open(object.get(provider, "version_constraint", ""))
}

_open(constraint) := "has no version constraint" if {
	settings.constraint != "any"
	constraint == ""
} else := sprintf("has the version constraint `%s`, which is not a single version", [constraint]) if {
	settings.constraint == "exact"
	not _is_exact(constraint)
} else := sprintf("has the version constraint `%s`, which has no upper bound", [constraint]) if {
	settings.constraint == "bounded"
	not _is_exact(constraint)
	not regex.match(`~>|<`, constraint)
}

_is_exact(version) if regex.match(`^=?\s*v?[0-9]+(\.[0-9]+){2}([-+][0-9A-Za-z.+-]+)?$`, version)
