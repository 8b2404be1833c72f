variable "from" { default = "192.0.2.1/32" }

resource "aws_security_group" "protocols" { #@@ aws_security_group.protocols
  name = "protocols" #@ name
  ingress { #@ ingress[1]
    description = "tcp by number" #@ ingress[1].description
    from_port   = 1001 #@ ingress[1].from_port
    to_port     = 1002 #@ ingress[1].to_port
    protocol    = "6" #@ ingress[1].protocol
    cidr_blocks = [var.from] #@ ingress[1].cidr_blocks[0]
  }
  ingress { #@ ingress[0]
    description = "udp by number" #@ ingress[0].description
    from_port   = 1003 #@ ingress[0].from_port
    to_port     = 1004 #@ ingress[0].to_port
    protocol    = 17 #@ ingress[0].protocol
    cidr_blocks = [var.from, "192.0.2.2/32"] #@ ingress[0].cidr_blocks[0] ; ingress[0].cidr_blocks[1]
  }
  egress { #@ egress[0]
    from_port   = 1005 #@ egress[0].from_port
    to_port     = 1006 #@ egress[0].to_port
    protocol    = "6" #@ egress[0].protocol
    cidr_blocks = [var.from] #@ egress[0].cidr_blocks[0]
  }
  egress { #@ egress[1]
    from_port   = 0 #@ egress[1].from_port
    to_port     = 0 #@ egress[1].to_port
    protocol    = "ALL" #@ egress[1].protocol
    cidr_blocks = ["192.0.2.3/32"] #@ egress[1].cidr_blocks[0]
  }
}

resource "aws_security_group" "twice" { #@@ aws_security_group.twice #? ingress[0].from_port ; ingress[0].cidr_blocks[0] ; ingress[0]
  name = "twice" #@ name
  ingress {
    from_port   = 1011
    to_port     = 1011
    protocol    = "tcp"
    cidr_blocks = ["192.0.2.4/32"]
  }
  ingress {
    from_port   = 1011
    to_port     = 1011
    protocol    = "tcp"
    cidr_blocks = ["192.0.2.4/32"]
  }
  ingress { #@ ingress[1]
    from_port   = 1012 #@ ingress[1].from_port
    to_port     = 1012 #@ ingress[1].to_port
    protocol    = "tcp" #@ ingress[1].protocol
    cidr_blocks = ["192.0.2.4/32"] #@ ingress[1].cidr_blocks[0]
  }
}

resource "aws_network_acl" "acl" { #@@ aws_network_acl.acl
  vpc_id = "vpc-1" #@ vpc_id
  ingress { #@ ingress[0]
    rule_no    = 200 #@ ingress[0].rule_no
    action     = "allow" #@ ingress[0].action
    protocol   = "-1" #@ ingress[0].protocol
    from_port  = 0 #@ ingress[0].from_port
    to_port    = 0 #@ ingress[0].to_port
    cidr_block = "192.0.2.5/32" #@ ingress[0].cidr_block
  }
  ingress { #@ ingress[1]
    rule_no    = 100 #@ ingress[1].rule_no
    action     = "deny" #@ ingress[1].action
    protocol   = "tcp" #@ ingress[1].protocol
    from_port  = 1021 #@ ingress[1].from_port
    to_port    = 1022 #@ ingress[1].to_port
    cidr_block = "192.0.2.6/32" #@ ingress[1].cidr_block
  }
}

resource "aws_elb" "classic" { #@@ aws_elb.classic
  name               = "classic" #@ name
  availability_zones = ["eu-west-1a"] #@ availability_zones[0]
  listener { #@ listener[0]
    instance_port     = 1031 #@ listener[0].instance_port
    instance_protocol = "HTTP" #@ listener[0].instance_protocol
    lb_port           = 1032 #@ listener[0].lb_port
    lb_protocol       = "https" #@ listener[0].lb_protocol
    ssl_certificate_id = "arn:aws:iam::123456789012:server-certificate/x" #@ listener[0].ssl_certificate_id
  }
  listener { #@ listener[1]
    instance_port     = 1033 #@ listener[1].instance_port
    instance_protocol = "tcp" #@ listener[1].instance_protocol
    lb_port           = 1034 #@ listener[1].lb_port
    lb_protocol       = "TCP" #@ listener[1].lb_protocol
  }
  health_check { #@ health_check ; health_check[0]
    healthy_threshold   = 2 #@ health_check[0].healthy_threshold
    unhealthy_threshold = 3 #@ health_check[0].unhealthy_threshold
    timeout             = 4 #@ health_check[0].timeout
    target              = "HTTP:1035/" #@ health_check[0].target
    interval            = 30 #@ health_check[0].interval
  }
  access_logs { #@ access_logs ; access_logs[0]
    bucket = "logs" #@ access_logs[0].bucket
  }
}
