resource "aws_security_group" "sg" { #@@ aws_security_group.sg
  name        = "literals" #@ name
  description = "three"    #@ description

  ingress { #@ ingress[description=web]
    description = "web"         #@ ingress[description=web].description
    from_port   = 80            #@ ingress[description=web].from_port
    to_port     = 80            #@ ingress[description=web].to_port
    protocol    = "tcp"         #@ ingress[description=web].protocol
    cidr_blocks = ["0.0.0.0/0"] #@ ingress[description=web].cidr_blocks
  }
  ingress { #@ ingress[description=ssh]
    description = "ssh"           #@ ingress[description=ssh].description
    from_port   = 22              #@ ingress[description=ssh].from_port
    to_port     = 22              #@ ingress[description=ssh].to_port
    protocol    = "TCP"           #@ ingress[description=ssh].protocol
    cidr_blocks = ["10.0.0.0/8", "172.16.0.0/12"] #@ ingress[description=ssh].cidr_blocks ; ingress[description=ssh].cidr_blocks[1]
  }
  ingress { #@ ingress[description=a-dns]
    description      = "a-dns"   #@ ingress[description=a-dns].description
    from_port        = "53"      #@ ingress[description=a-dns].from_port
    to_port          = "53"      #@ ingress[description=a-dns].to_port
    protocol         = "udp"     #@ ingress[description=a-dns].protocol
    ipv6_cidr_blocks = ["::/0"]  #@ ingress[description=a-dns].ipv6_cidr_blocks
  }
  egress { #@ egress ; egress[0]
    from_port   = 0             #@ egress[0].from_port
    to_port     = 0             #@ egress[0].to_port
    protocol    = "all"         #@ egress[0].protocol
    cidr_blocks = ["0.0.0.0/0"] #@ egress[0].cidr_blocks
  }
}
