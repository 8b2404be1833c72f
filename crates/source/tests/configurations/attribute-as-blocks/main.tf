locals { any = "0.0.0.0/0" }

resource "aws_security_group" "objects" { #@@ aws_security_group.objects
  name = "objects" #@ name
  ingress = [ #@ ingress
    {
      description      = "b"             #@ ingress[description=b].description
      from_port        = 80              #@ ingress[description=b].from_port
      to_port          = 80              #@ ingress[description=b].to_port
      protocol         = "tcp"           #@ ingress[description=b].protocol
      cidr_blocks      = [local.any]     #@ ingress[description=b].cidr_blocks
      ipv6_cidr_blocks = [] #@ ingress[description=b].ipv6_cidr_blocks
      prefix_list_ids  = [] #@ ingress[description=b].prefix_list_ids
      security_groups  = [] #@ ingress[description=b].security_groups
      self             = false           #@ ingress[description=b].self
    },
    {
      description = "a", from_port = 22, #@ ingress[description=a].description ; ingress[description=a].from_port
      to_port          = 22              #@ ingress[description=a].to_port
      protocol         = "tcp"           #@ ingress[description=a].protocol
      cidr_blocks      = ["10.0.0.0/8"]  #@ ingress[description=a].cidr_blocks
      ipv6_cidr_blocks = [] #@ ingress[description=a].ipv6_cidr_blocks
      prefix_list_ids  = [] #@ ingress[description=a].prefix_list_ids
      security_groups  = [] #@ ingress[description=a].security_groups
      self             = false           #@ ingress[description=a].self
    },
  ]
  egress = [for port in [1, 2] : { #@ egress ; egress[*].from_port ; egress[*].cidr_blocks
    description      = ""
    from_port        = port
    to_port          = port
    protocol         = "tcp"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = []
    prefix_list_ids  = []
    security_groups  = []
    self             = false
  }]
}

resource "aws_route_table" "routes" { #@@ aws_route_table.routes #? route
  vpc_id = "vpc-1" #@ vpc_id
  route { #@ route[cidr_block=0.0.0.0/0]
    cidr_block = "0.0.0.0/0" #@ route[cidr_block=0.0.0.0/0].cidr_block
    gateway_id = "igw-1"     #@ route[cidr_block=0.0.0.0/0].gateway_id
  }
  route { #@ route[cidr_block=10.0.0.0/8]
    cidr_block     = "10.0.0.0/8" #@ route[cidr_block=10.0.0.0/8].cidr_block
    nat_gateway_id = "nat-1"      #@ route[cidr_block=10.0.0.0/8].nat_gateway_id
  }
}
