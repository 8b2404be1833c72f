resource "terraform_data" "changed" { #@@ terraform_data.changed
  input = { #@ input
    size = 2 #@ input.size
    list = ["a", { b = 1 }] #@ input.list
  }
}
resource "terraform_data" "replaced" { #@@ terraform_data.replaced
  triggers_replace = ["new"] #@ triggers_replace
}
resource "terraform_data" "fewer" { #@@ terraform_data.fewer
  count = 1
  input = count.index #@ input
}
