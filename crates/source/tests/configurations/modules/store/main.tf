variable "encrypted" {}

module "deep" {
  source = "./deep/../deep"
}
