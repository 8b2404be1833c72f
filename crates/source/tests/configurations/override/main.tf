resource "aws_db_instance" "db" { #@@ aws_db_instance.db
  allocated_storage   = 10            #@ allocated_storage
  engine              = "mysql"       #@ engine
  instance_class      = "db.t3.micro" #@ instance_class
  storage_encrypted   = true
  publicly_accessible = false
  skip_final_snapshot = true           #@ skip_final_snapshot
  username            = "root"         #@ username
  password            = "not-secret-1" #@ password
}

resource "aws_security_group" "sg" { #@@ aws_security_group.sg
  name = "sg" #@ name
  ingress {
    from_port   = 1
    to_port     = 1
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  dynamic "ingress" {
    for_each = [2]
    content {
      from_port   = 2
      to_port     = 2
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
  egress { #@ egress[0]
    from_port   = 3              #@ egress[0].from_port
    to_port     = 3              #@ egress[0].to_port
    protocol    = "tcp"          #@ egress[0].protocol
    cidr_blocks = ["10.0.0.0/8"] #@ egress[0].cidr_blocks
  }
}

module "m" {
  source = "./a"
}
