resource "aws_ecs_service" "service" { #@@ aws_ecs_service.service
  name            = "service" #@ name
  task_definition = "t:1" #@ task_definition
  desired_count   = 3 #@ desired_count
  load_balancer { #@ load_balancer[0]
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/one/1" #@ load_balancer[0].target_group_arn
    container_name   = "c-one" #@ load_balancer[0].container_name
    container_port   = 3001 #@ load_balancer[0].container_port
  }
  load_balancer { #@ load_balancer[1]
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/two/1" #@ load_balancer[1].target_group_arn
    container_name   = "c-two" #@ load_balancer[1].container_name
    container_port   = 3002 #@ load_balancer[1].container_port
  }
  network_configuration { #@ network_configuration ; network_configuration[0]
    subnets          = ["subnet-1"] #@ network_configuration[0].subnets[0]
    assign_public_ip = true #@ network_configuration[0].assign_public_ip
  }
  capacity_provider_strategy { #@ capacity_provider_strategy[1]
    capacity_provider = "FARGATE_SPOT" #@ capacity_provider_strategy[1].capacity_provider
    weight            = 5 #@ capacity_provider_strategy[1].weight
  }
  capacity_provider_strategy { #@ capacity_provider_strategy[0]
    capacity_provider = "FARGATE" #@ capacity_provider_strategy[0].capacity_provider
    weight            = 6 #@ capacity_provider_strategy[0].weight
  }
}

resource "aws_ssm_patch_baseline" "baseline" { #@@ aws_ssm_patch_baseline.baseline
  name             = "baseline" #@ name
  operating_system = "AMAZON_LINUX_2" #@ operating_system
  approval_rule { #@ approval_rule[0]
    approve_after_days = 7 #@ approval_rule[0].approve_after_days
    compliance_level   = "HIGH" #@ approval_rule[0].compliance_level
    patch_filter { #@ approval_rule[0].patch_filter[0]
      key    = "PRODUCT" #@ approval_rule[0].patch_filter[0].key
      values = ["AmazonLinux2"] #@ approval_rule[0].patch_filter[0].values[0]
    }
    patch_filter { #@ approval_rule[0].patch_filter[1]
      key    = "SEVERITY" #@ approval_rule[0].patch_filter[1].key
      values = ["Critical"] #@ approval_rule[0].patch_filter[1].values[0]
    }
  }
  approval_rule { #@ approval_rule[1]
    approve_after_days = 8 #@ approval_rule[1].approve_after_days
    patch_filter { #@ approval_rule[1].patch_filter ; approval_rule[1].patch_filter[0]
      key    = "CLASSIFICATION" #@ approval_rule[1].patch_filter[0].key
      values = ["Security"] #@ approval_rule[1].patch_filter[0].values[0]
    }
  }
}

resource "aws_elasticache_replication_group" "cache" { #@@ aws_elasticache_replication_group.cache
  replication_group_id       = "cache" #@ replication_group_id
  description                = "a cache" #@ description
  transit_encryption_enabled = false #@ transit_encryption_enabled
  node_type                  = "cache.t3.micro" #@ node_type
  log_delivery_configuration { #@ log_delivery_configuration[1]
    destination      = "slow" #@ log_delivery_configuration[1].destination
    destination_type = "cloudwatch-logs" #@ log_delivery_configuration[1].destination_type
    log_format       = "text" #@ log_delivery_configuration[1].log_format
    log_type         = "slow-log" #@ log_delivery_configuration[1].log_type
  }
  log_delivery_configuration { #@ log_delivery_configuration[0]
    destination      = "engine" #@ log_delivery_configuration[0].destination
    destination_type = "cloudwatch-logs" #@ log_delivery_configuration[0].destination_type
    log_format       = "json" #@ log_delivery_configuration[0].log_format
    log_type         = "engine-log" #@ log_delivery_configuration[0].log_type
  }
}

resource "aws_msk_cluster" "kafka" { #@@ aws_msk_cluster.kafka
  cluster_name           = "kafka" #@ cluster_name
  kafka_version          = "3.5.1" #@ kafka_version
  number_of_broker_nodes = 3 #@ number_of_broker_nodes
  broker_node_group_info { #@ broker_node_group_info ; broker_node_group_info[0]
    instance_type   = "kafka.t3.small" #@ broker_node_group_info[0].instance_type
    client_subnets  = ["subnet-1", "subnet-2", "subnet-3"] #@ broker_node_group_info[0].client_subnets[0] ; broker_node_group_info[0].client_subnets[1] ; broker_node_group_info[0].client_subnets[2]
    security_groups = ["sg-1"] #@ broker_node_group_info[0].security_groups[0]
    connectivity_info { #@ broker_node_group_info[0].connectivity_info ; broker_node_group_info[0].connectivity_info[0]
      public_access { #@ broker_node_group_info[0].connectivity_info[0].public_access ; broker_node_group_info[0].connectivity_info[0].public_access[0]
        type = "SERVICE_PROVIDED_EIPS" #@ broker_node_group_info[0].connectivity_info[0].public_access[0].type
      }
    }
    storage_info { #@ broker_node_group_info[0].storage_info ; broker_node_group_info[0].storage_info[0]
      ebs_storage_info { volume_size = 99 } #@ broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size
    }
  }
  encryption_info { #@ encryption_info ; encryption_info[0]
    encryption_in_transit { #@ encryption_info[0].encryption_in_transit ; encryption_info[0].encryption_in_transit[0]
      client_broker = "TLS_PLAINTEXT" #@ encryption_info[0].encryption_in_transit[0].client_broker
      in_cluster    = false #@ encryption_info[0].encryption_in_transit[0].in_cluster
    }
  }
  client_authentication { unauthenticated = true } #@ client_authentication[0].unauthenticated
}

resource "aws_opensearch_domain" "search" { #@@ aws_opensearch_domain.search
  domain_name = "search" #@ domain_name
  encrypt_at_rest { enabled = false } #@ encrypt_at_rest[0].enabled
  node_to_node_encryption { #@ node_to_node_encryption ; node_to_node_encryption[0]
    enabled = false #@ node_to_node_encryption[0].enabled
  }
  domain_endpoint_options { #@ domain_endpoint_options ; domain_endpoint_options[0]
    enforce_https       = false #@ domain_endpoint_options[0].enforce_https
    tls_security_policy = "Policy-Min-TLS-1-0-2019-07" #@ domain_endpoint_options[0].tls_security_policy
  }
  log_publishing_options { #@ log_publishing_options[1]
    log_type                 = "INDEX_SLOW_LOGS" #@ log_publishing_options[1].log_type
    cloudwatch_log_group_arn = "arn:aws:logs:eu-west-1:123456789012:log-group:index" #@ log_publishing_options[1].cloudwatch_log_group_arn
  }
  log_publishing_options { #@ log_publishing_options[0]
    log_type                 = "AUDIT_LOGS" #@ log_publishing_options[0].log_type
    cloudwatch_log_group_arn = "arn:aws:logs:eu-west-1:123456789012:log-group:audit" #@ log_publishing_options[0].cloudwatch_log_group_arn
    enabled                  = false #@ log_publishing_options[0].enabled
  }
  advanced_options = { #@ advanced_options
    "rest.action.multi.allow_explicit_index" = "true" #@ advanced_options["rest.action.multi.allow_explicit_index"]
  }
}
