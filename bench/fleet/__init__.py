"""Several processes of Spark on one machine: their shares of the CPU, their balancer, and the crowd that asks them."""
