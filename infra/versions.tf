terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # What the tests apply; 6.x is untried.
      version = ">= 5.100, < 6.0"
    }
  }
}
