variable "cidr" {}
variable "encrypted" {}

module "store" {
  source    = "../store"
  encrypted = var.encrypted
}

resource "aws_security_group" "app" { #@@ module.app.aws_security_group.app | module.other.aws_security_group.app
  name = "app" #@ name
  ingress { #@ ingress ; ingress[0]
    from_port   = 443        #@ ingress[0].from_port
    to_port     = 443        #@ ingress[0].to_port
    protocol    = "tcp"      #@ ingress[0].protocol
    cidr_blocks = [var.cidr] #@ ingress[0].cidr_blocks ; ingress[0].cidr_blocks[0]
  }
}
