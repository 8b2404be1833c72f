# METADATA
# title: Wildcards
# description: |
#   Matches strings against patterns. `*` matches any characters, including dots and slashes; `?` matches one
#   character. All other characters match themselves, so addresses with brackets and quotes need no escaping.
package planguard.lib.wildcards

# METADATA
# title: Whether a string matches
# description: True if the whole string matches the pattern; false otherwise.
# custom:
#   takes: { pattern: wildcards of text }
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
# title: Whether a string matches one of several patterns
# description: True if the whole string matches a pattern of an array or set; false otherwise.
# custom:
#   takes: { patterns: wildcards of text }
#   example: |
#     wildcards.matches_any(["aws_*", "azurerm_*"], "aws_vpc")
default matches_any(_, _) := false

matches_any(patterns, text) if {
	some pattern in patterns
	matches(pattern, text)
}
