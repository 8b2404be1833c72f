variable "name" { type = string }
variable "create" { type = bool }
variable "rules" {
  type = list(object({
    port     = number
    cidr     = string
    protocol = optional(string, "tcp")
  }))
}

resource "aws_security_group" "this" { #@@ module.rules.aws_security_group.this
  count                  = var.create ? 1 : 0
  name_prefix            = "${var.name}-" #@ name_prefix
  revoke_rules_on_delete = !var.create #@ revoke_rules_on_delete

  timeouts { #@ timeouts
    create = "7m" #@ timeouts.create
    delete = "8m" #@ timeouts.delete
  }
}

resource "aws_security_group_rule" "ingress" { #@@ module.rules.aws_security_group_rule.ingress
  count             = length(var.rules)
  type              = "ingress" #@ type
  security_group_id = aws_security_group.this[0].id
  from_port         = var.rules[count.index].port #@ from_port
  to_port           = lookup(var.rules[count.index], "port", 0) #@ to_port
  protocol          = var.rules[count.index].protocol #@ protocol
  cidr_blocks = [ #@ cidr_blocks[0]
    # from anywhere
    var.rules[count.index]["cidr"],
  ]
}

resource "aws_vpc_security_group_ingress_rule" "keyed" { #@@ module.rules.aws_vpc_security_group_ingress_rule.keyed
  for_each          = { for rule in var.rules : "${rule.port}/${rule.cidr}" => rule }
  security_group_id = "sg-1" #@ security_group_id
  cidr_ipv4         = each.value.cidr #@ cidr_ipv4
  ip_protocol       = "-1" #@ ip_protocol
  tags              = merge({}, { Port = each.value.port }) #@ tags.Port
}
