variable "buckets" {
  type = map(string)
  default = {
    "a.b"      = "x"
    "c[0]"     = "y"
    "q\"uote"  = "z"
    "$${t}"    = "w"
    "ü\\back" = "v"
  }
}

resource "aws_s3_bucket" "many" { #@@ aws_s3_bucket.many
  for_each      = var.buckets
  bucket_prefix = each.value #@ bucket_prefix
  force_destroy = true       #@ force_destroy
  tags          = { Key = each.key } #@ tags ; tags.Key
}

resource "aws_ebs_volume" "numbered" { #@@ aws_ebs_volume.numbered
  count             = 3
  availability_zone = "eu-west-1a"     #@ availability_zone
  size              = 10 + count.index #@ size
  encrypted         = count.index > 0  #@ encrypted
}

resource "aws_sns_topic" "zero" {
  count = 0
  name  = "never"
}
