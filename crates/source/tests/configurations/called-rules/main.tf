module "rules" {
  source = "./rules"
  name   = "called"
  rules = [
    { port = 2001, cidr = "198.51.100.1/32" },
    { port = 2002, cidr = "0.0.0.0/0" },
  ]
  create = true
}

module "closed" {
  source = "./rules"
  name   = "closed"
  rules  = []
  create = false
}
