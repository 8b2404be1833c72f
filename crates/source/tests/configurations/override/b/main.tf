resource "aws_sns_topic" "topic" { #@@ module.m.aws_sns_topic.topic
  name = "b" #@ name
}
