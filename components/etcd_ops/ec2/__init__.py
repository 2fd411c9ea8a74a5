"""What runs on a member's EC2 instance."""
