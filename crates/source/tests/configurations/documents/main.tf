resource "aws_sqs_queue" "queue" { #@@ aws_sqs_queue.queue
  name = "q" #@ name
}

data "aws_iam_policy_document" "policy" { #@@ data.aws_iam_policy_document.policy #? statement
  version = "2012-10-17" #@ version
  statement { #@ statement[0]
    sid       = "One"         #@ statement[0].sid
    actions   = ["sqs:*"]     #@ statement[0].actions
    resources = ["*"]         #@ statement[0].resources
    principals { #@ statement[0].principals[0]
      type        = "AWS" #@ statement[0].principals[0].type
      identifiers = ["*"] #@ statement[0].principals[0].identifiers
    }
  }
  statement { #@ statement[1]
    sid       = "Two"                     #@ statement[1].sid
    effect    = "Deny"                    #@ statement[1].effect
    actions   = ["sqs:DeleteQueue"]       #@ statement[1].actions
    resources = [aws_sqs_queue.queue.arn] #@ statement[1].resources
  }
}

resource "aws_iam_policy" "inline" { #@@ aws_iam_policy.inline
  name = "p" #@ name
  policy = jsonencode({ #@ policy
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "*"
      Resource = "*"
    }]
  })
}

resource "aws_iam_role" "role" { #@@ aws_iam_role.role
  name               = "r" #@ name
  #v assume_role_policy
  assume_role_policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "${"*"}"}}]
}
EOF
  max_session_duration = 7200 #@ max_session_duration
}

resource "aws_lambda_function" "function" { #@@ aws_lambda_function.function
  function_name = "f"                                 #@ function_name
  role          = "arn:aws:iam::123456789012:role/x"  #@ role
  runtime       = "python3.8"                         #@ runtime
  handler       = "a.b"                               #@ handler
  s3_bucket     = "b"                                 #@ s3_bucket
  s3_key        = "k"                                 #@ s3_key
  environment { #@ environment[0]
    variables = { #@ environment[0].variables
      MODE = "x" #@ environment[0].variables.MODE
    }
  }
  tracing_config { mode = "PassThrough" } #@ tracing_config[0].mode
}

resource "aws_ecs_task_definition" "task" { #@@ aws_ecs_task_definition.task
  family = "t" #@ family
  container_definitions = jsonencode([{ #@ container_definitions
    name  = "c"
    image = "x:latest"
  }])
  volume { #@ volume[0]
    name = "v" #@ volume[0].name
  }
}

resource "aws_launch_template" "template" { #@@ aws_launch_template.template
  name_prefix = "xyz" #@ name_prefix
  block_device_mappings { #@ block_device_mappings[0]
    device_name = "/dev/sda1" #@ block_device_mappings[0].device_name
    ebs { #@ block_device_mappings[0].ebs[0]
      volume_size = 10 #@ block_device_mappings[0].ebs[0].volume_size
    }
  }
  block_device_mappings { #@ block_device_mappings[1]
    device_name = "/dev/sdb" #@ block_device_mappings[1].device_name
    ebs { #@ block_device_mappings[1].ebs[0]
      volume_size = 20     #@ block_device_mappings[1].ebs[0].volume_size
      encrypted   = "false" #@ block_device_mappings[1].ebs[0].encrypted
    }
  }
  metadata_options { #@ metadata_options[0]
    http_tokens = "optional" #@ metadata_options[0].http_tokens
  }
  network_interfaces { #@ network_interfaces[0]
    associate_public_ip_address = true #@ network_interfaces[0].associate_public_ip_address
  }
}
