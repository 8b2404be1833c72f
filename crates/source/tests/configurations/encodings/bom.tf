resource "aws_sns_topic" "bom" { #@@ aws_sns_topic.bom
	name = "bom" #@ name
}
