package planguard.lib.documents_test

import data.planguard.lib.documents

_one(statement) := documents.statements({"Statement": statement})[0]

test_documents_are_objects_or_json_strings if {
	documents.is_document({})
	documents.is_document("{}")
	every text in ["", "[]", "{", "null", null, 1, []] {
		not documents.is_document(text)
		documents.statements(text) == []
	}
}

test_single_values_and_lists_are_sets if {
	statement := _one({
		"Sid": "a", "Effect": "Allow", "Action": "S3:Get*", "NotAction": ["EC2:*"],
		"Resource": ["r", "r"], "NotResource": "n", "Principal": {"AWS": ["a", "b"], "Service": "c"},
		"NotPrincipal": "*", "Condition": {"Bool": {}},
	})
	statement == {
		"sid": "a", "effect": "Allow", "actions": {"s3:get*"}, "not_actions": {"ec2:*"},
		"resources": {"r"}, "not_resources": {"n"}, "principals": {"a", "b", "c"},
		"not_principals": {"*"}, "conditions": {"Bool": {}},
	}
}

test_missing_parts_of_a_statement_are_empty if {
	empty := _one({})
	empty.actions == set()
	empty.principals == set()
	empty.conditions == {}
	documents.statements({"Statement": ["no object", {"Sid": "x"}]})[0].sid == "x"
	documents.statements({}) == []
}

test_allow_statements_are_selected if {
	allowing := documents.allowing("{\"Statement\":[{\"Effect\":\"Allow\",\"Sid\":\"a\"},{\"Effect\":\"Deny\"},{}]}")
	[statement.sid | some statement in allowing] == ["a"]
}

test_wildcard_actions_are_those_of_a_whole_service if {
	every action in ["*", "s3:*", "IAM:*"] { documents.has_wildcard_action(_one({"Action": action})) }
	documents.has_wildcard_action(_one({"NotAction": "iam:PassRole"}))
	every action in ["s3:Get*", "s3:GetObject", []] { not documents.has_wildcard_action(_one({"Action": action})) }
}

test_wildcard_resources_are_a_star_or_not_resource if {
	documents.has_wildcard_resource(_one({"Resource": ["a", "*"]}))
	documents.has_wildcard_resource(_one({"NotResource": "a"}))
	not documents.has_wildcard_resource(_one({"Resource": "arn:aws:s3:::logs/*"}))
}

test_any_principal_is_a_star_without_conditions if {
	documents.is_for_everybody(_one({"Principal": "*"}))
	documents.is_for_everybody(_one({"Principal": {"AWS": ["a", "*"]}}))
	documents.is_for_everybody(_one({"NotPrincipal": {"AWS": "a"}}))
	not documents.is_for_everybody(_one({"Principal": "*", "Condition": {"StringEquals": {}}}))
	not documents.is_for_everybody(_one({"NotPrincipal": "a", "Condition": {"StringEquals": {}}}))
	not documents.is_for_everybody(_one({"Principal": {"Service": "a"}}))
}

test_actions_are_covered_by_patterns if {
	every pattern in ["*", "s3:*", "S3:get?bject", "s3:GetObject"] {
		documents.covers(_one({"Action": pattern}), "s3:GetObject")
	}
	not documents.covers(_one({"Action": "s3:Get"}), "s3:GetObject")
	not documents.covers(_one({"Action": "s3:Put*"}), "s3:GetObject")
	documents.covers(_one({"NotAction": ["iam:*", "ec2:*"]}), "s3:GetObject")
	not documents.covers(_one({"NotAction": ["iam:*", "s3:*"]}), "s3:GetObject")
}
