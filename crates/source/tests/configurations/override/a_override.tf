resource "aws_db_instance" "db" {
  storage_encrypted   = false #@@ aws_db_instance.db #@ storage_encrypted
  publicly_accessible = false
}
resource "aws_security_group" "sg" {
  dynamic "ingress" { #@@ aws_security_group.sg #@ ingress ; ingress[*]
    for_each = [4, 5]
    content {
      from_port   = ingress.value  #@ ingress[*].from_port
      to_port     = ingress.value  #@ ingress[*].to_port
      protocol    = "tcp"          #@ ingress[*].protocol
      cidr_blocks = ["0.0.0.0/0"]  #@ ingress[*].cidr_blocks
    }
  }
}
module "m" {
  source = "./b"
}
