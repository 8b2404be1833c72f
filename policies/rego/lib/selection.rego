# METADATA
# title: Selection of resources
# description: |
#   Selects the resources that a policy checks, by the settings that all packs share: `scope` (`all` or `touched`),
#   `types` and `except_types` (wildcards of resource types) and `except` (wildcards of addresses). A missing key
#   excludes nothing.
package planguard.lib.selection

import data.planguard.lib.changes
import data.planguard.lib.wildcards

# METADATA
# title: Selected resources that exist after apply
# description: The resources of `changes.resulting` that the settings select.
# custom:
#   takes:
#     settings.types: wildcards of resource types
#     settings.except_types: wildcards of resource types
#   example: |
#     count(selection.resulting({"scope": "touched", "types": ["aws_*"], "except": ["module.web*"]})) == 3
resulting(settings) := [change | some change in changes.resulting; is_chosen(settings, change)]

# METADATA
# title: Whether a resource is selected
# description: True if the settings select the resource change, even if it deletes the resource; false otherwise.
# custom:
#   takes:
#     settings.types: wildcards of resource types
#     settings.except_types: wildcards of resource types
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
