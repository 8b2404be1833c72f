# METADATA
# title: Wildcards
# description: |
#   Compares texts with patterns in which `*` stands for any characters, dots and slashes included, and `?` for one. All
#   other characters stand for themselves, so that addresses with brackets and quotes can be written as they are.
package planguard.lib.wildcards

# METADATA
# title: Whether a text matches
# description: True if all of the text matches the pattern; false otherwise.
# custom:
#   example: |
#     wildcards.matches("module.web[*].aws_*", "module.web[\"a.b\"].aws_instance.app")
default matches(_, _) := false

matches(pattern, text) if {
	is_string(text)
	literal := regex.replace(pattern, `[.+^$()|\[\]{}\\]`, `\$0`)
	expression := replace(replace(literal, "*", ".*"), "?", ".")
	regex.match(concat("", ["(?s)^", expression, "$"]), text)
}

# METADATA
# title: Whether a text matches one of several patterns
# description: True if the text matches a pattern of an array or set; false otherwise.
# custom:
#   example: |
#     wildcards.matches_any(["aws_*", "azurerm_*"], "aws_vpc")
default matches_any(_, _) := false

matches_any(patterns, text) if {
	some pattern in patterns
	matches(pattern, text)
}
