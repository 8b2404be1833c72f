variable "more" { default = ["m1", "m2"] }

resource "aws_codepipeline" "pipe" { #@@ aws_codepipeline.pipe #? stage
  name     = "pipe"                             #@ name
  role_arn = "arn:aws:iam::123456789012:role/x" #@ role_arn
  artifact_store { #@ artifact_store[0]
    location = "bucket" #@ artifact_store[0].location
    type     = "S3"     #@ artifact_store[0].type
  }
  stage { #@ stage[0]
    name = "Source" #@ stage[0].name
    action { #@ stage[0].action[0]
      name             = "S"        #@ stage[0].action[0].name
      category         = "Source"   #@ stage[0].action[0].category
      owner            = "AWS"      #@ stage[0].action[0].owner
      provider         = "S3"       #@ stage[0].action[0].provider
      version          = "1"        #@ stage[0].action[0].version
      output_artifacts = ["out"]    #@ stage[0].action[0].output_artifacts
      configuration = { #@ stage[0].action[0].configuration
        S3Bucket = "b" #@ stage[0].action[0].configuration.S3Bucket
      }
    }
    action { #@ stage[0].action[1]
      name             = "S2"       #@ stage[0].action[1].name
      category         = "Source"   #@ stage[0].action[1].category
      owner            = "AWS"      #@ stage[0].action[1].owner
      provider         = "S3"       #@ stage[0].action[1].provider
      version          = "1"        #@ stage[0].action[1].version
      output_artifacts = ["out2"]   #@ stage[0].action[1].output_artifacts
    }
  }
  dynamic "stage" { #@ stage[1] ; stage[2]
    for_each = var.more
    content {
      name = stage.value #@ stage[1].name ; stage[2].name
      action { #@ stage[1].action[0] ; stage[2].action[0]
        name            = "A"       #@ stage[1].action[0].name ; stage[2].action[0].name
        category        = "Build"   #@ stage[1].action[0].category ; stage[2].action[0].category
        owner           = "AWS"     #@ stage[1].action[0].owner ; stage[2].action[0].owner
        provider        = "CodeBuild" #@ stage[1].action[0].provider ; stage[2].action[0].provider
        version         = "1"       #@ stage[1].action[0].version ; stage[2].action[0].version
        input_artifacts = ["out"]   #@ stage[1].action[0].input_artifacts ; stage[2].action[0].input_artifacts
      }
    }
  }
  stage { #@ stage[3]
    name = "Last" #@ stage[3].name
    action { #@ stage[3].action[0]
      name            = "D"       #@ stage[3].action[0].name
      category        = "Deploy"  #@ stage[3].action[0].category
      owner           = "AWS"     #@ stage[3].action[0].owner
      provider        = "S3"      #@ stage[3].action[0].provider
      version         = "1"       #@ stage[3].action[0].version
      input_artifacts = ["out"]   #@ stage[3].action[0].input_artifacts
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "rules" { #@@ aws_s3_bucket_lifecycle_configuration.rules
  bucket = "b" #@ bucket
  rule { #@ rule[0]
    id     = "one"      #@ rule[0].id
    status = "Disabled" #@ rule[0].status
    filter {} #@ rule[0].filter[0]
    expiration { days = 1 } #@ rule[0].expiration[0].days
  }
  rule { #@ rule[1]
    id     = "two"     #@ rule[1].id
    status = "Enabled" #@ rule[1].status
    filter { prefix = "x/" } #@ rule[1].filter[0].prefix
    transition { #@ rule[1].transition[0]
      days          = 30            #@ rule[1].transition[0].days
      storage_class = "STANDARD_IA" #@ rule[1].transition[0].storage_class
    }
  }
}

resource "aws_lb_listener" "front" { #@@ aws_lb_listener.front
  load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/x/1" #@ load_balancer_arn
  port              = 80     #@ port
  protocol          = "HTTP" #@ protocol
  default_action { #@ default_action[0]
    type = "redirect" #@ default_action[0].type
    redirect { status_code = "HTTP_301" } #@ default_action[0].redirect[0].status_code
  }
}
