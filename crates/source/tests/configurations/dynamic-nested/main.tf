variable "origins" { default = { a = { host = "a.example.com", headers = { x = "1" } }, b = { host = "b.example.com", headers = {} } } }

resource "aws_cloudfront_distribution" "cdn" { #@@ aws_cloudfront_distribution.cdn
  enabled = true #@ enabled
  dynamic "origin" { #@ origin ; origin[*]
    for_each = var.origins
    content {
      domain_name = origin.value.host #@ origin[*].domain_name
      origin_id   = origin.key        #@ origin[*].origin_id
      dynamic "custom_header" { #@ origin[*].custom_header ; origin[origin_id=a].custom_header[0]
        for_each = origin.value.headers
        content {
          name  = custom_header.key   #@ origin[origin_id=a].custom_header[0].name
          value = custom_header.value #@ origin[origin_id=a].custom_header[0].value
        }
      }
      custom_origin_config { #@ origin[*].custom_origin_config ; origin[*].custom_origin_config[0]
        http_port              = 80           #@ origin[*].custom_origin_config[0].http_port
        https_port             = 443          #@ origin[*].custom_origin_config[0].https_port
        origin_protocol_policy = "http-only"  #@ origin[*].custom_origin_config[0].origin_protocol_policy
        origin_ssl_protocols   = ["TLSv1"]    #@ origin[*].custom_origin_config[0].origin_ssl_protocols
      }
    }
  }
  default_cache_behavior { #@ default_cache_behavior[0]
    allowed_methods        = ["GET", "HEAD"] #@ default_cache_behavior[0].allowed_methods
    cached_methods         = ["GET", "HEAD"] #@ default_cache_behavior[0].cached_methods
    target_origin_id       = "a"             #@ default_cache_behavior[0].target_origin_id
    viewer_protocol_policy = "allow-all"     #@ default_cache_behavior[0].viewer_protocol_policy
    forwarded_values { #@ default_cache_behavior[0].forwarded_values[0]
      query_string = false #@ default_cache_behavior[0].forwarded_values[0].query_string
      cookies { forward = "none" } #@ default_cache_behavior[0].forwarded_values[0].cookies[0].forward
    }
  }
  ordered_cache_behavior { #@ ordered_cache_behavior[0]
    path_pattern           = "/one"          #@ ordered_cache_behavior[0].path_pattern
    allowed_methods        = ["GET", "HEAD"] #@ ordered_cache_behavior[0].allowed_methods
    cached_methods         = ["GET", "HEAD"] #@ ordered_cache_behavior[0].cached_methods
    target_origin_id       = "a"             #@ ordered_cache_behavior[0].target_origin_id
    viewer_protocol_policy = "https-only"    #@ ordered_cache_behavior[0].viewer_protocol_policy
    cache_policy_id        = "x"             #@ ordered_cache_behavior[0].cache_policy_id
  }
  ordered_cache_behavior { #@ ordered_cache_behavior[1]
    path_pattern           = "/two"          #@ ordered_cache_behavior[1].path_pattern
    allowed_methods        = ["GET", "HEAD"] #@ ordered_cache_behavior[1].allowed_methods
    cached_methods         = ["GET", "HEAD"] #@ ordered_cache_behavior[1].cached_methods
    target_origin_id       = "b"             #@ ordered_cache_behavior[1].target_origin_id
    viewer_protocol_policy = "allow-all"     #@ ordered_cache_behavior[1].viewer_protocol_policy
    cache_policy_id        = "x"             #@ ordered_cache_behavior[1].cache_policy_id
  }
  restrictions { #@ restrictions[0]
    geo_restriction { restriction_type = "none" } #@ restrictions[0].geo_restriction[0].restriction_type
  }
  viewer_certificate { #@ viewer_certificate[0]
    cloudfront_default_certificate = true #@ viewer_certificate[0].cloudfront_default_certificate
  }
}
