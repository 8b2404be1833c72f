# METADATA
# title: Module sources
# description: |
#   Modules come from places that are allowed, and from one version of them: a registry module has a version constraint,
#   one of Git a `ref` that is a tag or a commit, and an archive a checksum or version. Calls in modules are judged too.
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
#         description: Wildcards of the sources that are allowed, compared with the source as it is written. Local paths are always allowed.
#       registry:
#         type: string
#         enum: [exact, bounded, any]
#         default: bounded
#         description: What the version of a registry module has to be. `exact` is one version, `bounded` has an upper bound.
#       ref:
#         type: string
#         format: regex
#         default: 'v?[0-9]+(\.[0-9]+)*([-+.].*)?|[0-9a-f]{40}|[0-9a-f]{64}'
#         description: A regular expression that all of a `ref` of Git has to match.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses of module calls that are not judged, such as `module.vpc.*`.
package planguard.packs.module_sources

import data.planguard.lib.references
import data.planguard.lib.wildcards

defaults := {"allowed": ["*"], "registry": "bounded", "ref": `v?[0-9]+(\.[0-9]+)*([-+.].*)?|[0-9a-f]{40}|[0-9a-f]{64}`, "except": []}

settings := object.union(defaults, given)

default given := {}

given := data.planguard.params["module-sources"]

_judged := [call |
	some call in references.calls
	not regex.match(`^\.\.?(/|\\|$)`, call.source)
	not wildcards.matches_any(settings.except, call.address)
]

# Where a source leads, as `terraform init` reads it.
_kind(source) := "git" if {
	regex.match(`^(git::|git@|github\.com/|bitbucket\.org/)`, source)
} else := "registry" if {
	regex.match(`^([a-zA-Z0-9.-]+\.[a-zA-Z0-9-]+(:[0-9]+)?/)?[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+(//.*)?$`, source)
} else := "archive"

_finding(call, severity, message) := {
	"msg": sprintf("%s %s", [call.address, message]),
	"address": call.address,
	"severity": severity,
}

# METADATA
# title: A module comes from a place that is not allowed
# description: The source of a module call matches none of those that are allowed.
# custom:
#   severity: high
#   remediation: Take the module from a source that is allowed.
deny_source contains _finding(call, "high", sprintf("comes from %s, which is not allowed", [call.source])) if {
	some call in _judged
	not wildcards.matches_any(settings.allowed, call.source)
}

# METADATA
# title: A module is not pinned
# description: What the source of a module call leads to can change without a change of the configuration.
# custom:
#   severity: medium
#   remediation: Add a version to a registry module, a `ref` with a tag or commit to one of Git, or a checksum to an archive.
deny_unpinned contains _finding(call, "medium", message) if {
	some call in _judged
	message := _unpinned(_kind(call.source), call)
}

_unpinned("registry", call) := "has no version" if {
	settings.registry != "any"
	call.version == ""
} else := sprintf("has the version `%s`, which is not one version", [call.version]) if {
	settings.registry == "exact"
	not _is_exact(call.version)
} else := sprintf("has the version `%s`, which has no upper bound", [call.version]) if {
	settings.registry == "bounded"
	not _is_exact(call.version)
	not regex.match(`~>|<`, call.version)
}

_unpinned("git", call) := "has no ref" if {
	_parameter(call.source, "ref") == ""
} else := sprintf("has the ref %s, which is neither a version nor a commit", [ref]) if {
	ref := _parameter(call.source, "ref")
	not regex.match(concat("", ["^(?:", settings.ref, ")$"]), ref)
}

_unpinned("archive", call) := "is an archive without checksum or version" if {
	_parameter(call.source, "checksum") == ""
	_parameter(call.source, "version") == ""
}

_is_exact(version) if regex.match(`^=?\s*v?[0-9]+(\.[0-9]+){2}([-+][0-9A-Za-z.+-]+)?$`, version)

_parameter(source, name) := found[0][1] if {
	found := regex.find_all_string_submatch_n(sprintf(`[?&]%s=([^&]+)`, [name]), source, 1)
	count(found) > 0
} else := ""
