# Shipped problems and experiments.
