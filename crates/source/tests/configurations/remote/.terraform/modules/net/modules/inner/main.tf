resource "aws_subnet" "subnet" { #@@ module.net.module.inner.aws_subnet.subnet
  vpc_id                  = "vpc-1"       #@ vpc_id
  cidr_block              = "10.0.0.0/24" #@ cidr_block
  map_public_ip_on_launch = true          #@ map_public_ip_on_launch
}
