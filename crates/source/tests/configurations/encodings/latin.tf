# café
resource "aws_sns_topic" "latin" { #@@ aws_sns_topic.latin
  /* é */ name = "latin" #@ name
}
