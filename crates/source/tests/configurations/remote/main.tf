module "net" {
  source = "git::file:///REPOSITORY//modules/net?ref=v1"
}
module "twice" {
  for_each = toset(["a"])
  source   = "git::file:///REPOSITORY//modules/net?ref=v1"
}
