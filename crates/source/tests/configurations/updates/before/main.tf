resource "terraform_data" "changed" {
  input = { size = 1, list = [] }
}
resource "terraform_data" "replaced" {
  triggers_replace = ["old"]
}
resource "terraform_data" "fewer" {
  count = 2
  input = count.index
}
resource "terraform_data" "gone" {
  input = "x"
}
