resource "aws_sns_topic" "topic" { #@@ aws_sns_topic.topic
  name = "topic" #@ name
}

variable "accounts" { default = ["111111111111", "222222222222"] }

data "aws_iam_policy_document" "policy" { #@@ data.aws_iam_policy_document.policy
  statement { #@ statement[0]
    sid       = "First" #@ statement[0].sid
    actions   = ["sns:Publish"] #@ statement[0].actions[0]
    resources = [aws_sns_topic.topic.arn] #@ statement[0].resources
    principals { #@ statement[0].principals[1]
      type        = "Service" #@ statement[0].principals[1].type
      identifiers = ["s3.amazonaws.com"] #@ statement[0].principals[1].identifiers[0]
    }
    principals { #@ statement[0].principals[0]
      type        = "AWS" #@ statement[0].principals[0].type
      identifiers = ["333333333333"] #@ statement[0].principals[0].identifiers[0]
    }
    condition { #@ statement[0].condition ; statement[0].condition[0]
      test     = "StringEquals" #@ statement[0].condition[0].test
      variable = "aws:SourceAccount" #@ statement[0].condition[0].variable
      values   = ["444444444444"] #@ statement[0].condition[0].values[0]
    }
  }
  dynamic "statement" { #@ statement[1] ; statement[2]
    for_each = var.accounts
    iterator = account
    content {
      sid       = "Of${account.value}" #@ statement[1].sid ; statement[2].sid
      actions   = ["sns:Subscribe"] #@ statement[1].actions[0] ; statement[2].actions[0]
      resources = ["*"] #@ statement[1].resources[0] ; statement[2].resources[0]
      principals { #@ statement[1].principals ; statement[1].principals[0] ; statement[2].principals ; statement[2].principals[0]
        type        = "AWS" #@ statement[1].principals[0].type ; statement[2].principals[0].type
        identifiers = [account.value] #@ statement[1].principals[0].identifiers[0] ; statement[2].principals[0].identifiers[0]
      }
    }
  }
  statement { #@ statement[3]
    sid         = "Last" #@ statement[3].sid
    effect      = "Deny" #@ statement[3].effect
    not_actions = ["sns:GetTopicAttributes"] #@ statement[3].not_actions[0]
    resources   = [aws_sns_topic.topic.arn] #@ statement[3].resources
  }
}

resource "aws_sns_topic_policy" "policy" { #@@ aws_sns_topic_policy.policy
  arn    = aws_sns_topic.topic.arn
  policy = data.aws_iam_policy_document.policy.json
}
