resource "aws_db_instance" "db" { #@@ module.app.module.store.aws_db_instance.db | module.other.module.store.aws_db_instance.db
  allocated_storage   = 10            #@ allocated_storage
  engine              = "mysql"       #@ engine
  instance_class      = "db.t3.micro" #@ instance_class
  storage_encrypted   = var.encrypted #@ storage_encrypted
  publicly_accessible = true          #@ publicly_accessible
  skip_final_snapshot = true          #@ skip_final_snapshot
  username            = "root"        #@ username
  password            = "not-secret-1" #@ password
}
