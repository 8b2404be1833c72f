/* The first block
   comment { } */
resource "aws_instance" "web" { #@@ aws_instance.web
  ami           = "ami-0123456789abcdef0" #@ ami
  instance_type = "t3.micro"              #@ instance_type
  # monitoring = true
  #v user_data
  user_data = <<-EOT
    #!/bin/sh
    ebs_optimized = true
    }
  EOT
  ebs_optimized = (true) #@ ebs_optimized

  metadata_options { #@ metadata_options ; metadata_options[0]
    http_tokens = "optional" #@ metadata_options[0].http_tokens
  }
  root_block_device { encrypted = false } #@ root_block_device[0].encrypted
  ebs_block_device { #@ ebs_block_device[0]
    device_name = "/dev/sdf" #@ ebs_block_device[0].device_name
    encrypted   = false      #@ ebs_block_device[0].encrypted
  }

  tags = { #@ tags
    Name           = "é ünïcode \" quote ${1 + 1}" #@ tags.Name
    "dotted.key/x" = "1"                         #@ tags["dotted.key/x"]
    Owner : "team",                              #@ tags.Owner
  }
  volume_tags = merge({ A = "b" }, { #@ volume_tags
    C = "d"
  })
}
