locals { days = [31, 32] }

resource "aws_s3_bucket" "old" { #@@ aws_s3_bucket.old
  bucket = "old" #@ bucket
  versioning { #@ versioning ; versioning[0]
    enabled = false #@ versioning[0].enabled
  }
  lifecycle_rule { #@ lifecycle_rule[0]
    id      = "first" #@ lifecycle_rule[0].id
    enabled = true #@ lifecycle_rule[0].enabled
    expiration { days = 21 } #@ lifecycle_rule[0].expiration[0].days
  }
  dynamic "lifecycle_rule" { #@ lifecycle_rule[1] ; lifecycle_rule[2]
    for_each = local.days
    content {
      id      = "of-${lifecycle_rule.value}" #@ lifecycle_rule[1].id ; lifecycle_rule[2].id
      enabled = true #@ lifecycle_rule[1].enabled ; lifecycle_rule[2].enabled
      noncurrent_version_expiration { #@ lifecycle_rule[1].noncurrent_version_expiration ; lifecycle_rule[1].noncurrent_version_expiration[0] ; lifecycle_rule[2].noncurrent_version_expiration ; lifecycle_rule[2].noncurrent_version_expiration[0]
        days = lifecycle_rule.value #@ lifecycle_rule[1].noncurrent_version_expiration[0].days ; lifecycle_rule[2].noncurrent_version_expiration[0].days
      }
    }
  }
  lifecycle_rule { #@ lifecycle_rule[3]
    id      = "last" #@ lifecycle_rule[3].id
    enabled = false #@ lifecycle_rule[3].enabled
    prefix  = "x/" #@ lifecycle_rule[3].prefix
    transition { #@ lifecycle_rule[3].transition[0]
      days          = 61 #@ lifecycle_rule[3].transition[0].days
      storage_class = "STANDARD_IA" #@ lifecycle_rule[3].transition[0].storage_class
    }
    transition { #@ lifecycle_rule[3].transition[1]
      days          = 62 #@ lifecycle_rule[3].transition[1].days
      storage_class = "GLACIER" #@ lifecycle_rule[3].transition[1].storage_class
    }
  }
  grant { #@ grant[0]
    type        = "Group" #@ grant[0].type
    permissions = ["READ_ACP", "WRITE"] #@ grant[0].permissions[0] ; grant[0].permissions[1]
    uri         = "http://acs.amazonaws.com/groups/s3/LogDelivery" #@ grant[0].uri
  }
  grant { #@ grant[1]
    id          = "0123" #@ grant[1].id
    type        = "CanonicalUser" #@ grant[1].type
    permissions = ["FULL_CONTROL"] #@ grant[1].permissions[0]
  }
  server_side_encryption_configuration { #@ server_side_encryption_configuration ; server_side_encryption_configuration[0]
    rule { #@ server_side_encryption_configuration[0].rule ; server_side_encryption_configuration[0].rule[0]
      apply_server_side_encryption_by_default { #@ server_side_encryption_configuration[0].rule[0].apply_server_side_encryption_by_default ; server_side_encryption_configuration[0].rule[0].apply_server_side_encryption_by_default[0]
        sse_algorithm = "aws:kms" #@ server_side_encryption_configuration[0].rule[0].apply_server_side_encryption_by_default[0].sse_algorithm
      }
    }
  }
}

resource "aws_instance" "disks" { #@@ aws_instance.disks
  ami           = "ami-0123456789abcdef0" #@ ami
  instance_type = "t3.micro" #@ instance_type
  ebs_block_device { #@ ebs_block_device[1]
    device_name = "/dev/sdg" #@ ebs_block_device[1].device_name
    volume_size = 71 #@ ebs_block_device[1].volume_size
  }
  ebs_block_device { #@ ebs_block_device[0]
    device_name = "/dev/sdf" #@ ebs_block_device[0].device_name
    volume_size = 72 #@ ebs_block_device[0].volume_size
    encrypted   = true #@ ebs_block_device[0].encrypted
  }
  ephemeral_block_device { #@ ephemeral_block_device ; ephemeral_block_device[0]
    device_name  = "/dev/sdh" #@ ephemeral_block_device[0].device_name
    virtual_name = "ephemeral0" #@ ephemeral_block_device[0].virtual_name
  }
  lifecycle {
    ignore_changes = [tags]
  }
}
