# METADATA
# title: Provider versions
# description: |
#   Providers are allowed, and the root module says which versions of them. Providers are told by their full names, such as
#   `registry.terraform.io/hashicorp/aws`; those of the public registry may be written without its host.
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
#         description: Wildcards of the providers that are allowed, such as `hashicorp/*`.
#       constraint:
#         type: string
#         enum: [exact, bounded, present, any]
#         default: bounded
#         description: What the version constraints of the root module have to be. `exact` is one version, `bounded` has an upper bound, `present` is any that is there.
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

# What the configuration names, and what the plan uses.
_named contains _full_name(provider) if some provider in references.providers

_named contains change.provider_name if some change in changes.entries

_full_name(provider) := object.get(provider, "full_name", object.get(provider, "name", ""))

_matches(patterns, name) if wildcards.matches_any(patterns, name)

_matches(patterns, name) if wildcards.matches_any(patterns, regex.replace(name, `^registry\.(terraform\.io|opentofu\.org)/`, ""))

# METADATA
# title: A provider is not allowed
# description: A provider that the configuration names or the plan uses matches none of those that are allowed.
# custom:
#   severity: high
#   remediation: Use a provider that is allowed.
deny_provider contains findings.general("high", sprintf("the provider %s is not allowed", [name])) if {
	some name in _named
	not _matches(settings.allowed, name)
}

# METADATA
# title: The version of a provider is open
# description: The root module has no version constraint for a provider, or one that allows too much.
# custom:
#   severity: medium
#   remediation: Write a version constraint such as `~> 6.0` into required_providers.
deny_constraint contains findings.general("medium", sprintf("the provider %s %s", [_full_name(provider), problem])) if {
	some provider in references.providers
	object.get(provider, "module_address", "") == ""
	not _matches(settings.except, _full_name(provider))
	problem := _open(object.get(provider, "version_constraint", ""))
}

_open(constraint) := "has no version constraint" if {
	settings.constraint != "any"
	constraint == ""
} else := sprintf("has the version constraint `%s`, which is not one version", [constraint]) if {
	settings.constraint == "exact"
	not _is_exact(constraint)
} else := sprintf("has the version constraint `%s`, which has no upper bound", [constraint]) if {
	settings.constraint == "bounded"
	not _is_exact(constraint)
	not regex.match(`~>|<`, constraint)
}

_is_exact(version) if regex.match(`^=?\s*v?[0-9]+(\.[0-9]+){2}([-+][0-9A-Za-z.+-]+)?$`, version)
