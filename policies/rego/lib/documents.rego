# METADATA
# title: Policy documents
# description: |
#   Reads IAM policy documents, which are JSON strings in a plan. Values that can be a string or a list of strings,
#   such as actions, are always returned as sets. A document that is known only after apply has no statements; see the
#   package `unknown`.
package planguard.lib.documents

# METADATA
# title: Whether a value is a document
# description: True for an object and for a JSON string that contains an object; false otherwise.
# custom:
#   example: |
#     not documents.is_document("no JSON")
default is_document(_) := false

is_document(document) if is_object(document)

is_document(document) if _is_text_of_object(document)

# METADATA
# title: Statements of a document
# description: |
#   Returns the statements of a document, given as a JSON string or an object. Each statement is an object with `sid`,
#   `effect`, the sets `actions`, `not_actions`, `resources`, `not_resources`, `principals` and `not_principals`, and
#   the object `conditions`. Actions are in lower case, because IAM ignores their case. Principals are listed without
#   their type: `*`, an ARN or a service. Empty if the value is not a document.
# custom:
#   example: |
#     documents.statements("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"S3:*\"}}")[0].actions == {"s3:*"}
statements(document) := [_statement(statement) |
	some statement in _list(object.get(_parsed(document), "Statement", []))
	is_object(statement)
]

# METADATA
# title: Allow statements
# description: The statements with the effect `Allow`.
# custom:
#   example: |
#     documents.allowing({"Statement": [{"Effect": "Deny", "Action": "*"}]}) == []
allowing(document) := [statement | some statement in statements(document); statement.effect == "Allow"]

# METADATA
# title: Whether a statement has a wildcard action
# description: |
#   True if an action of the statement is `*` or covers a whole service, such as `s3:*`, or if the statement has
#   `NotAction`; false otherwise.
# custom:
#   example: |
#     documents.has_wildcard_action(documents.statements({"Statement": {"Action": ["s3:Get*", "ec2:*"]}})[0])
default has_wildcard_action(_) := false

has_wildcard_action(statement) if {
	some action in statement.actions
	regex.match(`^(\*|[a-z0-9-]+:\*)$`, action)
}

has_wildcard_action(statement) if count(statement.not_actions) > 0

# METADATA
# title: Whether a statement has a wildcard resource
# description: True if a resource of the statement is `*`, or if the statement has `NotResource`; false otherwise.
# custom:
#   example: |
#     documents.has_wildcard_resource(documents.statements({"Statement": {"Resource": "*"}})[0])
default has_wildcard_resource(_) := false

has_wildcard_resource(statement) if "*" in statement.resources

has_wildcard_resource(statement) if count(statement.not_resources) > 0

# METADATA
# title: Whether a statement applies to any principal
# description: |
#   True if the statement has the principal `*` or `NotPrincipal`, and no conditions; false otherwise.
# custom:
#   example: |
#     documents.is_for_everybody(documents.statements({"Statement": {"Principal": {"AWS": "*"}}})[0])
default is_for_everybody(_) := false

is_for_everybody(statement) if {
	"*" in statement.principals
	statement.conditions == {}
}

is_for_everybody(statement) if {
	count(statement.not_principals) > 0
	statement.conditions == {}
}

# METADATA
# title: Whether a statement covers an action
# description: |
#   True if the statement covers an action, such as `s3:GetObject`; false otherwise. Wildcards (`*`, `?`) in the
#   statement are expanded. The effect of the statement is not considered.
# custom:
#   example: |
#     documents.covers(documents.statements({"Statement": {"Action": "s3:Get*"}})[0], "s3:GetObject")
default covers(_, _) := false

covers(statement, action) if {
	some pattern in statement.actions
	_matches(pattern, lower(action))
}

covers(statement, action) if {
	count(statement.not_actions) > 0
	every pattern in statement.not_actions { not _matches(pattern, lower(action)) }
}

_matches(pattern, action) if {
	literal := regex.replace(pattern, `[^a-zA-Z0-9:*?-]`, "")
	expression := replace(replace(literal, "*", ".*"), "?", ".")
	regex.match(concat("", ["^", expression, "$"]), action)
}

_is_text_of_object(document) if {
	is_string(document)
	json.is_valid(document)
	is_object(json.unmarshal(document))
}

_parsed(document) := document if {
	is_object(document)
} else := json.unmarshal(document) if {
	_is_text_of_object(document)
} else := {}

_statement(statement) := {
	"sid": object.get(statement, "Sid", ""),
	"effect": object.get(statement, "Effect", ""),
	"actions": {lower(action) | some action in _texts(object.get(statement, "Action", []))},
	"not_actions": {lower(action) | some action in _texts(object.get(statement, "NotAction", []))},
	"resources": _texts(object.get(statement, "Resource", [])),
	"not_resources": _texts(object.get(statement, "NotResource", [])),
	"principals": _principals(object.get(statement, "Principal", [])),
	"not_principals": _principals(object.get(statement, "NotPrincipal", [])),
	"conditions": object.get(statement, "Condition", {}),
}

_principals(principals) := {text | some kind, _ in principals; some text in _texts(principals[kind])} if {
	is_object(principals)
} else := _texts(principals)

_texts(value) := {text | some text in _list(value); is_string(text)}

_list(value) := value if {
	is_array(value)
} else := [value]
