"""What the service is doing, in numbers, as Prometheus reads them. No label ever holds an id of a patient or visit."""
