"""The AWS platform: members on EC2 instances across availability zones, an Auto Scaling group of one per member."""
