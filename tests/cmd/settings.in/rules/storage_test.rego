package storage_test

import data.storage

test_unknown_bucket if {
	plan := {"resource_changes": [{"address": "aws_s3_bucket.x", "type": "aws_s3_bucket", "name": "x"}]}
	count(storage.deny) == 1 with input as plan
}
