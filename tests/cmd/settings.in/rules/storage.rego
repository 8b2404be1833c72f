package storage

# METADATA
# title: Unknown bucket
deny contains msg if {
	some change in input.resource_changes
	change.type == "aws_s3_bucket"
	not change.name in data.limits.buckets
	msg := sprintf("%s is not among the allowed buckets", [change.address])
}
