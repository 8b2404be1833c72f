resource "aws_lb_listener_rule" "rule" { #@@ aws_lb_listener_rule.rule #? condition
  listener_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/x/1/2" #@ listener_arn
  priority     = 1 #@ priority
  action { #@ action[0]
    type             = "forward" #@ action[0].type
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/1" #@ action[0].target_group_arn
  }
  condition { #@ condition[path_pattern]
    path_pattern { values = ["/x"] } #@ condition[path_pattern].path_pattern[0].values
  }
  condition { #@ condition[host_header]
    host_header { #@ condition[host_header].host_header[0]
      values = ["example.com"] #@ condition[host_header].host_header[0].values
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "sse" { #@@ aws_s3_bucket_server_side_encryption_configuration.sse
  bucket = "b" #@ bucket
  rule { #@ rule[0]
    bucket_key_enabled = true #@ rule[0].bucket_key_enabled
    apply_server_side_encryption_by_default { #@ rule[0].apply_server_side_encryption_by_default[0]
      sse_algorithm = "AES256" #@ rule[0].apply_server_side_encryption_by_default[0].sse_algorithm
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "cors" { #@@ aws_s3_bucket_cors_configuration.cors #? cors_rule
  bucket = "b" #@ bucket
  cors_rule { #@ cors_rule[id=z]
    id              = "z"            #@ cors_rule[id=z].id
    allowed_methods = ["PUT", "GET"] #@ cors_rule[id=z].allowed_methods
    allowed_origins = ["*"]          #@ cors_rule[id=z].allowed_origins
  }
  cors_rule { #@ cors_rule[id=a]
    id              = "a"           #@ cors_rule[id=a].id
    allowed_methods = ["GET"]       #@ cors_rule[id=a].allowed_methods
    allowed_origins = ["https://x"] #@ cors_rule[id=a].allowed_origins
  }
}

resource "aws_dynamodb_table" "table" { #@@ aws_dynamodb_table.table
  name         = "t"               #@ name
  billing_mode = "PAY_PER_REQUEST" #@ billing_mode
  hash_key     = "id"              #@ hash_key
  attribute { #@ attribute[name=id]
    name = "id" #@ attribute[name=id].name
    type = "S"  #@ attribute[name=id].type
  }
  attribute { #@ attribute[name=age]
    name = "age" #@ attribute[name=age].name
    type = "N"   #@ attribute[name=age].type
  }
  global_secondary_index { #@ global_secondary_index[0]
    name            = "g"   #@ global_secondary_index[0].name
    hash_key        = "age" #@ global_secondary_index[0].hash_key
    projection_type = "ALL" #@ global_secondary_index[0].projection_type
  }
  point_in_time_recovery { enabled = false } #@ point_in_time_recovery[0].enabled
  server_side_encryption { #@ server_side_encryption[0]
    enabled = true #@ server_side_encryption[0].enabled
  }
}

resource "aws_autoscaling_group" "asg" { #@@ aws_autoscaling_group.asg
  name               = "asg"          #@ name
  min_size           = 1              #@ min_size
  max_size           = 2              #@ max_size
  availability_zones = ["eu-west-1a"] #@ availability_zones
  launch_template { #@ launch_template[0]
    id      = "lt-1"    #@ launch_template[0].id
    version = "$Latest" #@ launch_template[0].version
  }
  tag { #@ tag[key=b]
    key                 = "b"  #@ tag[key=b].key
    value               = "1"  #@ tag[key=b].value
    propagate_at_launch = true #@ tag[key=b].propagate_at_launch
  }
  dynamic "tag" { #@ tag[key=a] ; tag[key=c]
    for_each = { a = "x", c = "y" }
    content {
      key                 = tag.key   #@ tag[key=a].key ; tag[key=c].key
      value               = tag.value #@ tag[key=a].value ; tag[key=c].value
      propagate_at_launch = false     #@ tag[key=a].propagate_at_launch ; tag[key=c].propagate_at_launch
    }
  }
}
