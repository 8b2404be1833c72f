


resource aws_sns_topic unquoted { #@@ aws_sns_topic.unquoted

  # "é" 
  name = "u" #@ name
  tags = { größe = "l" } #@ tags ; tags["größe"]
}