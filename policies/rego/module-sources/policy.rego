# METADATA
# title: Module sources
# description: |
#   Requires modules to have allowed sources and pinned versions: a version constraint for a registry module, a `ref`
#   with a tag or commit for a Git module, and a checksum or version for an archive. Module calls inside modules are
#   checked too.
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
#         description: Wildcards of the allowed sources, compared with `source` as written. Local paths are always allowed.
#       registry:
#         type: string
#         enum: [exact, bounded, any]
#         default: bounded
#         description: The required version constraint of registry modules. `exact` is a single version, `bounded` has an upper bound, `any` needs none.
#       ref:
#         type: string
#         format: regex
#         default: 'v?[0-9]+(\.[0-9]+)*([-+.].*)?|[0-9a-f]{40}|[0-9a-f]{64}'
#         description: A regular expression that the whole `ref` of a Git module must match.
#       except:
#         type: array
#         items: { type: string }
#         default: []
#         description: Wildcards of the addresses of module calls to skip, such as `module.vpc.*`.
package planguard.packs.module_sources

import data.planguard.lib.references
import data.planguard.lib.wildcards

defaults := {"allowed": ["*"], "registry": "bounded", "ref": `v?[0-9]+(\.[0-9]+)*([-+.].*)?|[0-9a-f]{40}|[0-9a-f]{64}`, "except": []}

settings := object.union(defaults, given)

default given := {}

given := data.planguard.params["module-sources"]

_checked := [call |
	some call in references.calls
	not regex.match(`^\.\.?(/|\\|$)`, call.source)
	not wildcards.matches_any(settings.except, call.address)
]

# The kind of a source, as `terraform init` reads it.
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
# title: Module source is not allowed
# description: The source of the module call matches none of the allowed sources.
# custom:
#   severity: high
#   remediation: Use an allowed module source.
deny_source contains _finding(call, "high", sprintf("has the source `%s`, which is not allowed", [call.source])) if {
	some call in _checked
	not wildcards.matches_any(settings.allowed, call.source)
}

# METADATA
# title: Module is not pinned
# description: The code of the module can change without a change of the configuration.
# custom:
#   severity: medium
#   remediation: Add a `version` to a registry module, a `ref` with a tag or commit to a Git module, or a checksum to an archive.
deny_unpinned contains _finding(call, "medium", message) if {
	some call in _checked
	message := _unpinned(_kind(call.source), call)
}

_unpinned("registry", call) := "has no version constraint" if {
	settings.registry != "any"
	call.version == ""
} else := sprintf("has the version constraint `%s`, which is not a single version", [call.version]) if {
	settings.registry == "exact"
	not _is_exact(call.version)
} else := sprintf("has the version constraint `%s`, which has no upper bound", [call.version]) if {
	settings.registry == "bounded"
	not _is_exact(call.version)
	not regex.match(`~>|<`, call.version)
}

_unpinned("git", call) := "has no `ref`" if {
	_parameter(call.source, "ref") == ""
} else := sprintf("has the ref `%s`, which is not an allowed tag or commit", [ref]) if {
	ref := _parameter(call.source, "ref")
	not regex.match(concat("", ["^(?:", settings.ref, ")$"]), ref)
}

_unpinned("archive", call) := "is an archive without a checksum or version" if {
	_parameter(call.source, "checksum") == ""
	_parameter(call.source, "version") == ""
}

_is_exact(version) if regex.match(`^=?\s*v?[0-9]+(\.[0-9]+){2}([-+][0-9A-Za-z.+-]+)?$`, version)

_parameter(source, name) := found[0][1] if {
	found := regex.find_all_string_submatch_n(sprintf(`[?&]%s=([^&]+)`, [name]), source, 1)
	count(found) > 0
} else := ""
