# METADATA
# title: Selection of resources
# description: |
#   Chooses the resources that a policy judges, by settings that users write: the packs of planguard share them. The keys
#   are `scope`, which is `all` or `touched`, and the wildcards `types`, `except_types` and `except`, the last one of
#   addresses. Keys that are missing choose everything.
package planguard.lib.selection

import data.planguard.lib.changes
import data.planguard.lib.wildcards

# METADATA
# title: Chosen resources that exist afterwards
# description: Those resources of `changes.resulting` that the settings choose.
# custom:
#   example: |
#     count(selection.resulting({"scope": "touched", "types": ["aws_*"], "except": ["module.web*"]})) == 3
resulting(settings) := [change | some change in changes.resulting; is_chosen(settings, change)]

# METADATA
# title: Whether a resource is chosen
# description: True if the settings choose the resource, whatever happens to it; false otherwise.
# custom:
#   example: |
#     not selection.is_chosen({"except_types": ["aws_s3_*"]}, changes.created[0])
default is_chosen(_, _) := false

is_chosen(settings, change) if {
	_is_in_scope(object.get(settings, "scope", "all"), change)
	wildcards.matches_any(object.get(settings, "types", ["*"]), change.type)
	not wildcards.matches_any(object.get(settings, "except_types", []), change.type)
	not wildcards.matches_any(object.get(settings, "except", []), change.address)
}

_is_in_scope("all", _)

_is_in_scope("touched", change) if changes.is_touched(change)
