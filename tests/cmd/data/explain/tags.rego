package tags

has_owner(rc) if rc.change.after.input.owner != ""
