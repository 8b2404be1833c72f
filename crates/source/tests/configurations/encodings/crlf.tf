resource "aws_sns_topic" "crlf" { #@@ aws_sns_topic.crlf
  #v display_name
  display_name = <<-EOT
    resource "x" "y" {
  EOT

	name = "crlf" #@ name
	tags = { #@ tags
		A = "b" #@ tags.A
	}
}
