locals {
  long = true ? (
    1 + 2 * 3 > 4 || false
  ) : !true
  splat   = [{ a = { b = 1 } }][*].a.b
  legacy  = [[1]].0
  objects = { for k, v in { a = 1, b = 2 } : k => v... if v > 0 }
  tmpl    = "%{if true~} x %{else} y %{endif~} $${no} %%{no}"
  call = format("%s-%s", ["a", "b"]...)
  numb = [1e3, -0.5, 1.5E-3]
  mixed = {
    (local.tmpl) = 1,
    "b-c": 2
    d = [
      1,
      2, # two
    ]
  }
}
terraform {
  required_version = ">= 1.0"
}
output "o" { value = "x" }
resource "terraform_data" "last" { #@@ terraform_data.last
  #v input
  input = <<EOT
${join(",", [
  "}",
  "{",
])}
%{for x in ["a"]~}
"${x}"
%{endfor}
EOT
  lifecycle { ignore_changes = [input] }
  triggers_replace = { #@ triggers_replace ; triggers_replace.a
    a = "${"nested ${"deep ${1}"}"}"
    (local.tmpl) = 1
    /* c */ b = [ # comment
      1]
  }
  provisioner "local-exec" {
    command = "echo }"
  }
}
resource "terraform_data" "known" { #@@ terraform_data.known
  input = { #@ input
    a = { #@ input.a
      b = 1 #@ input.a.b
    }
    "c" : 2, #@ input.c
  }
}
