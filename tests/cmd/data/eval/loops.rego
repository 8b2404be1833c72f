package main

deny contains msg if {
	some rc in input.resource_changes
	print("looking at", rc.address)
	rc.type == "aws_s3_bucket"
	msg := sprintf("%s is a bucket", [rc.address])
}

bad := count(1)
