variable "ports" { default = [80, 443] }

resource "aws_security_group" "only" { #@@ aws_security_group.only
  name = "only" #@ name
  dynamic "ingress" { #@ ingress ; ingress[*] #? ingress[*].self
    for_each = var.ports
    iterator = port
    content {
      description = "port ${port.value}" #@ ingress[*].description
      from_port   = port.value           #@ ingress[*].from_port
      to_port     = port.value           #@ ingress[*].to_port
      protocol    = "tcp"                #@ ingress[*].protocol
      cidr_blocks = [                    #@ ingress[*].cidr_blocks ; ingress[*].cidr_blocks[0]
        "0.0.0.0/0",
      ]
    }
  }
}

resource "aws_security_group" "beside" { #@@ aws_security_group.beside #? ingress
  name = "beside" #@ name
  ingress { #@ ingress[from_port=22]
    from_port   = 22             #@ ingress[from_port=22].from_port
    to_port     = 22             #@ ingress[from_port=22].to_port
    protocol    = "tcp"          #@ ingress[from_port=22].protocol
    cidr_blocks = ["10.0.0.0/8"] #@ ingress[from_port=22].cidr_blocks
  }
  dynamic "ingress" { #@ ingress[from_port=80] ; ingress[from_port=443]
    for_each = toset(var.ports)
    content {
      from_port   = ingress.value   #@ ingress[from_port=80].from_port ; ingress[from_port=443].from_port
      to_port     = ingress.value   #@ ingress[from_port=80].to_port ; ingress[from_port=443].to_port
      protocol    = "tcp"           #@ ingress[from_port=80].protocol ; ingress[from_port=443].protocol
      cidr_blocks = ["0.0.0.0/0"]   #@ ingress[from_port=80].cidr_blocks ; ingress[from_port=443].cidr_blocks
    }
  }
}

resource "aws_security_group" "none" { #@@ aws_security_group.none #? ingress
  name = "none" #@ name
}

resource "aws_instance" "conditional" { #@@ aws_instance.conditional
  ami           = "ami-0123456789abcdef0" #@ ami
  instance_type = "t3.micro"              #@ instance_type
  dynamic "root_block_device" { #@ root_block_device ; root_block_device[0]
    for_each = true ? [1] : []
    content {
      encrypted = false #@ root_block_device[0].encrypted
    }
  }
  dynamic "metadata_options" {
    for_each = []
    content {
      http_tokens = "required"
    }
  }
}
