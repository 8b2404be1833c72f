variable "rules" {
  default = {
    one = { priority = 11, name = "AWSManagedRulesCommonRuleSet" }
    two = { priority = 12, name = "AWSManagedRulesSQLiRuleSet" }
  }
}

resource "aws_wafv2_web_acl" "acl" { #@@ aws_wafv2_web_acl.acl
  name  = "acl" #@ name
  scope = "REGIONAL" #@ scope

  default_action { #@ default_action ; default_action[0]
    allow {} #@ default_action[0].allow ; default_action[0].allow[0]
  }

  rule { #@ rule[0]
    name     = "limit" #@ rule[0].name
    priority = 1 #@ rule[0].priority
    action { #@ rule[0].action ; rule[0].action[0]
      block {} #@ rule[0].action[0].block ; rule[0].action[0].block[0]
    }
    statement { #@ rule[0].statement ; rule[0].statement[0]
      rate_based_statement { #@ rule[0].statement[0].rate_based_statement ; rule[0].statement[0].rate_based_statement[0]
        limit              = 1000 #@ rule[0].statement[0].rate_based_statement[0].limit
        aggregate_key_type = "IP" #@ rule[0].statement[0].rate_based_statement[0].aggregate_key_type
      }
    }
    visibility_config { #@ rule[0].visibility_config ; rule[0].visibility_config[0]
      cloudwatch_metrics_enabled = false #@ rule[0].visibility_config[0].cloudwatch_metrics_enabled
      metric_name                = "limit-metric" #@ rule[0].visibility_config[0].metric_name
      sampled_requests_enabled   = false #@ rule[0].visibility_config[0].sampled_requests_enabled
    }
  }

  rule { #@ rule[1]
    name     = "countries" #@ rule[1].name
    priority = 2 #@ rule[1].priority
    action { #@ rule[1].action ; rule[1].action[0]
      count {} #@ rule[1].action[0].count ; rule[1].action[0].count[0]
    }
    statement { #@ rule[1].statement ; rule[1].statement[0]
      or_statement { #@ rule[1].statement[0].or_statement ; rule[1].statement[0].or_statement[0]
        statement { #@ rule[1].statement[0].or_statement[0].statement[0]
          geo_match_statement { #@ rule[1].statement[0].or_statement[0].statement[0].geo_match_statement ; rule[1].statement[0].or_statement[0].statement[0].geo_match_statement[0]
            country_codes = ["DE", "FR"] #@ rule[1].statement[0].or_statement[0].statement[0].geo_match_statement[0].country_codes[0] ; rule[1].statement[0].or_statement[0].statement[0].geo_match_statement[0].country_codes[1]
          }
        }
        statement { #@ rule[1].statement[0].or_statement[0].statement[1]
          label_match_statement { #@ rule[1].statement[0].or_statement[0].statement[1].label_match_statement ; rule[1].statement[0].or_statement[0].statement[1].label_match_statement[0]
            scope = "LABEL" #@ rule[1].statement[0].or_statement[0].statement[1].label_match_statement[0].scope
            key   = "a:b" #@ rule[1].statement[0].or_statement[0].statement[1].label_match_statement[0].key
          }
        }
      }
    }
    visibility_config { #@ rule[1].visibility_config ; rule[1].visibility_config[0]
      cloudwatch_metrics_enabled = true #@ rule[1].visibility_config[0].cloudwatch_metrics_enabled
      metric_name                = "countries-metric" #@ rule[1].visibility_config[0].metric_name
      sampled_requests_enabled   = true #@ rule[1].visibility_config[0].sampled_requests_enabled
    }
  }

  dynamic "rule" { #@ rule[2] ; rule[3]
    for_each = var.rules
    content {
      name     = rule.key #@ rule[2].name ; rule[3].name
      priority = rule.value.priority #@ rule[2].priority ; rule[3].priority
      override_action { #@ rule[2].override_action ; rule[2].override_action[0] ; rule[3].override_action ; rule[3].override_action[0]
        none {} #@ rule[2].override_action[0].none[0] ; rule[3].override_action[0].none[0]
      }
      statement { #@ rule[2].statement ; rule[2].statement[0] ; rule[3].statement ; rule[3].statement[0]
        managed_rule_group_statement { #@ rule[2].statement[0].managed_rule_group_statement ; rule[2].statement[0].managed_rule_group_statement[0] ; rule[3].statement[0].managed_rule_group_statement ; rule[3].statement[0].managed_rule_group_statement[0]
          name        = rule.value.name #@ rule[2].statement[0].managed_rule_group_statement[0].name ; rule[3].statement[0].managed_rule_group_statement[0].name
          vendor_name = "AWS" #@ rule[2].statement[0].managed_rule_group_statement[0].vendor_name ; rule[3].statement[0].managed_rule_group_statement[0].vendor_name
          dynamic "rule_action_override" { #@ rule[3].statement[0].managed_rule_group_statement[0].rule_action_override ; rule[2].statement[0].managed_rule_group_statement[0].rule_action_override ; rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0]
            for_each = rule.key == "one" ? ["x"] : []
            content {
              name = rule_action_override.value #@ rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0].name
              action_to_use { #@ rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0].action_to_use ; rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0].action_to_use[0]
                count {} #@ rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0].action_to_use[0].count ; rule[2].statement[0].managed_rule_group_statement[0].rule_action_override[0].action_to_use[0].count[0]
              }
            }
          }
        }
      }
      visibility_config { #@ rule[2].visibility_config ; rule[2].visibility_config[0] ; rule[3].visibility_config ; rule[3].visibility_config[0]
        cloudwatch_metrics_enabled = false #@ rule[2].visibility_config[0].cloudwatch_metrics_enabled ; rule[3].visibility_config[0].cloudwatch_metrics_enabled
        metric_name                = "m-${rule.key}" #@ rule[2].visibility_config[0].metric_name ; rule[3].visibility_config[0].metric_name
        sampled_requests_enabled   = false #@ rule[2].visibility_config[0].sampled_requests_enabled ; rule[3].visibility_config[0].sampled_requests_enabled
      }
    }
  }

  visibility_config { #@ visibility_config ; visibility_config[0]
    cloudwatch_metrics_enabled = true #@ visibility_config[0].cloudwatch_metrics_enabled
    metric_name                = "acl-metric" #@ visibility_config[0].metric_name
    sampled_requests_enabled   = false #@ visibility_config[0].sampled_requests_enabled
  }
}
