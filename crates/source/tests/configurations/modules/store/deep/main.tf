resource "aws_sqs_queue" "queue" { #@@ module.app.module.store.module.deep.aws_sqs_queue.queue | module.other.module.store.module.deep.aws_sqs_queue.queue
  name                    = "deep" #@ name
  sqs_managed_sse_enabled = false  #@ sqs_managed_sse_enabled
}
