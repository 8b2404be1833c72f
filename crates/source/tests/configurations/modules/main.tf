module "app" {
  source    = "./app"
  for_each  = { "eu.west" = "10.0.0.0/8", "us[1]" = "0.0.0.0/0" }
  cidr      = each.value
  encrypted = false
}

module "other" {
  source    = "./app/"
  count     = 2
  cidr      = "192.168.0.0/16"
  encrypted = true
}

resource "aws_kms_key" "key" { #@@ aws_kms_key.key
  enable_key_rotation = false #@ enable_key_rotation
}
