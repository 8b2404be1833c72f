resource "aws_vpc" "vpc" { #@@ module.twice.aws_vpc.vpc
  cidr_block = "10.0.0.0/16" #@ cidr_block
}
module "inner" {
  source = "../inner"
}
