variable "open" { default = "0.0.0.0/0" }
variable "closed" { default = "10.0.0.0/8" }
locals { port = 8080 }

resource "aws_security_group" "same" { #@@ aws_security_group.same #? ingress[0].cidr_blocks ; ingress[1].cidr_blocks ; ingress[0].from_port ; ingress[0]
  name = "same" #@ name
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [var.open]
  }
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [var.closed]
  }
}

resource "aws_security_group" "ports" { #@@ aws_security_group.ports
  name = "ports" #@ name
  ingress { #@ ingress[from_port=443]
    from_port   = 443        #@ ingress[from_port=443].from_port
    to_port     = 443        #@ ingress[from_port=443].to_port
    protocol    = "tcp"      #@ ingress[from_port=443].protocol
    cidr_blocks = [var.open] #@ ingress[from_port=443].cidr_blocks
  }
  ingress { #@ ingress[from_port=22]
    from_port   = 22           #@ ingress[from_port=22].from_port
    to_port     = 22           #@ ingress[from_port=22].to_port
    protocol    = "tcp"        #@ ingress[from_port=22].protocol
    cidr_blocks = [var.closed] #@ ingress[from_port=22].cidr_blocks
  }
}

# The first block can have made either element, the second only one of them.
resource "aws_security_group" "mixed" { #@@ aws_security_group.mixed
  name = "mixed" #@ name
  ingress { #@ ingress[from_port=8080]
    from_port   = local.port #@ ingress[from_port=8080].from_port
    to_port     = local.port #@ ingress[from_port=8080].to_port
    protocol    = "tcp"      #@ ingress[from_port=8080].protocol
    cidr_blocks = [var.open] #@ ingress[from_port=8080].cidr_blocks
  }
  ingress { #@ ingress[from_port=443]
    from_port   = 443          #@ ingress[from_port=443].from_port
    to_port     = 443          #@ ingress[from_port=443].to_port
    protocol    = "tcp"        #@ ingress[from_port=443].protocol
    cidr_blocks = [var.closed] #@ ingress[from_port=443].cidr_blocks
  }
}
